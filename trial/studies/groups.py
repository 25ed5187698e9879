"""Roles that come with a group of the identity provider: the trial lead says which group gives which role.

Who is in a group, the provider's claims say at each request. A membership that came with a group counts only while the
group is claimed and still gives the role; its rows are kept like every other, so that an auditor reads who had what.
Whoever comes with such a group for the first time gets an account by it: the lead has said that they are let in.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import structlog
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from trial.access.actions import open_for_ident
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.planes import maintenance
from trial.access.provider import account_of, ident_in, name_in
from trial.access.refusals import Refusal, not_found
from trial.access.roles import ROLES, Role
from trial.audit import clock
from trial.audit.actions import action, record
from trial.studies.actions import another_leads, of_the_right_kind
from trial.studies.models import GroupRole, Membership, Office, Trial
from trial.studies.permissions import require
from trial.studies.queries import forget_memberships, roles_held

log = structlog.get_logger(__name__)


@action
def give_group_role(*, by: User, trial: Trial, group: str, role: Role, office: Office | None = None) -> GroupRole:
    """Let everyone in a group hold a role. `group`: as the provider's claim `groups` spells it, capitals apart.

    Raises:
        Refusal: `not_allowed`, `group_missing`, `office_needed`, `national_id_in_text`, `already_given`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    refuse_national_id(group=group)
    named = spelled(group)
    if not named:
        raise Refusal("group_missing", _("Skriv gruppen slik den heter i innloggingen."), field="group", status=422)
    of_the_right_kind(role, office)
    known = {"trial": trial, "group": named, "role": role, "office": office}
    if GroupRole.objects.filter(**known).exists():
        raise Refusal("already_given", _("Gruppen har allerede denne rollen."), field="group")
    given = GroupRole.objects.create(**known, given_at=clock.now(), given_by=by)
    record(by=by, verb="group_role_given", trial=trial.code, subject=named, role=role.value)
    return given


@action
def take_group_role(*, by: User, given: GroupRole) -> None:
    """A group gives a role no longer: whoever had it by the group loses it at the next request.

    Raises:
        Refusal: `not_allowed`, `last_lead` where nobody else leads the trial.
    """
    require(by, given.trial, Permission.MANAGE_TRIAL)
    if given.role == Role.TRIAL_LEAD:
        another_leads(given.trial, ~Q(group=given.group))
    record(by=by, verb="group_role_taken", trial=given.trial.code, subject=given.group, role=given.role)
    held = Membership.objects.filter(trial=given.trial, group=given.group, role=given.role, office=given.office)
    for membership in held.filter(valid_to=None):
        _end(membership)
    GroupRole.objects.filter(pk=given.pk)._raw_delete(using=given._state.db)


def account_by_claims(claims: Mapping[str, Any]) -> User:
    """The account that a provider's valid claims open; made now where there is none and a group of theirs has a role.

    Raises:
        Refusal: `no_ident`, `no_account`; the latter for closed accounts too, whatever the groups.
    """
    try:
        return account_of(claims)
    except Refusal as refusal:
        if refusal.code != "no_account" or not _opened_by_group(claims):
            raise
    return account_of(claims)


def _opened_by_group(claims: Mapping[str, Any]) -> bool:
    """Whether it is worth asking for the account again: it was made now, here or by a request at the same time."""
    groups = claimed(claims.get("groups", []))
    with maintenance():
        if not GroupRole.objects.filter(group__in=groups).exists():
            return False
        try:
            open_for_ident(by=None, nav_ident=ident_in(claims), display_name=name_in(claims))
        except Refusal as refusal:
            log.warning("no_account_by_group", field=refusal.field)
    return True


@action
def follow_groups(*, by: None, user: User, groups: Collection[str]) -> None:
    """Bring a user's memberships by group to what the claimed groups give now. Runs outside every plane.

    A role on another plane of data than the user works on is left out: names and research data never meet in one
    account, whatever the groups say.
    """
    if any(_difference(user, groups)):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # of two requests at once, one brings it about
        gone, new = _difference(user, groups)
        for membership in gone:
            _end(membership)
        for each in new:
            if _same_plane(user, each.role):
                _begin(user, each)
    forget_memberships(user)


def group_roles_of(trial: Trial) -> QuerySet[GroupRole]:
    """What groups give in the trial."""
    return trial.group_roles.select_related("office__nav_office")


def group_role_of(trial: Trial, key: int) -> GroupRole:
    """One line of the table.

    Raises:
        Refusal: `not_found`.
    """
    given = group_roles_of(trial).select_related("trial").filter(pk=key).first()
    if given is None:
        raise not_found(_("Fant ikke grupperollen."))
    return given


def claimed(groups: Any) -> frozenset[str]:
    """The groups of a claim; nothing where it is no list."""
    given: Iterable[Any] = groups if isinstance(groups, list | tuple) else ()
    return frozenset(spelled(each) for each in given if isinstance(each, str))


def spelled(group: str) -> str:
    return group.strip().lower()


def _difference(user: User, groups: Collection[str]) -> tuple[list[Membership], list[GroupRole]]:
    """The memberships by group that no claimed group gives any more, and what they give that the user has not."""
    given = {_place(each): each for each in GroupRole.objects.filter(group__in=groups).select_related("trial")}
    rows = list(user.memberships.filter(valid_to=None).select_related("trial"))
    gone = [each for each in rows if each.group and _place(each) not in given]
    held = {_role(each) for each in rows if each not in gone}
    new = {_role(each): each for each in given.values() if _role(each) not in held}
    return gone, [each for each in new.values() if gone or _same_plane(user, each.role)]


def _begin(user: User, given: GroupRole) -> None:
    known = {"trial": given.trial, "role": given.role, "office_id": given.office_id}
    Membership.objects.create(user=user, **known, group=given.group, valid_from=clock.today())
    _tell("member_added", given, user.pk)


def _end(membership: Membership) -> None:
    membership.changed(valid_to=max(clock.today(), membership.valid_from))
    _tell("membership_ended", membership, membership.user_id)


def _tell(verb: str, row: GroupRole | Membership, user: int) -> None:
    record(by=None, verb=verb, trial=row.trial.code, subject=str(user), role=row.role, group=row.group)


def _same_plane(user: User, role: str) -> bool:
    planes = {ROLES[held].plane for held in roles_held(user)}
    if planes <= {ROLES[Role(role)].plane}:
        return True
    log.warning("group_role_on_another_plane", user=user.pk, role=role)
    return False


def _role(row: GroupRole | Membership) -> tuple[int, int | None, str]:
    return row.trial_id, row.office_id, row.role


def _place(row: GroupRole | Membership) -> tuple[int, int | None, str, str]:
    return *_role(row), row.group
