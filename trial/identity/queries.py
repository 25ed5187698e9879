"""Reading who participants are. Row-level security lets only the person's own office read; callers check the right."""

from collections.abc import Iterable
from uuid import UUID

from trial.identity.models import IdentityRecord, Person
from trial.identity.vault import blind_index


def person_of(subject: UUID) -> Person:
    """The person behind a participant key; an empty one where the identity is erased or of another office."""
    identity = IdentityRecord.objects.filter(subject=subject).first()
    return identity.open_person() if identity else Person()


def names_of(subjects: Iterable[UUID]) -> dict[UUID, str]:
    """Names by participant key, in one query; keys without a readable name are left out."""
    found = IdentityRecord.objects.filter(subject__in=subjects, wrapped_key__isnull=False)
    return {identity.subject: identity.open_name() for identity in found.only("wrapped_key", "name")}


def named_like(text: str, *, trial_code: str) -> list[UUID]:
    """The keys of the own offices' people whose name contains every word of `text`.

    Names are ciphertext, so the search opens each of them: some tens of thousands a second, which an office never has.
    """
    words = text.casefold().split()
    people = IdentityRecord.objects.filter(trial_code=trial_code, wrapped_key__isnull=False)
    return [
        identity.subject
        for identity in people.only("wrapped_key", "name").iterator()
        if all(word in identity.open_name().casefold() for word in words)
    ]


def find(national_id: str, *, trial_code: str) -> UUID | None:
    """The participant key of a national id at one's own offices, or None."""
    index = blind_index(trial_code, national_id)
    return IdentityRecord.objects.filter(trial_code=trial_code, blind_index=index).values_list("pk", flat=True).first()
