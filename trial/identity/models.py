"""Who a participant is. The only table that holds names and national ids, and it holds them encrypted."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from trial.audit.guards import GuardedModel
from trial.identity.vault import blind_index, new_key, place, seal, unseal, unwrap, wrap

ONCE_PER_TRIAL = "identity_once_per_trial"


@dataclass(frozen=True)
class Person:
    """What the identity plane keeps about a participant, in clear. Empty where it is not known yet."""

    name: str = ""
    national_id: str = ""
    contact: str = ""

    def __repr__(self) -> str:
        return "Person(…)"  # a person in an error message would be personal data in a log


class IdentityRecord(GuardedModel):
    """One person of one trial, found by the key of the participant (`subject`).

    `office_id` is the key of the office in the trial: row-level security shows an office its own people only. This
    room stands below the one that knows trials and offices, hence a code and a number instead of foreign keys.
    """

    subject = models.UUIDField(primary_key=True)
    trial_code = models.SlugField(max_length=50)
    office_id = models.BigIntegerField()
    wrapped_key = models.BinaryField(null=True)
    name = models.BinaryField(null=True)
    national_id = models.BinaryField(null=True)
    contact = models.BinaryField(null=True)
    blind_index = models.BinaryField(null=True)
    key_destroyed_at = models.DateTimeField(null=True)
    key_destroyed_by = models.BigIntegerField(null=True)

    FIELDS = ("name", "national_id", "contact")

    class Meta:
        indexes = [models.Index(fields=["office_id"], name="identity_by_office")]
        constraints = [
            models.UniqueConstraint(fields=["trial_code", "blind_index"], name=ONCE_PER_TRIAL),
            models.CheckConstraint(
                condition=Q(key_destroyed_at=None, key_destroyed_by=None, wrapped_key__isnull=False)
                | Q(
                    key_destroyed_at__isnull=False,
                    wrapped_key=None,
                    name=None,
                    national_id=None,
                    contact=None,
                    blind_index=None,
                ),
                name="identity_whole_or_erased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial_code} {self.subject}"

    @property
    def is_erased(self) -> bool:
        return self.wrapped_key is None

    def seal_person(self, person: Person) -> None:
        """Set the ciphertexts and the blind index of a person; makes the person's key the first time."""
        if self.wrapped_key is None:
            self.wrapped_key = wrap(new_key(), self._place("wrapped_key"))
        key = self._key()
        for field in self.FIELDS:
            setattr(self, field, seal(key, getattr(person, field).encode(), self._place(field)))
        self.blind_index = blind_index(self.trial_code, person.national_id) if person.national_id else None

    def open_person(self) -> Person:
        """The person in clear; an empty one once the key is destroyed."""
        if self.is_erased:
            return Person()
        key = self._key()
        return Person(**{field: self._opened(key, field) for field in self.FIELDS})

    def open_name(self) -> str:
        """The name alone: lists of people need no more."""
        return "" if self.is_erased else self._opened(self._key(), "name")

    def _key(self) -> bytes:
        return unwrap(bytes(self.wrapped_key or b""), self._place("wrapped_key"))

    def _opened(self, key: bytes, field: str) -> str:
        return unseal(key, bytes(getattr(self, field)), self._place(field)).decode()

    def _place(self, column: str) -> bytes:
        return place(self._meta.db_table, column, self.subject)
