"""Who signs in, and the tokens that programs sign in with."""

import hashlib
import secrets
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

TOKEN_PREFIX = "nt_"  # noqa: S105 - marks a secret as ours, is none itself


class User(AbstractUser):
    """A person who works with a trial. Participants never sign in and are never users."""

    display_name = models.CharField(max_length=150, blank=True)
    nav_ident = models.CharField(max_length=10, blank=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            # An identity provider names people by it: it must open one account only.
            models.UniqueConstraint(fields=["nav_ident"], condition=~Q(nav_ident=""), name="user_nav_ident_once"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


class ApiToken(models.Model):
    """A program's key to one trial in one role. Only its SHA-256 is kept; it expires by the machine's clock."""

    guarded: ClassVar[bool] = False

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    trial = models.CharField(max_length=50)
    role = models.CharField(max_length=30)
    label = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.label} ({self.trial}, {self.role})"

    @staticmethod
    def new_secret() -> str:
        return TOKEN_PREFIX + secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()
