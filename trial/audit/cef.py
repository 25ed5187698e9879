"""Displays of people in ArcSight's Common Event Format, for the platform's security log. Off unless an address is set.

One line per display: who saw which participant number, when, on which page, by which address. Never a name or a
national id. Source: Nav's security playbook, "oppslagslogg" (krav 253), which names the keys and what stands in each.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from logging.handlers import SysLogHandler

from trial.audit.calls import Call

LOGGER = logging.getLogger("navtrial.displays")
HEADER_SIGNS = str.maketrans({"\\": "\\\\", "|": "\\|", "\n": " ", "\r": " "})
VALUE_SIGNS = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\n"})


@dataclass(frozen=True)
class Seen:
    """A display. `user`: Nav ident or user name; `what`: in words that anyone understands; `warn` for shielded people.

    `key`: that of our own line about it (`enrolment.Display`), by which the two can be laid side by side.
    """

    user: str
    number: str
    what: str
    trial: str
    at: datetime
    key: int
    warn: bool


def line(seen: Seen, call: Call) -> str:
    """The line of one display in the answer to a call; of a display outside a request it names no address."""
    header = ("CEF:0", "navtrial", "displays", "1.0", "audit:access", "Navtrial", "WARN" if seen.warn else "INFO")
    values = {"suid": seen.user, "duid": seen.number, "end": int(seen.at.timestamp() * 1000), "msg": seen.what}
    values |= {"request": call.address, "requestMethod": call.method, "sproc": f"display-{seen.key}"}
    values |= {"flexString1": seen.trial, "flexString1Label": "trial"}
    said = " ".join(f"{key}={str(value).translate(VALUE_SIGNS)}" for key, value in values.items() if value != "")
    return "|".join([*(part.translate(HEADER_SIGNS) for part in header), said])


def configure(address: str) -> None:
    """Send the lines to `host:port` by UDP; an empty address sends them nowhere, and to no other log either."""
    LOGGER.propagate = False
    LOGGER.setLevel(logging.INFO)
    host, _colon, port = address.rpartition(":")
    LOGGER.handlers = [SysLogHandler((host, int(port)))] if address else [logging.NullHandler()]
