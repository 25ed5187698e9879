"""What happened, for ever; and what is still to be told."""

import uuid

from django.db import models

from trial.audit.guards import GuardedModel


class AuditEvent(GuardedModel):
    """One thing that was done. Append-only in the database; never holds a name or a national id.

    The actor is kept by value and not by foreign key: this room stands below the one that knows users, and the
    line must read the same after the account is gone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    time = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150)
    verb = models.CharField(max_length=60)
    trial = models.CharField(max_length=50, blank=True)
    subject = models.CharField(max_length=80, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-time", "id"]
        indexes = [
            models.Index(fields=["trial", "-time"], name="audit_by_trial"),
            models.Index(fields=["subject", "-time"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M} {self.actor} {self.verb} {self.subject}"


class OutboxMessage(GuardedModel):
    """A notice that the world hears after the transaction that caused it, at least once and never before."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    recipient = models.CharField(max_length=254)
    payload = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["created_at"], condition=models.Q(sent_at=None), name="outbox_unsent")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"
