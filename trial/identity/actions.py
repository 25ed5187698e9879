"""Writing and erasing who a participant is. Audit lines carry the key of the participant, never what is written."""

from collections.abc import Collection
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal, violated_constraint
from trial.audit import clock
from trial.audit.actions import action, record
from trial.identity.erasures import Erasure, note_after_commit
from trial.identity.keys import service
from trial.identity.models import ONCE_PER_TRIAL, IdentityRecord, NamedReader, Person, Scan

ROWS_AT_ONCE = 200


@action
def keep(*, by: User, subject: UUID, trial_code: str, office_id: int, person: Person) -> IdentityRecord:
    """Write or correct the person behind a participant key.

    Raises:
        Refusal: `already_in_trial` when someone in the trial has the national id already, at whatever office.
            Row-level security hides the other office's row, so it is the unique constraint that knows.
            `identity_erased`: who was erased stays erased.
    """
    known = IdentityRecord.objects.select_for_update().filter(subject=subject).first()
    if known and known.is_erased:
        raise _erased()
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
    """Destroy the person's key and everything it opened. Erasing twice, or nobody, changes nothing.

    The erasure is noted outside the database after the commit, so that a restored backup can be made to forget again.
    """
    identity = IdentityRecord.objects.select_for_update().filter(subject=subject).first()
    if identity is None or identity.is_erased:
        return
    now = clock.now()
    Scan.objects.filter(subject=subject).delete()
    nothing = dict.fromkeys(("wrapped_key", "blind_index", *IdentityRecord.FIELDS))
    identity.changed(key_destroyed_at=now, key_destroyed_by=by.pk, key_name="", **nothing)
    record(by=by, verb="identity_erased", trial=identity.trial_code, subject=str(subject))
    note_after_commit(Erasure(subject, identity.trial_code, now, by.pk))


@action
def shield(*, by: User, subject: UUID, readers: Collection[int]) -> None:
    """Let only the named users see a person from now on. `readers`: keys of users; nobody named lifts the shield."""
    identity = IdentityRecord.objects.select_for_update().get(subject=subject)
    known = {reader.user_id: reader for reader in NamedReader.objects.filter(subject=subject)}
    NamedReader.objects.bulk_create(
        NamedReader(subject=subject, office_id=identity.office_id, user_id=user, named_at=clock.now(), named_by=by.pk)
        for user in sorted(set(readers) - known.keys())
    )
    identity.changed(shielded=bool(readers))
    gone = [reader.pk for user, reader in known.items() if user not in readers]
    NamedReader.objects.filter(pk__in=gone).delete()
    record(by=by, verb="shield_set", trial=identity.trial_code, subject=str(subject), readers=sorted(readers))


@action
def keep_scan(*, by: User, subject: UUID, consent: int, pages: int, document: bytes) -> Scan:
    """Keep a scanned form, encrypted with the person's key; a new scan of the same consent replaces the old one.

    Raises:
        Refusal: `identity_erased` where there is no key to encrypt it with.
    """
    identity = IdentityRecord.objects.select_for_update().filter(subject=subject, wrapped_key__isnull=False).first()
    if identity is None:
        raise _erased()
    scan = Scan.objects.filter(consent=consent).first() or Scan(consent=consent)
    scan.subject, scan.office_id, scan.pages = subject, identity.office_id, pages
    scan.kept_at, scan.kept_by = clock.now(), by.pk
    scan.seal(identity.key(), document)
    scan.save()
    record(by=by, verb="scan_kept", trial=identity.trial_code, subject=str(subject), pages=pages, size=scan.size)
    return scan


@action
def rewrap_some(*, by: None) -> int:
    """Wrap the keys of some people anew under the wrapping key of today; how many.

    Rows that someone is writing just now are left for the next call, so that nobody at a page waits.
    """
    waiting = IdentityRecord.objects.filter(wrapped_key__isnull=False).exclude(key_name=service().current())
    rows = list(waiting.only(*IdentityRecord.OF_THE_KEY).select_for_update(skip_locked=True)[:ROWS_AT_ONCE])
    for row in rows:
        row.wrap_key(row.key())
    IdentityRecord.objects.bulk_update(rows, IdentityRecord.OF_THE_KEY)
    if rows:
        record(by=by, verb="keys_rewrapped", people=len(rows), key=service().current())
    return len(rows)


def _erased() -> Refusal:
    return Refusal("identity_erased", _("Opplysningene om personen er slettet og kan ikke skrives på nytt."))


def _already_in_trial() -> Refusal:
    return Refusal(
        "already_in_trial",
        _("Personen er allerede registrert i forsøket. Kontakt koordinator hvis du mener at det er feil."),
        field="national_id",
    )
