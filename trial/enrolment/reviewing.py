"""The office lead goes through who was shown to whom."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.displays import WHAT
from trial.enrolment.models import Display, DisplayReview
from trial.enrolment.oddities import LABELS, Shown, oddities
from trial.studies.models import Office
from trial.studies.permissions import require

PERIOD = timedelta(days=30)
MOST_SHOWN = 5000


@dataclass(frozen=True)
class Reviewed:
    """An office's displays, newest first, what is odd about each, and how much each user saw.

    Those of the last 30 days, and older ones that nobody has gone through, as after a long holiday.
    """

    rows: Sequence[dict[str, Any]]
    users: Sequence[dict[str, Any]]
    last: DisplayReview | None
    fresh: int


def displays_at(office: Office) -> Reviewed:
    """What the office lead goes through. `fresh`: displays since the last review."""
    last = DisplayReview.objects.filter(trial=office.trial, office=office).select_related("reviewed_by").first()
    found = Display.objects.filter(trial=office.trial, office=office).select_related("user")
    if last:
        found = found.filter(time__gte=min(clock.now() - PERIOD, last.until))
    shown = list(found[:MOST_SHOWN])
    odd = oddities(map(_as_shown, shown))
    rows = [_row(one, [LABELS[each] for each in odd.get(one.pk, ())]) for one in shown]
    fresh = sum(last is None or one.time > last.until for one in shown)
    return Reviewed(rows, _by_user(shown, odd), last, fresh)


@action
def review(*, by: User, office: Office, remark: str = "") -> DisplayReview:
    """Note that the displays up to now have been gone through.

    Raises:
        Refusal: `not_allowed`, `national_id_in_text`, `nothing_to_review` when nobody was shown since the last time.
    """
    require(by, office.trial, Permission.REVIEW_DISPLAYS, office)
    refuse_national_id(remark=remark)
    if not displays_at(office).fresh:
        raise Refusal("nothing_to_review", _("Ingen er vist siden forrige gjennomgang."))
    now = clock.now()
    record(by=by, verb="displays_reviewed", trial=office.trial.code, subject=office.nav_office.number)
    return DisplayReview.objects.create(
        trial=office.trial, office=office, until=now, remark=remark.strip(), reviewed_at=now, reviewed_by=by
    )


def _as_shown(one: Display) -> Shown:
    registering = one.what == "registration"
    return Shown(one.pk, one.user_id, one.subject, one.time, shielded=one.shielded, registering=registering)


def _row(shown: Display, odd: Sequence[Any]) -> dict[str, Any]:
    return {"it": shown, "what": WHAT[shown.what], "odd": odd}


def _by_user(shown: Iterable[Display], odd: dict[int, Any]) -> list[dict[str, Any]]:
    """How often and how many different people each user saw, and how many displays are odd; most first."""
    displays = Counter(one.user for one in shown)
    people = Counter(user for user, _subject in {(one.user, one.subject) for one in shown})
    marked = Counter(one.user for one in shown if one.pk in odd)
    return [
        {"user": user, "displays": number, "people": people[user], "odd": marked[user]}
        for user, number in displays.most_common()
    ]
