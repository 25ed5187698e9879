"""The rights matrix as it follows from the roles and the rules of the addresses."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.access.permissions import Permission as P
from trial.access.rights_in_words import IN_WORDS
from trial.access.roles import ROLES, Role, RoleDefinition
from trial.config.endpoints import endpoints
from trial.config.rules import RULES, Open, Rule
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
    held: frozenset[P] = frozenset().union(*(role.permissions for role, _membership in roles))
    allowed = [(role, each) for role, each in roles if wanted and wanted & role.permissions and rule.also <= held]
    if not allowed:
        return Answer.CLOSED
    reaches = any(not rule.per_person or not role.at_office or each.office_id == office.pk for role, each in allowed)
    return Answer.OPEN if reaches else Answer.HIDDEN


def _definition(membership: Membership) -> RoleDefinition:
    return ROLES[Role(membership.role)]


def _founds(membership: Membership) -> bool:
    return P.MANAGE_TRIAL in _definition(membership).permissions


NO = "–"
YES, OWN_OFFICE = _("Ja"), _("Eget kontor")
WHOEVER = {
    Open.ANYONE: _("Alle, også uten å logge inn"),
    Open.SIGNED_IN: _("Alle som er logget inn"),
    Open.FOUNDER: _("Forsøksledere, og drift uten rolle i noe forsøk"),
}
KINDS = {"page": _("Side"), "api": _("API"), "download": _("Fil")}


@dataclass(frozen=True)
class Right:
    """A line of the table of rights: what it is, and for each role whether it has it."""

    label: str | Promise
    cells: list[Any]


@dataclass(frozen=True)
class Way:
    """A line of the table of addresses: one method of one address, and who gets in."""

    kind: str | Promise
    method: str
    path: str
    who: str | Promise
    own_office: bool
    confirmed: bool


def rights() -> list[Right]:
    """Each right, role by role in the order of `ROLES`."""
    return [Right(IN_WORDS.get(right, right.value), [_holds(role, right) for role in ROLES.values()]) for right in P]


def ways() -> list[Way]:
    """Each method of each address, by address."""
    declared = [(each, RULES[each.name]) for each in endpoints() if each.name in RULES]
    return [
        Way(KINDS[each.kind], method, each.path, _whoever(rule, method), rule.per_person, rule.confirmed)
        for each, rule in declared
        for method in rule.methods
    ]


def _holds(role: RoleDefinition, right: P) -> Any:
    if right not in role.permissions:
        return NO
    return OWN_OFFICE if role.at_office else YES


def _whoever(rule: Rule, method: str) -> str | Promise:
    wanted = rule.of(method)
    if isinstance(wanted, Open):
        return WHOEVER[wanted]
    return ", ".join(str(role.label) for role in ROLES.values() if _gets_in(role, rule, wanted))


def _gets_in(role: RoleDefinition, rule: Rule, wanted: frozenset[P] | None) -> bool:
    return bool(wanted and wanted & role.permissions) and rule.also <= role.permissions
