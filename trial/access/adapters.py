"""What allauth asks this house: who may sign in, what is said, and how the second factor's secret is kept."""

import base64
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.provider import account_of
from trial.access.refusals import Refusal
from trial.access.sign_in import PROVIDER_GROUPS, PROVIDER_PROVED_TWICE, asked_twice, proved_all_lately
from trial.access.visitors import address_of


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by the trial's administration, never by signing up."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_password": _("Passordet er feil."),
        "username_password_mismatch": _("Brukernavn eller passord er feil."),
        "too_many_login_attempts": _("For mange feil. Vent et kvarter og prøv igjen."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in, and keep in the new session what the provider told: the one before has ended with all it held."""
        super().login(request, user)
        request.session[PROVIDER_PROVED_TWICE] = getattr(request, PROVIDER_PROVED_TWICE, False)
        if hasattr(request, PROVIDER_GROUPS):
            request.session[PROVIDER_GROUPS] = getattr(request, PROVIDER_GROUPS)

    def is_reauthentication_required(self, *, app: str, **known: Any) -> bool:
        """Nobody who has signed in just now is asked for the same once more; allauth counts only what was repeated."""
        return super().is_reauthentication_required(app=app, **known) and not proved_all_lately(context.request)

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The second factor where there is one: a password alone must not stand in for it."""
        methods = super().get_reauthentication_methods(user)
        strong = [method for method in methods if method["id"] != "reauthenticate"]
        return strong or methods


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of the second factor encrypted; the key follows SECRET_KEY and its fallbacks."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Koden er feil eller for gammel. Prøv den neste som appen viser."),
        "cannot_delete_authenticator": _("Kontoen må ha en ekstra sikring. Sett opp en annen før du fjerner denne."),
    }

    def get_totp_issuer(self) -> str:
        return "Navtrial"

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        factors = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        others = factors.exclude(type=Authenticator.Type.RECOVERY_CODES)
        return not settings.SECOND_FACTOR_REQUIRED or others.exists()


class SocialAdapter(DefaultSocialAccountAdapter):
    """Sign-in by an OpenID provider opens the account whose Nav ident the provider tells."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def whom(self, claims: Mapping[str, Any]) -> User:
        """The account of whom valid claims name. Raises Refusal: `no_ident`, `no_account`."""
        return account_of(claims)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        data = sociallogin.account.extra_data
        claims = data.get("userinfo", {}) | data.get("id_token", {})
        try:
            user = self.whom(claims)
        except Refusal as refusal:
            page = render(request, "errors/refusal.html", {"refusal": refusal}, status=refusal.status)
            raise ImmediateHttpResponse(page) from refusal
        self._connect(request, sociallogin, user)
        setattr(request, PROVIDER_PROVED_TWICE, asked_twice(claims))
        setattr(request, PROVIDER_GROUPS, claims.get("groups", []))

    def _connect(self, request: HttpRequest, sociallogin: SocialLogin, user: User) -> None:
        """Sign in whom the claims name now, whoever the provider's identity opened last time; keep no claims.

        Of two first sign-ins at once, in two tabs, the second finds what the first has made.
        """
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            if not sociallogin.is_existing:
                sociallogin.lookup()
            self._connect_held(request, sociallogin, user)

    def _connect_held(self, request: HttpRequest, sociallogin: SocialLogin, user: User) -> None:
        account = sociallogin.account
        account.extra_data = {}
        if sociallogin.is_existing and account.user_id == user.pk:
            account.save(update_fields=["extra_data"])  # the look-up has just stored what the provider told
            return
        if sociallogin.is_existing:
            account.delete()
        sociallogin.connect(request, user)


def _cipher() -> MultiFernet:
    return MultiFernet(
        [Fernet(_derived(str(secret))) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derived(secret: str) -> bytes:
    made = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"second factor").derive(secret.encode())
    return base64.urlsafe_b64encode(made)
