"""Writing and erasing who a participant is. Audit lines carry the key of the participant, never what is written."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal, violated_constraint
from trial.audit import clock
from trial.audit.actions import action, record
from trial.identity.models import ONCE_PER_TRIAL, IdentityRecord, Person


@action
def keep(*, by: User, subject: UUID, trial_code: str, office_id: int, person: Person) -> IdentityRecord:
    """Write or correct the person behind a participant key.

    Raises:
        Refusal: `already_in_trial` when someone in the trial has the national id already, at whatever office.
            Row-level security hides the other office's row, so it is the unique constraint that knows.
    """
    known = IdentityRecord.objects.select_for_update().filter(subject=subject).first()
    identity = known or IdentityRecord(subject=subject, trial_code=trial_code, office_id=office_id)
    identity.seal_person(person)
    try:
        with transaction.atomic():
            identity.save(force_insert=known is None, force_update=known is not None)
    except IntegrityError as error:
        if violated_constraint(error) != ONCE_PER_TRIAL:
            raise
        raise _already_in_trial() from error
    record(by=by, verb="identity_kept" if known is None else "identity_changed", trial=trial_code, subject=str(subject))
    return identity


@action
def erase(*, by: User, subject: UUID) -> None:
    """Destroy the person's key and everything it opened. Erasing twice, or nobody, changes nothing."""
    identity = IdentityRecord.objects.select_for_update().filter(subject=subject).first()
    if identity is None or identity.is_erased:
        return
    nothing = dict.fromkeys(("wrapped_key", "blind_index", *IdentityRecord.FIELDS))
    identity.changed(key_destroyed_at=clock.now(), key_destroyed_by=by.pk, **nothing)
    record(by=by, verb="identity_erased", trial=identity.trial_code, subject=str(subject))


def _already_in_trial() -> Refusal:
    return Refusal(
        "already_in_trial",
        _("Personen er allerede registrert i forsøket. Kontakt koordinator hvis du mener at det er feil."),
        field="national_id",
    )
