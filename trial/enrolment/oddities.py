"""What is odd about displays of people: patterns that an office lead should ask about. No verdicts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from trial.audit.clock import OSLO

MANY = 20  # different people shown to one user within an hour
AN_HOUR = timedelta(hours=1)
OFTEN = 6  # displays of one person to one user in a day
EARLIEST, LATEST = 6, 20  # o'clock in Oslo
SATURDAY = 5


class Odd(StrEnum):
    MANY = "many"
    OFTEN = "often"
    HOURS = "hours"
    SHIELDED = "shielded"


LABELS: dict[Odd, Any] = {
    Odd.MANY: _("Mange personer på kort tid"),
    Odd.OFTEN: _("Samme person mange ganger på en dag"),
    Odd.HOURS: _("Utenom arbeidstid"),
    Odd.SHIELDED: _("Skjermet person"),
}


@dataclass(frozen=True)
class Shown:
    """One display, as the patterns see it. `registering`: to whoever was just registering the person, step by step."""

    key: int
    user: int
    subject: UUID
    at: datetime
    shielded: bool = False
    registering: bool = False


def oddities(displays: Iterable[Shown]) -> dict[int, list[Odd]]:
    """What is odd, by the key of the display; displays with nothing odd are left out."""
    found: dict[int, list[Odd]] = defaultdict(list)
    by_user: dict[int, list[Shown]] = defaultdict(list)
    for shown in sorted(displays, key=lambda one: one.at):
        by_user[shown.user].append(shown)
    for mine in by_user.values():
        for odd, keys in ((Odd.MANY, _many(mine)), (Odd.OFTEN, _often(mine))):
            for key in keys:
                found[key].append(odd)
        for shown in mine:
            found[shown.key] += _alone(shown)
    return {key: odds for key, odds in found.items() if odds}


def _alone(shown: Shown) -> list[Odd]:
    """What is odd about one display, whatever else was shown."""
    local = shown.at.astimezone(OSLO)
    at_work = EARLIEST <= local.hour < LATEST and local.weekday() < SATURDAY
    return [Odd.HOURS] * (not at_work) + [Odd.SHIELDED] * shown.shielded


def _many(mine: Sequence[Shown]) -> set[int]:
    """The displays of every hour in which the user saw many different people. `mine`: in order of time."""
    odd: set[int] = set()
    first = 0
    for last, shown in enumerate(mine):
        while shown.at - mine[first].at > AN_HOUR:
            first += 1
        window = mine[first : last + 1]
        if len(window) >= MANY and len({one.subject for one in window}) >= MANY:
            odd |= {one.key for one in window}
    return odd


def _often(mine: Sequence[Shown]) -> set[int]:
    days: dict[tuple[UUID, Any], list[int]] = defaultdict(list)
    for shown in mine:
        if shown.registering:
            continue  # a registration shows the person at each step, which is no looking up
        days[shown.subject, shown.at.astimezone(OSLO).date()].append(shown.key)
    return {key for keys in days.values() if len(keys) >= OFTEN for key in keys}
