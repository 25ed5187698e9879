"""The roles, as short lists a lawyer can read. A person holds a role in one trial, some of them at one office."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.access.permissions import Permission as P
from trial.access.planes import DatabaseRole


class Role(StrEnum):
    CASEWORKER = "caseworker"
    SPECIALIST = "specialist"
    SUPERVISOR = "supervisor"
    RESEARCHER = "researcher"
    COORDINATOR = "coordinator"
    TRIAL_LEAD = "trial_lead"
    DATA_MANAGER = "data_manager"
    ANALYST = "analyst"
    OUTPUT_CHECKER = "output_checker"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class RoleDefinition:
    """`plane` is the PostgreSQL role that a request of this role runs as; `at_office`: held at one office."""

    label: str | Promise
    plane: DatabaseRole
    permissions: frozenset[P]
    at_office: bool = False


def _office(label: str | Promise, *permissions: P) -> RoleDefinition:
    return RoleDefinition(label, DatabaseRole.OFFICE, frozenset({P.SEE_TRIAL, *permissions}), at_office=True)


def _trial(label: str | Promise, *permissions: P) -> RoleDefinition:
    return RoleDefinition(label, DatabaseRole.COORDINATOR, frozenset({P.SEE_TRIAL, *permissions}))


def _research(label: str | Promise, *permissions: P) -> RoleDefinition:
    return RoleDefinition(label, DatabaseRole.ANALYST, frozenset({P.SEE_TRIAL, P.SEE_RESULTS, *permissions}))


ROLES: dict[Role, RoleDefinition] = {
    Role.CASEWORKER: _office(
        _("Veileder"),
        P.SEE_PARTICIPANTS,
        P.SEE_IDENTITY,
        P.SEE_ARM,
        P.ENROL,
        P.WITHDRAW,
        P.RECORD_DEVIATION,
        P.SEE_SURVEYS,
        P.SURVEY,
    ),
    Role.SPECIALIST: _office(
        _("Jobbspesialist"), P.SEE_PARTICIPANTS, P.SEE_IDENTITY, P.SEE_ARM, P.FOLLOW_UP, P.RECORD_DEVIATION
    ),
    Role.SUPERVISOR: _office(
        _("Metodeveileder"),
        P.SEE_PARTICIPANTS,
        P.SEE_IDENTITY,
        P.SEE_ARM,
        P.REVIEW_DISPLAYS,
        P.SEE_CASELOADS,
        P.ASSIGN,
        P.FOLLOW_UP,
        P.RECORD_DEVIATION,
        P.SEE_SURVEYS,
        P.SURVEY,
    ),
    Role.RESEARCHER: _trial(_("Forsker"), P.SEE_WAITING, P.DRAW, P.SEE_LOG, P.SEE_RESULTS, P.OPEN_TRIAL),
    Role.COORDINATOR: _trial(
        _("Koordinator"), P.SEE_PARTICIPANTS, P.SEE_MONITORING, P.SEE_CASELOADS, P.SEE_LOG, P.SEE_RESULTS, P.SEE_SURVEYS
    ),
    Role.TRIAL_LEAD: _trial(
        _("Forsøksleder"),
        P.MANAGE_TRIAL,
        P.APPROVE_LINKAGE,
        P.LOCK_PROTOCOL,
        P.LOCK_PLAN,
        P.SEE_PLAN,
        P.OPEN_TRIAL,
        P.SEE_MONITORING,
        P.SEE_CASELOADS,
        P.SEE_LOG,
        P.SEE_RESULTS,
    ),
    Role.DATA_MANAGER: _research(
        _("Dataforvalter"), P.SEE_DELIVERIES, P.DELIVER, P.DECIDE_DELIVERY, P.LINK, P.APPROVE_LINKAGE
    ),
    Role.ANALYST: _research(
        _("Analytiker"), P.SEE_DELIVERIES, P.SEE_PLAN, P.LOCK_PLAN, P.RUN_ANALYSIS, P.SEE_UNRELEASED
    ),
    Role.OUTPUT_CHECKER: _research(_("Resultatkontrollør"), P.SEE_PLAN, P.SEE_UNRELEASED, P.RELEASE_RESULTS),
    Role.AUDITOR: _trial(_("Revisor"), P.SEE_LOG, P.SEE_AUDIT, P.SEE_MONITORING),
}
