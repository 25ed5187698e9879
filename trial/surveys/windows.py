"""When a wave is open for a person. Plain dates, both ends included."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


def months_later(day: date, months: int) -> date:
    """The same day of the month `months` later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Window:
    """The first and the last day on which a person may answer."""

    opens: date
    closes: date

    def holds(self, day: date) -> bool:
        return self.opens <= day <= self.closes


def window(enrolled: date, *, months: int, opens_before: int, closes_after: int) -> Window:
    """The window of a wave for someone enrolled on a day; never before that day."""
    due = months_later(enrolled, months)
    return Window(max(enrolled, due - timedelta(days=opens_before)), due + timedelta(days=closes_after))


def is_due(window: Window, asked: int, reminders: Sequence[int], day: date, last: date | None = None) -> bool:
    """Whether someone asked `asked` times, lately on `last`, should hear from us: first at once, then `reminders` days
    after opening. A reminder whose day had passed by the last message is left out: whoever is asked late in the window
    would else hear from us every day."""
    if not window.holds(day) or asked > len(reminders):
        return False
    to_come = [window.opens + timedelta(days=days) for days in reminders[max(asked - 1, 0) :]]
    return asked == 0 or any(each <= day and (last is None or last < each) for each in to_come)
