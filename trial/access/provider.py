"""The claims of an identity provider (Entra ID), and the account that they open."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from evaluation.national_id import find_national_ids
from trial.access.models import User
from trial.access.refusals import Refusal

LONGEST_NAME = 150


def ident_in(claims: Mapping[str, Any]) -> str:
    """The Nav ident that valid claims name; empty where they name none."""
    return str(claims.get("NAVident", "")).strip().upper()


def name_in(claims: Mapping[str, Any]) -> str:
    """What colleagues call the person; Entra ID writes "Navnesen, Navn". Nothing where it holds a national id."""
    surname, comma, first = str(claims.get("name", ""))[:LONGEST_NAME].partition(",")
    name = f"{first.strip()} {surname.strip()}" if comma else surname.strip()
    return "" if find_national_ids(name) else name


def account_of(claims: Mapping[str, Any]) -> User:
    """The account of the person whom valid claims name by NAVident.

    Raises:
        Refusal: `no_ident` when the claims name nobody, `no_account` when nobody here has that ident.
    """
    ident = ident_in(claims)
    if not ident:
        raise Refusal("no_ident", _("Innloggingen sier ikke hvilken Nav-ident du har."), status=403)
    user = User.objects.filter(nav_ident=ident, is_active=True).first()
    if user is None:
        sentence = _("Nav-identen din har ingen konto her. Be den som leder forsøket om å opprette en.")
        raise Refusal("no_account", sentence, status=403)
    return user
