"""Who a participant is. The only tables with names, national ids and signed forms, and they hold them encrypted."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from evaluation.national_id import is_national_id
from trial.audit.guards import GuardedModel
from trial.identity.keys import service
from trial.identity.vault import blind_index, new_key, place, seal, unseal

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

    `office_id` is the key of the office in the trial: row-level security shows an office its own people only, and
    shielded ones to the named readers only. This room stands below the one that knows trials and offices, hence a
    code and a number instead of foreign keys. `key_name`: which key has wrapped the person's key.
    """

    subject = models.UUIDField(primary_key=True)
    trial_code = models.SlugField(max_length=50)
    office_id = models.BigIntegerField()
    shielded = models.BooleanField(default=False)
    wrapped_key = models.BinaryField(null=True)
    key_name = models.CharField(max_length=100, blank=True)
    name = models.BinaryField(null=True)
    national_id = models.BinaryField(null=True)
    contact = models.BinaryField(null=True)
    blind_index = models.BinaryField(null=True)
    key_destroyed_at = models.DateTimeField(null=True)
    key_destroyed_by = models.BigIntegerField(null=True)

    FIELDS = ("name", "national_id", "contact")
    OF_THE_KEY = ("wrapped_key", "key_name")

    class Meta:
        indexes = [
            models.Index(fields=["office_id"], name="identity_by_office"),
            models.Index(fields=["key_name"], name="identity_by_key"),
        ]
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
            models.CheckConstraint(
                condition=Q(wrapped_key=None, key_name="") | Q(wrapped_key__isnull=False) & ~Q(key_name=""),
                name="identity_key_named",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial_code} {self.subject}"

    @property
    def is_erased(self) -> bool:
        return self.wrapped_key is None

    def seal_person(self, person: Person) -> None:
        """Set the ciphertexts and the blind index of a person; makes the person's key the first time.

        Someone whose number is not whole yet has no index: half a number is nobody's, and must not be taken for one.
        """
        if self.wrapped_key is None:
            self.wrap_key(new_key())
        key = self.key()
        for field in self.FIELDS:
            setattr(self, field, seal(key, getattr(person, field).encode(), self._place(field)))
        whole = is_national_id(person.national_id)
        self.blind_index = blind_index(self.trial_code, person.national_id) if whole else None

    def open_person(self) -> Person:
        """The person in clear; an empty one once the key is destroyed."""
        if self.is_erased:
            return Person()
        key = self.key()
        return Person(**{field: self._opened(key, field) for field in self.FIELDS})

    def open_name(self) -> str:
        """The name alone: lists of people need no more."""
        return "" if self.is_erased else self._opened(self.key(), "name")

    def open_national_id(self) -> str:
        """The national id alone: a register owner needs no more."""
        return "" if self.is_erased else self._opened(self.key(), "national_id")

    def key(self) -> bytes:
        """The person's own key."""
        return service().unwrap(bytes(self.wrapped_key or b""), self._place("wrapped_key"), self.key_name)

    def wrap_key(self, key: bytes) -> None:
        """Set the wrapped key, under the wrapping key of today."""
        self.key_name, self.wrapped_key = service().wrap(key, self._place("wrapped_key"))

    def _opened(self, key: bytes, field: str) -> str:
        return unseal(key, bytes(getattr(self, field)), self._place(field)).decode()

    def _place(self, column: str) -> bytes:
        return place(self._meta.db_table, column, self.subject)


class NamedReader(GuardedModel):
    """Someone who may see a shielded person. Why the person is shielded is written nowhere."""

    subject = models.UUIDField()
    office_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    named_at = models.DateTimeField()
    named_by = models.BigIntegerField()

    class Meta:
        ordering = ["named_at", "id"]
        constraints = [models.UniqueConstraint(fields=["subject", "user_id"], name="reader_named_once")]

    def __str__(self) -> str:
        return f"{self.subject} {self.user_id}"


class Scan(GuardedModel):
    """A signed consent form as it was scanned, made anew from its pixels and encrypted with the person's key.

    `consent` is the key of the consent in the room above. Deleted when the person is erased.
    """

    subject = models.UUIDField()
    office_id = models.BigIntegerField()
    consent = models.BigIntegerField(unique=True)
    pages = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    kept_at = models.DateTimeField()
    kept_by = models.BigIntegerField()

    class Meta:
        ordering = ["-kept_at", "id"]
        indexes = [models.Index(fields=["subject"], name="scan_by_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.consent}"

    def seal(self, key: bytes, document: bytes) -> None:
        """Set the ciphertext and its size."""
        self.size, self.content = len(document), seal(key, document, self._place())

    def open(self, key: bytes) -> bytes:
        """The document as PDF."""
        return unseal(key, bytes(self.content), self._place())

    def _place(self) -> bytes:
        return place(self._meta.db_table, "content", f"{self.subject}|{self.consent}")
