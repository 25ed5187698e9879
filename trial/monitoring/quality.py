"""What is behind with the data: register coverage, and counts of what should have been written and is not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.audit import clock
from trial.enrolment.models import Consent, ConsentForm, Participant
from trial.enrolment.states import ParticipantState
from trial.followup.models import CaseSummary, Deviation, Measure
from trial.followup.states import UNDER_FOLLOW_UP
from trial.registers.queries import latest_by_register
from trial.studies.models import Trial
from trial.surveys.queries import Standing
from trial.surveys.states import UNANSWERED, InvitationState

DAYS_TO_DRAW = 14
QUIET_DAYS = 30
ALL = Q(trial__isnull=False)
LONGEST_MEASURE = 2 * 365  # days; an open measure that began longer ago was probably never ended


@dataclass(frozen=True)
class Lag:
    """Something that is behind: how many cases, of how many that it could be."""

    label: str | Promise
    number: int
    of: int


def registers_in(trial: Trial) -> list[dict[str, Any]]:
    """Each register of the trial with its delivery in force (or None) and the newest; three queries."""
    return latest_by_register(trial)


def lags_in(trial: Trial, questionnaires: list[Standing]) -> list[Lag]:
    """What is behind in a trial, as far as the reader's rows reach; one query beside the questionnaires counted."""
    parts = {"people": _people(trial), "cases": _cases(trial), "measures": _measures(trial),
             "deviations": _deviations(trial)}  # fmt: skip
    first, *others = [_counted(name, *part) for name, part in parts.items()]
    found = {name: numbers for name, *numbers in first.union(*others, all=True)}
    found["questionnaires"] = _questionnaires(questionnaires)
    return [
        Lag(label, *found.get(name, NOTHING)[2 * place : 2 * place + 2])
        for name, labels in LABELS.items()
        for place, label in enumerate(labels)
    ]


LABELS: dict[str, tuple[str | Promise, ...]] = {
    "people": (
        _("Meldt inn for mer enn 14 dager siden, ikke trukket"),
        _("Registrert for mer enn 30 dager siden, ikke meldt inn"),
        _("Har ikke samtykket til den nyeste versjonen"),
    ),
    "cases": (_("Hos jobbspesialist uten kontakt på 30 dager"),),
    "measures": (_("Tiltak uten sluttdato som begynte for mer enn to år siden"),),
    "deviations": (_("Avvik som ingen har forklart"),),
    "questionnaires": (
        _("Spørreskjemaer uten svar da fristen gikk ut"),
        _("Papirer som ikke er skrevet inn to ganger likt"),
    ),
}
PAIRS = 3  # the most pairs that a part counts
NOTHING = (0,) * 2 * PAIRS
Pair = tuple[Q, Q]  # those that are behind, and those who could be


def _counted(name: str, rows: Any, *pairs: Pair) -> Any:
    """One row with the numbers of the pairs, padded to the width that all parts share."""
    conditions = [condition for pair in pairs for condition in pair]
    numbers = [Count("pk", filter=condition) for condition in conditions]
    padded = [*numbers, *(Value(0) for _place in range(2 * PAIRS - len(numbers)))]
    named = {f"n{place}": number for place, number in enumerate(padded)}
    return rows.order_by().values("trial").annotate(part=Value(name), **named).values_list("part", *named)


def _people(trial: Trial) -> tuple[Any, *tuple[Pair, ...]]:
    now = clock.now()
    newest = ConsentForm.objects.filter(trial=trial).order_by("-version").values("pk")[:1]
    to_newest = Consent.objects.filter(trial=trial, withdrawn_at=None, form__in=newest).values("participant")
    enrolled = Q(state=ParticipantState.ENROLLED)
    begun = Q(state__in=[ParticipantState.REGISTERED, ParticipantState.CONSENTED])
    followed = Q(state__in=UNDER_FOLLOW_UP)
    return (
        Participant.objects.filter(trial=trial),
        (enrolled & Q(enrolled_at__lt=now - timedelta(days=DAYS_TO_DRAW)), enrolled),
        (begun & Q(registered_at__lt=now - timedelta(days=QUIET_DAYS)), begun),
        (followed & ~Q(key__in=to_newest), followed),
    )


def _cases(trial: Trial) -> tuple[Any, Pair]:
    quiet = clock.today() - timedelta(days=QUIET_DAYS)
    silent = Q(assigned_since__lt=quiet) & (Q(last_contact=None) | Q(last_contact__lt=quiet))
    return CaseSummary.objects.filter(trial=trial, specialist__isnull=False), (silent, ALL)


def _measures(trial: Trial) -> tuple[Any, Pair]:
    long_ago = clock.today() - timedelta(days=LONGEST_MEASURE)
    return Measure.objects.filter(trial=trial), (Q(end=None, start__lt=long_ago), Q(end=None))


def _deviations(trial: Trial) -> tuple[Any, Pair]:
    return Deviation.objects.filter(trial=trial), (Q(resolved_at=None), ALL)


def _questionnaires(counted: list[Standing]) -> list[int]:
    half_typed = {InvitationState.TYPED, InvitationState.DIFFERING}

    def number(those: Callable[[Standing], bool]) -> int:
        return sum(each.number for each in counted if those(each))

    return [
        number(lambda each: each.late and each.state in UNANSWERED - half_typed),
        number(lambda each: each.late and each.state != InvitationState.STOPPED),
        number(lambda each: each.state in half_typed),
        number(lambda each: each.typed),
    ]
