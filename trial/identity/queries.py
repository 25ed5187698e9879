"""Reading who participants are. Row-level security lets only the person's own office read; callers check the right."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.conf import settings

from evaluation.national_id import is_national_id
from trial.access.models import User
from trial.identity.access_service import permitted
from trial.identity.models import IdentityRecord, NamedReader, Person, Scan
from trial.identity.vault import blind_index


def person_of(subject: UUID) -> Person:
    """The person behind a participant key; an empty one where the identity is erased or of another office."""
    identity = IdentityRecord.objects.filter(subject=subject).first()
    return identity.open_person() if identity else Person()


def is_erased(subject: UUID) -> bool:
    """Whether something was written under a participant key, and erased."""
    return IdentityRecord.objects.filter(subject=subject, wrapped_key=None).exists()


def names_of(subjects: Iterable[UUID], *, seen_by: User) -> dict[UUID, str]:
    """Names by participant key, in one query; keys without a name that the user may read are left out."""
    found = IdentityRecord.objects.filter(subject__in=subjects, wrapped_key__isnull=False)
    if not settings.ACCESS_SERVICE_URL:
        return {identity.subject: identity.open_name() for identity in found.only(*IdentityRecord.OF_THE_KEY, "name")}
    people = {identity.subject: identity.open_person() for identity in found}
    whole = {subject: person.national_id for subject, person in people.items() if is_national_id(person.national_id)}
    allowed = permitted(seen_by, set(whole.values()))
    return {
        subject: person.name
        for subject, person in people.items()
        if subject not in whole or person.national_id in allowed
    }


def hidden_of(subjects: Iterable[UUID], shown: Collection[UUID]) -> set[UUID]:
    """Whose name is kept but not shown: those whom Nav's access service guards, or everyone while it is silent."""
    missing = set(subjects).difference(shown) if settings.ACCESS_SERVICE_URL else set()
    kept = IdentityRecord.objects.filter(subject__in=missing, wrapped_key__isnull=False)
    return set(kept.values_list("subject", flat=True)) if missing else missing


def named_like(text: str, *, trial_code: str) -> list[UUID]:
    """The keys of the own offices' people whose name contains every word of `text`.

    Names are ciphertext, so the search opens each of them: some tens of thousands a second, which an office never has.
    """
    words = text.casefold().split()
    people = IdentityRecord.objects.filter(trial_code=trial_code, wrapped_key__isnull=False)
    return [
        identity.subject
        for identity in people.only(*IdentityRecord.OF_THE_KEY, "name").iterator()
        if all(word in identity.open_name().casefold() for word in words)
    ]


def national_ids_of(subjects: Iterable[UUID]) -> dict[UUID, str]:
    """National ids by participant key, for the key file of a register owner; erased people are left out."""
    found = IdentityRecord.objects.filter(subject__in=subjects, wrapped_key__isnull=False)
    rows = found.only(*IdentityRecord.OF_THE_KEY, "national_id")
    return {identity.subject: number for identity in rows if (number := identity.open_national_id())}


def readers_of(subject: UUID) -> list[int]:
    """The keys of the users who may see a shielded person, in the order in which they were named."""
    return list(NamedReader.objects.filter(subject=subject).values_list("user_id", flat=True))


def scans_of(subject: UUID) -> dict[int, Scan]:
    """The scans of a person's signed forms by the key of their consent, without their content."""
    return {scan.consent: scan for scan in Scan.objects.filter(subject=subject).defer("content")}


def scan_of(subject: UUID, consent: int) -> bytes | None:
    """A scanned form as PDF, in clear; None where there is none, or the person is erased."""
    identity = IdentityRecord.objects.filter(subject=subject, wrapped_key__isnull=False).first()
    scan = Scan.objects.filter(subject=subject, consent=consent).first()
    return scan.open(identity.key()) if identity and scan else None


def find(national_id: str, *, trial_code: str) -> UUID | None:
    """The participant key of a national id at one's own offices, or None."""
    index = blind_index(trial_code, national_id)
    return IdentityRecord.objects.filter(trial_code=trial_code, blind_index=index).values_list("pk", flat=True).first()
