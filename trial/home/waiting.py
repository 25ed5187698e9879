"""What waits for whom: for each right the things it lets someone do, counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from trial.access.models import User
from trial.access.permissions import Permission as P
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
from trial.studies.models import Trial
from trial.studies.queries import memberships_of, offices_of
from trial.studies.states import NEXT_STEP, TrialState


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


def next_step(user: User, trial: Trial) -> str:
    """What the trial lead does next; empty for everyone else and when nothing is left to do."""
    leads = P.MANAGE_TRIAL in permissions_in(memberships_of(user), trial)
    return str(NEXT_STEP[TrialState(trial.state)]) if leads else ""


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
    portfolio = reverse("followup:portfolio", args=[trial.code])
    label = _("Ikke kontaktet på %(days)s dager") % {"days": QUIET_DAYS}
    return [Waiting(followed, _("I porteføljen din"), portfolio), Waiting(quiet, label, portfolio, urgent=quiet > 0)]


def _unassigned(user: User, trial: Trial) -> list[Waiting]:
    number = waiting_at(offices_of(user, trial, needing=P.ASSIGN)).count()
    board = reverse("followup:caseloads", args=[trial.code])
    return [Waiting(number, _("Venter på jobbspesialist"), board, urgent=number > 0)]


def _deliveries(user: User, trial: Trial) -> list[Waiting]:
    number = Delivery.objects.filter(trial=trial, state=DeliveryState.CHECKED).count()
    return [Waiting(number, _("Leveranser å ta stilling til"), reverse("registers:deliveries", args=[trial.code]))]


def _runs(user: User, trial: Trial) -> list[Waiting]:
    number = Run.objects.filter(trial=trial, state__in=UNDER_WAY).count()
    return [Waiting(number, _("Kjøringer i gang"), reverse("analyses:runs", args=[trial.code]))]


def _events(user: User, trial: Trial) -> list[Waiting]:
    midnight = clock.now().astimezone(clock.OSLO).replace(hour=0, minute=0, second=0, microsecond=0)
    number = AuditEvent.objects.filter(trial=trial.code, time__gte=midnight).count()
    return [Waiting(number, _("Hendelser i dag"), reverse("home:audit", args=[trial.code]))]


def _group(trial: Trial, group: str) -> str:
    return f"{reverse('enrolment:participants', args=[trial.code])}?group={group}"


COUNTED: dict[P, Callable[[User, Trial], list[Waiting]]] = {
    P.ENROL: _people,
    P.ASSIGN: _unassigned,
    P.FOLLOW_UP: _own_people,
    P.DECIDE_DELIVERY: _deliveries,
    P.RUN_ANALYSIS: _runs,
    P.SEE_AUDIT: _events,
}
