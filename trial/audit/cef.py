"""Displays of people in ArcSight's Common Event Format, for the platform's security log. Off unless an address is set.

One line per display: who saw which participant number, when, on which page. Never a name or a national id.
Source: Nav's security playbook, "oppslagslogg" (krav 253): `CEF:0|app|log|version|audit:access|name|severity|...`.
"""

import logging
from datetime import datetime
from logging.handlers import SysLogHandler

LOGGER = logging.getLogger("navtrial.displays")
HEADER_SIGNS = str.maketrans({"\\": "\\\\", "|": "\\|", "\n": " ", "\r": " "})
VALUE_SIGNS = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\n"})


def line(*, user: str, number: str, what: str, trial: str, at: datetime, warn: bool) -> str:
    """The line of one display. `user`: Nav ident or user name; `warn` for shielded people."""
    header = ("CEF:0", "navtrial", "displays", "1.0", "audit:access", "Navtrial", "WARN" if warn else "INFO")
    values = {"suid": user, "duid": number, "end": int(at.timestamp() * 1000), "msg": what, "sproc": trial}
    said = " ".join(f"{key}={str(value).translate(VALUE_SIGNS)}" for key, value in values.items())
    return "|".join([*(part.translate(HEADER_SIGNS) for part in header), said])


def configure(address: str) -> None:
    """Send the lines to `host:port` by UDP; an empty address sends them nowhere, and to no other log either."""
    LOGGER.propagate = False
    LOGGER.setLevel(logging.INFO)
    host, _colon, port = address.rpartition(":")
    LOGGER.handlers = [SysLogHandler((host, int(port)))] if address else [logging.NullHandler()]
