"""Showing who a participant is: asked of the access service, written in the log of displays, one line each time.

Lists of people are no displays. Whoever is shielded is shown to named readers only (row-level security sees to that),
and raises the level of the line.
"""

from functools import partial

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from trial.access.models import User
from trial.access.permissions import Permission
from trial.audit import calls, cef, clock
from trial.audit.actions import action
from trial.enrolment.models import Display, EligibilityCheck, Participant
from trial.identity.access_service import require_access
from trial.identity.models import Person
from trial.identity.queries import person_of
from trial.studies.permissions import can

WHAT = {
    "participant": _("Deltakersiden"),
    "registration": _("Registreringen"),
    "correction": _("Retting av personopplysninger"),
    "withdrawal": _("Trekk av samtykke"),
    "follow_up": _("Oppfølgingen"),
    "scan": _("Skannet samtykke"),
    "extract": _("Innsyn i alle opplysninger"),
    "letter": _("Informasjonsskriv"),
}

log = structlog.get_logger(__name__)


@action
def show(*, by: User, participant: Participant | EligibilityCheck, what: str) -> Person | None:
    """Who a participant, or someone being registered, is; None for whoever may not see names.

    Raises:
        Refusal: `access_denied`, `access_not_answered`.
    """
    if not can(by, participant.trial, Permission.SEE_IDENTITY, participant.office):
        return None
    person = person_of(participant.key)
    if person.name or person.national_id:
        require_access(by, person.national_id)
        _write(by, participant, what)
    return person


def _write(by: User, participant: Participant | EligibilityCheck, what: str) -> None:
    shown = Display.objects.create(
        subject=participant.key,
        number=getattr(participant, "number", ""),
        trial=participant.trial,
        office=participant.office,
        user=by,
        what=what,
        shielded=participant.shielded,
        time=clock.now(),
    )
    transaction.on_commit(partial(_tell, by, shown, calls.current()), robust=True)


def _tell(by: User, shown: Display, call: calls.Call) -> None:
    """Tell the platform's security log, where there is one; a shielded person is told to our own log as well."""
    seen = cef.Seen(
        user=by.nav_ident or by.get_username(),
        number=shown.number or str(shown.subject),
        what=_in_words(shown.what),
        trial=shown.trial.code,
        at=shown.time,
        key=shown.pk,
        warn=shown.shielded,
    )
    cef.LOGGER.info(cef.line(seen, call))
    if shown.shielded:
        log.warning("shielded_person_shown", user=seen.user, number=seen.number, what=shown.what, trial=seen.trial)


def _in_words(what: str) -> str:
    """For reports that citizens and leaders read: in Norwegian, whatever language the page was shown in."""
    with override("nb"):
        return f"Vist hvem deltakeren er: {WHAT[what]}"
