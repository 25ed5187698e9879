"""The rights matrix as it follows from the roles and the rules of the addresses."""

from collections.abc import Iterable
from enum import StrEnum

from trial.access.permissions import Permission as P
from trial.access.roles import ROLES, Role, RoleDefinition
from trial.config.rules import Open, Rule
from trial.studies.models import Membership, Office


class Answer(StrEnum):
    """How an address answers somebody, whatever it then says about the matter itself."""

    OPEN = "open"
    CLOSED = "closed"  # 403, with the reason: a member without the right
    HIDDEN = "hidden"  # 404: nobody outside learns that it exists
    SIGN_IN = "sign_in"


def answer_to(
    rule: Rule, method: str, mine: Iterable[Membership], everywhere: Iterable[Membership], office: Office
) -> Answer:
    """How a signed-in user is answered by an address about something at `office`.

    `mine`: the user's memberships in the trial at hand, `everywhere`: in all trials.
    """
    wanted = rule.of(method)
    if wanted in (Open.ANYONE, Open.SIGNED_IN):
        return Answer.OPEN
    if wanted is Open.FOUNDER:
        return Answer.OPEN if any(_founds(each) for each in everywhere) else Answer.CLOSED
    roles = [(_definition(each), each) for each in mine]
    if not roles:
        return Answer.HIDDEN
    allowed = [(role, each) for role, each in roles if wanted & role.permissions]
    if not allowed:
        return Answer.CLOSED
    reaches = any(not rule.per_person or not role.at_office or each.office_id == office.pk for role, each in allowed)
    return Answer.OPEN if reaches else Answer.HIDDEN


def _definition(membership: Membership) -> RoleDefinition:
    return ROLES[Role(membership.role)]


def _founds(membership: Membership) -> bool:
    return P.MANAGE_TRIAL in _definition(membership).permissions
