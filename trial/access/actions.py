"""Accounts: made, renewed and closed by whoever runs the house. Nobody signs up, and nobody resets by e-mail."""

import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from axes.utils import reset as forget_failures
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.refusals import Refusal
from trial.audit.actions import action, record

PASSWORD_BYTES = 12  # 16 signs, told once


@action
def open_account(*, by: None, username: str, display_name: str = "", nav_ident: str = "", email: str = "") -> Any:
    """Make an account without roles. Returns the user and the first password, which is kept nowhere in clear.

    Raises:
        Refusal: `national_id_in_text`; `account_invalid` for a name or Nav ident that is taken or no name.
    """
    refuse_national_id(username=username, display_name=display_name)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user = User(username=username, display_name=display_name, nav_ident=nav_ident.strip().upper(), email=email)
    user.set_password(password)
    return _opened(user), password


@action
def open_for_ident(*, by: None, nav_ident: str, display_name: str = "") -> User:
    """Make an account that only an identity provider opens, for a Nav ident whose group has a role. Without roles.

    Raises:
        Refusal: `account_invalid` for an ident that is taken, by a closed account too, or that cannot be one. Of two
            requests at once that make the same account, one is refused so.
    """
    user = User(username=nav_ident.lower(), display_name=display_name, nav_ident=nav_ident)
    user.set_unusable_password()
    return _opened(user)


def _opened(user: User) -> User:
    try:
        user.full_clean()
        with transaction.atomic():
            user.save(force_insert=True)
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        if field == NON_FIELD_ERRORS:  # the only rule of the whole row
            field, sentences = "nav_ident", [str(_("Nav-identen har en konto fra før."))]
        raise Refusal("account_invalid", sentences[0], field=field, status=422) from None
    except IntegrityError:
        sentence = _("Kontoen ble opprettet av en annen i samme øyeblikk.")
        raise Refusal("account_invalid", sentence, field="username", status=422) from None
    record(by=None, verb="account_opened", subject=str(user.pk))
    return user


@action
def renew_account(*, by: None, user: User) -> str:
    """Someone has lost the password, the app or the passkey: a new password, no second factor, no session goes on.

    The next sign-in sets a second factor up. Returns the new password.
    """
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    user.set_password(password)
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user=user).delete()
    forget_failures(username=user.username)
    record(by=by, verb="account_renewed", subject=str(user.pk))
    return password


@action
def let_in(*, by: None, user: User, active: bool) -> User:
    """Close an account, or open it again. Closed, its sessions and tokens end at their next request."""
    user.is_active = active
    user.save(update_fields=["is_active"])
    record(by=by, verb="account_reopened" if active else "account_closed", subject=str(user.pk))
    return user


def account_named(username: str) -> User:
    """An account by its user name.

    Raises:
        Refusal: `no_account`.
    """
    user = User.objects.filter(username=username).first()
    if user is None:
        raise Refusal("no_account", _("Fant ingen bruker med dette navnet."), status=404)
    return user
