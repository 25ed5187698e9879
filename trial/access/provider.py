"""The claims of an identity provider (Entra ID), and the account that they open."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.refusals import Refusal


def account_of(claims: Mapping[str, Any]) -> User:
    """The account of the person whom valid claims name by NAVident.

    Raises:
        Refusal: `no_ident` when the claims name nobody, `no_account` when nobody here has that ident.
    """
    ident = str(claims.get("NAVident", "")).strip().upper()
    if not ident:
        raise Refusal("no_ident", _("Innloggingen sier ikke hvilken Nav-ident du har."), status=403)
    user = User.objects.filter(nav_ident=ident, is_active=True).first()
    if user is None:
        sentence = _("Nav-identen din har ingen konto her. Be den som leder forsøket om å opprette en.")
        raise Refusal("no_account", sentence, status=403)
    return user
