"""Trials and memberships, reached only by those who belong to them."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from trial.access.models import ApiToken, User
from trial.access.permissions import Permission
from trial.access.planes import NOBODY, Plane
from trial.access.refusals import Refusal, not_found
from trial.access.roles import ROLES, Role
from trial.audit import clock
from trial.studies.models import Membership, Office, Trial
from trial.studies.states import TrialState


def memberships_of(user: User) -> list[Membership]:
    """The memberships of a user that are in force today.

    Read once a request and kept on the user object, which lives as long as the request: changed rights apply at the
    next one. A token narrows them to its trial and role.
    """
    kept: list[Membership] | None = getattr(user, "memberships_in_force", None)
    if kept is None:
        kept = list(_in_force(user))
        user.memberships_in_force = kept  # type: ignore[attr-defined]
    return kept


def forget_memberships(user: User) -> None:
    """Read the memberships anew at the next question: they, or the date, have changed."""
    user.__dict__.pop("memberships_in_force", None)


def _in_force(user: User) -> Iterable[Membership]:
    """Asked of a function of the owner's: who one is must be known before there is a plane."""
    today = clock.today()
    rows = Membership.objects.raw("SELECT * FROM studies_memberships_of(%s) ORDER BY trial_id, role, id", [user.pk])
    found = [m for m in rows if m.valid_from <= today and (m.valid_to or today) >= today and _counts(user, m)]
    prefetch_related_objects(found, "trial")
    token: ApiToken | None = getattr(user, "api_token", None)
    return [m for m in found if token is None or (m.trial.code, m.role) == (token.trial, token.role)]


def _counts(user: User, membership: Membership) -> bool:
    """A role that came with a group counts while the group is claimed, and ends at once, not with the day."""
    claimed: frozenset[str] = getattr(user, "groups_claimed", frozenset())
    return not membership.group or (membership.valid_to is None and membership.group in claimed)


def roles_held(user: User) -> list[Role]:
    """The roles of a user that have not ended, in whichever trial; asked by the rule that an account has one plane."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT studies_roles_held(%s, %s)", [user.pk, clock.today()])
        return [Role(role) for (role,) in cursor.fetchall()]


def plane_for(user: User) -> Plane:
    """The plane of a user's requests: one database role, with the offices and trials that the memberships name."""
    memberships = memberships_of(user)
    if not memberships:
        return NOBODY
    return Plane(
        role=ROLES[Role(memberships[0].role)].plane,
        user_id=user.pk,
        offices=tuple(sorted({m.office_id for m in memberships if m.office_id})),
        trials=tuple(sorted({m.trial_id for m in memberships})),
    )


def trial_for(user: User, code: str, *, needing: Permission = Permission.SEE_TRIAL) -> Trial:
    """The trial named `code`, for a member with the right.

    Raises:
        Refusal: `not_found` (404) for outsiders, `not_allowed` (403) for members without the right.
    """
    mine = [m for m in memberships_of(user) if m.trial.code == code]
    if not mine:
        raise not_found(_("Fant ikke forsøket, eller du har ikke tilgang til det."))
    if not any(needing in ROLES[Role(m.role)].permissions for m in mine):
        raise Refusal("not_allowed", _("Du har ikke tilgang til å gjøre dette i forsøket."), status=403)
    return mine[0].trial


def offices_of(user: User, trial: Trial, *, needing: Permission) -> list[Office]:
    """The offices of a trial where the user has a right: the own ones, or all for roles held in the whole trial."""
    mine = [m for m in memberships_of(user) if m.trial_id == trial.pk and needing in ROLES[Role(m.role)].permissions]
    offices = trial.offices.select_related("nav_office")
    if any(m.office_id is None for m in mine):
        return list(offices)
    return list(offices.filter(pk__in=[m.office_id for m in mine]))


def trials_of(user: User) -> list[Trial]:
    """The trials a user belongs to, each once."""
    return sorted({m.trial for m in memberships_of(user)}, key=lambda trial: trial.code)


def office_of_trial(trial: Trial, number: str) -> Office:
    """A trial's office by its unit number.

    Raises:
        Refusal: `not_found`.
    """
    office = trial.offices.select_related("nav_office").filter(nav_office__number=number).first()
    if office is None:
        raise not_found(_("Fant ikke kontoret i forsøket."))
    return office


def recruiting_offices(trial: Trial) -> QuerySet[Office]:
    """The offices of a trial that can be paused or taken up again; none before its lock or after its recruitment."""
    offices = Office.objects.filter(trial=trial).select_related("nav_office")
    return offices if trial.state in (TrialState.LOCKED, TrialState.RECRUITING) else offices.none()


def members_of(trial: Trial) -> QuerySet[Membership]:
    """Everyone with a role in the trial that has not ended, by role."""
    lasting = Q(valid_to=None) | Q(valid_to__gte=clock.today())
    return trial.memberships.filter(lasting).select_related("user", "office__nav_office")


def everyone_ever(trial: Trial) -> QuerySet[Membership]:
    """Every role that anybody has or had in the trial, those in force first."""
    return trial.memberships.select_related("user", "office__nav_office").order_by(
        "-valid_to", "role", "user__username"
    )


def member_of(trial: Trial, key: int) -> Membership:
    """A membership of the trial that has not ended.

    Raises:
        Refusal: `not_found`.
    """
    membership = members_of(trial).filter(pk=key).first()
    if membership is None:
        raise not_found(_("Fant ikke rollen."))
    return membership
