"""The locked protocol, the sealed seeds, the log, and what was drawn. Nothing here holds personal data."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from trial.allocation.states import CORRECTIONS
from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.studies.models import Arm, Office, Trial


def _by(**options: Any) -> Any:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


class Protocol(GuardedModel):
    """What is drawn and how. `text` is the canonical JSON whose hash goes to the people outside.

    Proposed by one person and locked by another; a locked one never changes, in the database too.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="protocols")
    text = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    report = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    proposed_by = _by()
    proposed_at = models.DateTimeField()
    approved_by = _by(null=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["trial", "-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial"], condition=Q(approved_at__isnull=False), name="protocol_locked_once"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("proposed_by")),
                name="protocol_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return self.sha256


class BeaconValue(GuardedModel):
    """The value of the beacon that the protocol names, recorded when it appeared and before the first draw."""

    protocol = models.OneToOneField(Protocol, on_delete=models.PROTECT, related_name="beacon_value")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    value = models.CharField(max_length=512)
    recorded_by = _by()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.value


class SealedSeed(GuardedModel):
    """A party's seed, sealed with a key that is not in the database. Only the draw's database role reads it."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    commitment = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField()
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.commitment


class StratumState(GuardedModel):
    """Where a stratum stands: the next position, the next draw, and the rule's state after the last one.

    Kept so that a draw costs the same whatever has been drawn before; `manage.py allocation_monitor` recounts it
    from the log. Minimisation keeps its state over all strata in the one named "".
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    stratum = models.CharField(max_length=200, blank=True)
    enrolled = models.PositiveIntegerField(default=0)
    drawn = models.PositiveIntegerField(default=0)
    state = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trial", "stratum"], name="stratum_state_once"),
            models.CheckConstraint(
                condition=Q(stratum="") | Q(drawn__lte=F("enrolled")), name="stratum_drawn_of_enrolled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stratum}: {self.drawn} of {self.enrolled}"


class LogHead(GuardedModel):
    """The size of a trial's log and the Merkle frontier that gives its root (hex, largest subtree first)."""

    trial = models.OneToOneField(Trial, on_delete=models.PROTECT, primary_key=True, related_name="log_head")
    size = models.PositiveBigIntegerField(default=0)
    frontier = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.size} leaves"


class LogLeaf(GuardedModel):
    """One leaf: the canonical JSON as it was hashed. Append-only in the database."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="log")
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=10)
    text = models.TextField()
    leaf_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["trial", "seq"]
        constraints = [models.UniqueConstraint(fields=["trial", "seq"], name="leaf_seq_once")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class Checkpoint(GuardedModel):
    """A signed root of the log, held by people outside. Append-only in the database."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="checkpoints")
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    time = models.PositiveBigIntegerField()
    public_key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["trial", "-size"]
        constraints = [models.UniqueConstraint(fields=["trial", "size"], name="checkpoint_size_once")]

    def __str__(self) -> str:
        return f"{self.size} {self.root}"


class Witness(GuardedModel):
    """A checkpoint that an outsider has heard of, with what it answered: for a time stamp, the stamp itself (DER)."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="witnesses")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    evidence = models.BinaryField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["checkpoint", "kind"], name="witness_told_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.checkpoint_id}"


class Place(GuardedModel):
    """A place in the draw, of a participant or of an office, and the arm once it is drawn.

    `who` is the random code that stands in the log instead of the number. `arm`, `drawn_at`, `alloc_seq` and
    `receipt` come together in the draw and never change after it.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="%(class)ss")
    who = models.CharField(max_length=32, unique=True)
    stratum = models.CharField(max_length=200)
    position = models.PositiveIntegerField()
    factors = models.JSONField(default=dict)
    enrolled_at = models.DateTimeField()
    enrol_seq = models.PositiveBigIntegerField()
    arm = models.ForeignKey(Arm, on_delete=models.PROTECT, null=True, related_name="+")
    drawn_at = models.DateTimeField(null=True)
    drawn_by = _by(null=True)
    alloc_seq = models.PositiveBigIntegerField(null=True)
    receipt = models.JSONField(null=True)

    class Meta:
        abstract = True
        ordering = ["trial", "enrol_seq"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "stratum", "position"], name="%(class)s_position_once"),
            models.UniqueConstraint(fields=["trial", "enrol_seq"], name="%(class)s_enrol_seq_once"),
            models.UniqueConstraint(fields=["trial", "alloc_seq"], name="%(class)s_alloc_seq_once"),
            models.CheckConstraint(
                condition=Q(arm=None, drawn_at=None, alloc_seq=None, receipt=None, drawn_by=None)
                | Q(arm__isnull=False, drawn_at__isnull=False, alloc_seq__isnull=False, receipt__isnull=False),
                name="%(class)s_drawn_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stratum} {self.position}"


class Cluster(Place):
    """An office's place in a trial that draws offices; the people who are enrolled there follow it."""

    office = models.OneToOneField(Office, on_delete=models.PROTECT, primary_key=True, related_name="cluster")

    @property
    def label(self) -> str:
        """What people call it."""
        return str(self.office)


class Allocation(Place):
    """A participant's place in the draw; in a trial that draws offices, a follower of the office's `cluster`.

    A follower has no position, and the event of joining is both its `enrol_seq` and its `alloc_seq`. `office` is where
    the person is now; `moved_from`, for someone who has moved, where the place was taken: analysis keeps people there.
    """

    participant = models.OneToOneField(
        Participant, on_delete=models.PROTECT, primary_key=True, related_name="allocation"
    )
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    moved_from = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, related_name="followers")
    position = models.PositiveIntegerField(null=True)  # type: ignore[assignment]  # people of a cluster have none

    class Meta(Place.Meta):
        constraints = [
            *Place.Meta.constraints,
            models.CheckConstraint(
                condition=Q(cluster=None, position__isnull=False)
                | Q(cluster__isnull=False, position=None, arm__isnull=False),
                name="allocation_follows_or_is_drawn",
            ),
        ]
        indexes = [
            models.Index(fields=["trial", "enrol_seq"], condition=Q(arm=None), name="allocation_waiting"),
            models.Index(fields=["office", "arm"], name="allocation_by_office"),
        ]

    @property
    def label(self) -> str:
        """What people call it."""
        return self.participant.number

    @property
    def logged_as(self) -> str:
        """The code under which the log knows of the person: the own one, or that of the office that is followed."""
        return self.cluster.who if self.cluster else self.who


class Correction(GuardedModel):
    """Something that went wrong with an enrolment, told by an office and judged by another person.

    The log gets an event with the hash of `note`; the slot stays used, and the person in the intention-to-treat set.
    `details` hold what the kind needs: the right stratum, the number of the duplicate, the new office.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="corrections")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=[(kind.value, label) for kind, label in CORRECTIONS.items()])
    reason = models.TextField()
    details = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    asked_by = _by()
    asked_at = models.DateTimeField()
    decided_by = _by(null=True)
    decided_at = models.DateTimeField(null=True)
    accepted = models.BooleanField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None, accepted=None)
                | Q(decided_by__isnull=False, decided_at__isnull=False, accepted__isnull=False)
                & ~Q(decided_by=F("asked_by")),
                name="correction_two_persons",
            ),
            models.UniqueConstraint(
                fields=["participant", "kind"], condition=Q(decided_at=None), name="correction_asked_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.participant_id}"


class ArmMask(GuardedModel):
    """The letter under which research sees an arm until the data are locked."""

    arm = models.OneToOneField(Arm, on_delete=models.PROTECT, primary_key=True, related_name="+")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    letter = models.CharField(max_length=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "letter"], name="mask_letter_once")]

    def __str__(self) -> str:
        return self.letter


class IdempotencyRecord(GuardedModel):
    """The answer given under an Idempotency-Key. Empty while the work is under way or was cut off."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class Recovery(GuardedModel):
    """The researcher's key is lost, and two persons agree to put it together again from its two sheets of paper.

    The shares never come here: the browser of whoever holds both sheets puts them together. This is the record of it.
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="recoveries")
    reason = models.TextField()
    requested_by = _by()
    requested_at = models.DateTimeField()
    approved_by = _by(null=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("requested_by")),
                name="recovery_two_persons",
            ),
            models.UniqueConstraint(fields=["trial"], condition=Q(approved_at=None), name="recovery_asked_once"),
        ]

    def __str__(self) -> str:
        return f"recovery of {self.trial_id}"


class Opening(GuardedModel):
    """The end of concealment, asked for by one person and carried out by another."""

    trial = models.OneToOneField(Trial, on_delete=models.PROTECT, related_name="opening")
    requested_by = _by()
    requested_at = models.DateTimeField()
    approved_by = _by(null=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("requested_by")),
                name="opening_two_persons",
            )
        ]

    def __str__(self) -> str:
        return f"opening of {self.trial_id}"
