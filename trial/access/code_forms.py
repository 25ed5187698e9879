"""Forms that ask for a code: a code that is guessed counts like a password that is guessed, and locks out likewise."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id

USED_SECONDS = 30 * (1 + 2 * settings.MFA_TOTP_TOLERANCE)  # as long as a code may be valid
CODE = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True})


class Counted:
    """Mixin: asks django-axes before the code is looked at, tells it of every wrong one, and takes a right one once."""

    user: Any

    def clean_code(self) -> str:
        who = {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(context.request, who):
            context.request.axes_locked_out = True
            raise get_adapter().validation_error("too_many_login_attempts")
        try:
            code: str = super().clean_code()  # type: ignore[misc]
            self._use_up(code)
        except forms.ValidationError:
            user_login_failed.send(sender=__name__, credentials=who, request=context.request)
            raise
        return code

    def _use_up(self, code: str) -> None:
        """A code that somebody saw being typed is worth nothing, also while the app still shows it."""
        if not cache.add(f"used-code-{self.user.pk}-{code}", True, timeout=USED_SECONDS):
            raise get_adapter().validation_error("incorrect_code")


class AuthenticateForm(Counted, base.AuthenticateForm):
    """The second step of signing in."""

    code = forms.CharField(
        label=_("Kode"),
        widget=CODE,
        help_text=_("Seks sifre fra autentiseringsappen, eller en av gjenopprettingskodene dine."),
    )


class ReauthenticateForm(Counted, base.ReauthenticateForm):
    """The code once more, before something that cannot be undone."""

    code = AuthenticateForm.base_fields["code"]


class ActivateTOTPForm(Counted, totp.ActivateTOTPForm):
    """The first code of an app that is being set up."""

    code = forms.CharField(label=_("Kode fra appen"), widget=CODE, help_text=_("Seks sifre."))

    def clean_code(self) -> str:
        code = super().clean_code()
        record_authentication(context.request, self.user, "mfa", type="totp")  # it has just been shown
        return code


class AddWebAuthnForm(webauthn.AddWebAuthnForm):
    """A passkey and what its owner calls it."""

    name = forms.CharField(
        label=_("Navn"),
        required=False,
        max_length=60,
        help_text=_("For eksempel «PC på kontoret»."),
        validators=[no_national_id],
    )
    passwordless = forms.BooleanField(
        label=_("Logg inn med denne i stedet for passord og kode"),
        required=False,
        help_text=_("Nøkkelen må da selv spørre etter fingeravtrykk, ansikt eller PIN."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if cleaned.get("credential"):
            record_authentication(context.request, self.user, "mfa", type="webauthn")
        return cleaned
