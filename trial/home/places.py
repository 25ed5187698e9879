"""Where a user may go in a trial: the main navigation, in the order of a trial's work."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.access.permissions import Permission as P
from trial.access.roles import ROLES, Role
from trial.studies.models import Membership, Trial
from trial.studies.states import TrialState


@dataclass(frozen=True)
class Place:
    """A page of a trial that everyone with one right may open.

    `unless`: a right whose holders have a better page; `locked`: there is nothing to see before the protocol is locked.
    """

    label: str | Promise
    address: str
    needing: P
    unless: P | None = None
    locked: bool = False

    def url(self, trial: Trial) -> str:
        return reverse(self.address, args=[trial.code])


PLACES = (
    Place(_("Oversikt"), "home:trial", P.SEE_TRIAL),
    Place(_("Deltakere"), "enrolment:participants", P.SEE_PARTICIPANTS),
    Place(_("Visninger"), "enrolment:displays", P.REVIEW_DISPLAYS),
    Place(_("Min portefølje"), "followup:portfolio", P.FOLLOW_UP, unless=P.ASSIGN),
    Place(_("Porteføljer"), "followup:caseloads", P.SEE_CASELOADS),
    Place(_("Spørreskjemaer"), "surveys:overview", P.SEE_SURVEYS),
    Place(_("Spørreskjemaer"), "surveys:plan", P.MANAGE_TRIAL),
    Place(_("Arbeidsgivere"), "followup:employers", P.FOLLOW_UP),
    Place(_("Normer"), "followup:norms", P.SEE_CASELOADS),
    Place(_("Retningslinjer"), "followup:guidelines", P.MANAGE_TRIAL),
    Place(_("Loddtrekning"), "allocation:draw_room", P.SEE_WAITING, locked=True),
    Place(_("Status"), "monitoring:dashboard", P.SEE_MONITORING),
    Place(_("Avvik"), "followup:deviations", P.RECORD_DEVIATION),
    Place(_("Protokoll"), "allocation:protocol", P.SEE_LOG),
    Place(_("Logg"), "allocation:log", P.SEE_LOG, locked=True),
    Place(_("Leveranser"), "registers:deliveries", P.SEE_DELIVERIES),
    Place(_("Kobling"), "registers:key_files", P.APPROVE_LINKAGE, locked=True),
    Place(_("Analyseplan"), "analyses:plans", P.SEE_PLAN),
    Place(_("Kjøringer"), "analyses:runs", P.SEE_UNRELEASED),
    Place(_("Resultater"), "results:results", P.SEE_RESULTS),
    Place(_("Hendelser"), "home:audit", P.SEE_AUDIT),
    Place(_("Tilganger"), "config:rights", P.SEE_AUDIT),
)


def permissions_in(memberships: Iterable[Membership], trial: Trial) -> frozenset[P]:
    """Everything that the memberships allow in a trial, at whichever office."""
    mine = (ROLES[Role(membership.role)].permissions for membership in memberships if membership.trial_id == trial.pk)
    return frozenset().union(*mine)


def places_in(trial: Trial, allowed: frozenset[P]) -> Iterator[Place]:
    """The places of a trial that someone with these rights may open."""
    drafting = trial.state == TrialState.DRAFTING
    mine = (place for place in PLACES if place.needing in allowed and place.unless not in allowed)
    return (place for place in mine if not (place.locked and drafting))
