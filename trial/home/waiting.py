"""What waits for whom: for each right the things it lets someone do, counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from trial.access.models import User
from trial.access.permissions import Permission as P
from trial.allocation.models import Correction, Opening, Protocol
from trial.allocation.queries import waiting_count
from trial.analyses.models import Run
from trial.analyses.states import UNDER_WAY
from trial.audit import clock
from trial.audit.models import AuditEvent
from trial.enrolment.models import Participant
from trial.enrolment.states import ParticipantState
from trial.followup.queries import QUIET_DAYS, portfolio_size, waiting_at
from trial.home.places import permissions_in
from trial.registers.models import Delivery
from trial.registers.states import DeliveryState
from trial.results.queries import releasable
from trial.results.queries import waiting as releases_waiting
from trial.studies.models import Trial
from trial.studies.queries import memberships_of, offices_of
from trial.studies.states import NEXT_STEP, TrialState
from trial.surveys.queries import invitations_of, to_do
from trial.surveys.states import STILL_ASKED


@dataclass(frozen=True)
class Waiting:
    """Something that waits: how many, what, and where to deal with it. `urgent`: should not wait longer."""

    number: int
    label: str
    url: str
    urgent: bool = False


def waiting_for(user: User, trial: Trial) -> list[Waiting]:
    """What waits for a user in a trial, in the order of the trial's work; at most two queries per right."""
    allowed = permissions_in(memberships_of(user), trial)
    return [waiting for right, counted in COUNTED.items() if right in allowed for waiting in counted(user, trial)]


@dataclass(frozen=True)
class NextStep:
    """What the trial lead does next, and where."""

    text: str
    url: str


def next_step(user: User, trial: Trial) -> NextStep | None:
    """What carries the trial on, for those who lead it; None for everyone else and when nothing is left to do."""
    state = TrialState(trial.state)
    leads = P.MANAGE_TRIAL in permissions_in(memberships_of(user), trial)
    if not leads or state not in NEXT_STEP:
        return None
    return NextStep(str(NEXT_STEP[state]), reverse(STEPPED_AT.get(state, "studies:setup"), args=[trial.code]))


def _people(user: User, trial: Trial) -> list[Waiting]:
    offices = offices_of(user, trial, needing=P.ENROL)
    rows = Participant.objects.filter(trial=trial, office__in=offices).order_by().values_list("state")
    states = Counter(dict(rows.annotate(number=Count("key"))))
    begun, enrolled = _group(trial, "begun"), _group(trial, "waiting")
    return [
        Waiting(states[ParticipantState.REGISTERED], _("Registrert uten samtykke"), begun),
        Waiting(states[ParticipantState.CONSENTED], _("Klare til å meldes inn"), begun),
        Waiting(states[ParticipantState.ENROLLED], _("Venter på loddtrekning"), enrolled),
    ]


def _own_people(user: User, trial: Trial) -> list[Waiting]:
    followed, quiet = portfolio_size(user, trial)
    if not followed:
        return []
    portfolio = _at(trial, "followup:portfolio")
    label = _("Ikke kontaktet på %(days)s dager") % {"days": QUIET_DAYS}
    return [Waiting(followed, _("I porteføljen din"), portfolio), Waiting(quiet, label, portfolio, urgent=quiet > 0)]


def _unassigned(user: User, trial: Trial) -> list[Waiting]:
    number = waiting_at(offices_of(user, trial, needing=P.ASSIGN)).count()
    board = _at(trial, "followup:caseloads")
    return [Waiting(number, _("Venter på jobbspesialist"), board, urgent=number > 0)]


def _questionnaires(user: User, trial: Trial) -> list[Waiting]:
    states, page = to_do(trial, invitations_of(user, trial)), _at(trial, "surveys:overview")
    silent = sum(states[state] for state in STILL_ASKED)
    asked = [
        Waiting(states.total() - silent, _("Papirsvar å skrive inn en gang til"), f"{page}?group=typing", urgent=True),
        Waiting(silent, _("Spørreskjemaer som venter på svar"), page),
    ]
    return [each for each in asked if each.number]


def _numbers(user: User, trial: Trial) -> list[Waiting]:
    number = waiting_count(trial)
    return [Waiting(number, _("Numre å trekke for"), _at(trial, "allocation:draw_room"), urgent=number > 0)]


def _protocol(user: User, trial: Trial) -> list[Waiting]:
    if trial.state != TrialState.DRAFTING:
        return []
    number = Protocol.objects.filter(trial=trial, approved_at=None).exclude(proposed_by=user).count()
    return [Waiting(number, _("Protokollforslag å ta stilling til"), _at(trial, "allocation:protocol"), number > 0)]


def _opening(user: User, trial: Trial) -> list[Waiting]:
    if trial.state != TrialState.DATA_LOCKED:
        return []
    number = Opening.objects.filter(trial=trial, approved_at=None).exclude(requested_by=user).count()
    return [Waiting(number, _("Åpning å godkjenne"), _at(trial, "allocation:opening"), number > 0)]


def _corrections(user: User, trial: Trial) -> list[Waiting]:
    number = Correction.objects.filter(trial=trial, decided_at=None).count()
    told = _at(trial, "allocation:corrections")
    return [Waiting(number, _("Feil og flyttinger å ta stilling til"), told, urgent=True)] if number else []


def _deliveries(user: User, trial: Trial) -> list[Waiting]:
    number = Delivery.objects.filter(trial=trial, state=DeliveryState.CHECKED).count()
    return [Waiting(number, _("Leveranser å ta stilling til"), _at(trial, "registers:deliveries"), number > 0)]


def _runs(user: User, trial: Trial) -> list[Waiting]:
    number = Run.objects.filter(trial=trial, state__in=UNDER_WAY).count()
    return [
        Waiting(number, _("Kjøringer i gang"), _at(trial, "analyses:runs")),
        Waiting(len(releasable(user, trial)), _("Kjøringer som kan frigis"), _at(trial, "results:results")),
    ]


def _releases(user: User, trial: Trial) -> list[Waiting]:
    number = releases_waiting([trial]).exclude(requested_by=user).count()
    return [Waiting(number, _("Resultater å kontrollere"), _at(trial, "results:results"), number > 0)]


def _events(user: User, trial: Trial) -> list[Waiting]:
    midnight = clock.now().astimezone(clock.OSLO).replace(hour=0, minute=0, second=0, microsecond=0)
    number = AuditEvent.objects.filter(trial=trial.code, time__gte=midnight).count()
    return [Waiting(number, _("Hendelser i dag"), _at(trial, "home:audit"))]


def _at(trial: Trial, address: str) -> str:
    return reverse(address, args=[trial.code])


def _group(trial: Trial, group: str) -> str:
    return f"{_at(trial, 'enrolment:participants')}?group={group}"


COUNTED: dict[P, Callable[[User, Trial], list[Waiting]]] = {
    P.LOCK_PROTOCOL: _protocol,
    P.MANAGE_TRIAL: _corrections,
    P.ENROL: _people,
    P.DRAW: _numbers,
    P.SURVEY: _questionnaires,
    P.ASSIGN: _unassigned,
    P.FOLLOW_UP: _own_people,
    P.DECIDE_DELIVERY: _deliveries,
    P.RUN_ANALYSIS: _runs,
    P.RELEASE_RESULTS: _releases,
    P.OPEN_TRIAL: _opening,
    P.SEE_AUDIT: _events,
}
STEPPED_AT = {TrialState.DRAFTING: "allocation:protocol", TrialState.DATA_LOCKED: "allocation:opening"}
