"""Who someone is in a trial: the check every query and action begins with."""

from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.access.roles import ROLES, Role
from trial.studies.models import Membership, Office, Trial
from trial.studies.queries import memberships_of


def require(user: User, trial: Trial, needing: Permission, office: Office | None = None) -> Membership:
    """Return the membership that gives `user` the right in `trial` (and at `office`, where the role is held at one).

    Raises:
        Refusal: `not_allowed` (403) when no membership in force gives it.
    """
    for membership in memberships_of(user):
        role = ROLES[Role(membership.role)]
        here = office is None or not role.at_office or membership.office_id == office.pk
        if membership.trial_id == trial.pk and needing in role.permissions and here:
            return membership
    raise Refusal("not_allowed", _("Du har ikke tilgang til å gjøre dette i forsøket."), status=403)


def can(user: User, trial: Trial, needing: Permission, office: Office | None = None) -> bool:
    """`require` as a question, for templates and navigation."""
    try:
        require(user, trial, needing, office)
    except Refusal:
        return False
    return True


def require_founder(user: User) -> None:
    """Let whoever leads a trial, or is staff without a role in any, begin another one.

    Raises:
        Refusal: `not_allowed`.
    """
    mine = memberships_of(user)
    if not any(Permission.MANAGE_TRIAL in ROLES[Role(m.role)].permissions for m in mine) and (
        mine or not user.is_staff
    ):
        raise Refusal("not_allowed", _("Bare forsøksledere kan opprette forsøk."), status=403)


def may_found(user: User) -> bool:
    """`require_founder` as a question."""
    try:
        require_founder(user)
    except Refusal:
        return False
    return True
