"""A lost key file: two persons agree that its two sheets of paper are put together, and the log says so."""

from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.allocation.actions import log_event
from trial.allocation.models import Recovery
from trial.allocation.policies import OPEN, second_person
from trial.allocation.protocols import Document
from trial.allocation.queries import locked_protocol
from trial.audit import clock
from trial.audit.actions import action, record
from trial.studies.models import Trial
from trial.studies.permissions import require


@action
def request_recovery(*, by: User, trial: Trial, reason: str) -> Recovery:
    """Ask another person to agree that the key is put together again.

    Raises:
        Refusal: `not_allowed`, `reason_missing`, `national_id_in_text`, `protocol_missing`, `not_attended`,
            `wrong_trial_state`, `already_requested`.
    """
    require(by, trial, Permission.OPEN_TRIAL)
    refuse_national_id(reason=reason)
    if not reason.strip():
        raise Refusal("reason_missing", _("Skriv hvordan nøkkelen ble borte."), field="reason", status=422)
    if not Document.read(locked_protocol(trial).text).attended:
        raise Refusal("not_attended", _("I dette forsøket har ikke forskeren noen nøkkelfil."))
    _still_needed(trial)
    if Recovery.objects.filter(trial=trial, approved_at=None).exists():
        raise Refusal("already_requested", _("Noen har allerede bedt om dette."))
    asked = Recovery.objects.create(trial=trial, reason=reason.strip(), requested_by=by, requested_at=clock.now())
    record(by=by, verb="key_recovery_requested", trial=trial.code)
    return asked


@action
def approve_recovery(*, by: User, recovery: Recovery) -> Recovery:
    """Agree, as another person: the log says that the envelopes are opened, and why by a hash.

    Raises:
        Refusal: `not_allowed`, `same_person`, `already_decided`, `wrong_trial_state`.
    """
    require(by, recovery.trial, Permission.OPEN_TRIAL)
    second_person(recovery.requested_by, by)
    held: Recovery = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery.pk)
    if held.approved_at:
        raise Refusal("already_decided", _("Noen har allerede tatt stilling til dette."))
    _still_needed(recovery.trial)
    log_event(by=by, trial=recovery.trial, kind="key_recovered", note=recovery.reason)
    record(by=by, verb="key_recovery_approved", trial=recovery.trial.code)
    return recovery.changed(approved_by=by, approved_at=clock.now())


def recoveries_of(user: User, trial: Trial) -> list[Recovery]:
    """Every time that the key of the trial was put together again, or is to be, newest first.

    Raises:
        Refusal: `not_allowed`.
    """
    require(user, trial, Permission.OPEN_TRIAL)
    return list(Recovery.objects.filter(trial=trial).select_related("requested_by", "approved_by", "trial"))


def _still_needed(trial: Trial) -> None:
    if trial.state in OPEN:
        raise Refusal("wrong_trial_state", _("Forsøket er åpnet. Nøkkelen trengs ikke lenger."))
