"""Departures from the protocol: what the rules find, what is recorded, and how many by arm."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.allocation.models import Allocation
from trial.audit import clock
from trial.followup.models import Contact, Deviation, DeviationKind, Measure, Retraction
from trial.followup.queries.caseloads import guidelines_of
from trial.followup.states import NOT_WITHDRAWN
from trial.studies.models import Office, Trial
from trial.studies.permissions import can, require
from trial.studies.queries import offices_of


@dataclass(frozen=True)
class Finding:
    """What a rule found. `fact` tells it from other findings of the kind about the same person; `day`: since when."""

    participant: UUID
    office: int
    kind: DeviationKind
    day: date
    fact: str = ""


def findings_in(trial: Trial, offices: Iterable[Office]) -> list[Finding]:
    """What the rules find at the offices and nobody has recorded yet; four queries, each for new findings only."""
    chosen = list(offices)
    rules = (_control_followed, _not_assigned, _not_contacted, _not_allowed)
    return [finding for rule in rules for finding in rule(trial, chosen)]


def _control_followed(trial: Trial, offices: list[Office]) -> Iterator[Finding]:
    """A participant of the control group whom someone of follow-up has been in contact with, or has as a case."""
    kind = DeviationKind.CONTROL_FOLLOWED
    contacts = Contact.objects.filter(participant=OuterRef("participant")).order_by("day")
    rows = (
        _drawn(trial, offices, kind)
        .filter(arm__is_control=True)
        .filter(
            Q(participant__case_summary__contacts__gt=0) | Q(participant__case_summary__first_assigned__isnull=False)
        )
        .annotate(day=Subquery(contacts.values("day")[:1]), assigned=F("participant__case_summary__first_assigned"))
    )
    for participant, office, contacted, assigned in rows.values_list("participant", "office", "day", "assigned"):
        yield Finding(participant, office, kind, min(filter(None, (contacted, assigned))))


def _not_assigned(trial: Trial, offices: list[Office]) -> Iterator[Finding]:
    """Drawn to follow-up, and not given to a specialist within the days that the trial allows."""
    yield from _late(trial, offices, DeviationKind.NOT_ASSIGNED, "first_assigned", guidelines_of(trial).days_to_assign)


def _not_contacted(trial: Trial, offices: list[Office]) -> Iterator[Finding]:
    """Drawn to follow-up, and within the days that the trial allows nobody was in contact with the person."""
    yield from _late(trial, offices, DeviationKind.NOT_CONTACTED, "first_contact", guidelines_of(trial).days_to_contact)


def _late(trial: Trial, offices: list[Office], kind: DeviationKind, happened: str, allowed: int) -> Iterator[Finding]:
    deadline = timedelta(days=allowed)
    first = f"participant__case_summary__{happened}"
    rows = (
        _drawn(trial, offices, kind)
        .filter(arm__is_control=False, participant__state__in=NOT_WITHDRAWN)
        .annotate(drawn_on=TruncDate("drawn_at", tzinfo=clock.OSLO))
        .filter(drawn_on__lt=clock.today() - deadline)
        .filter(Q(**{first: None}) | Q(**{f"{first}__gt": F("drawn_on") + deadline}))
    )
    for participant, office, drawn_on in rows.values_list("participant", "office", "drawn_on"):
        yield Finding(participant, office, kind, drawn_on + deadline + timedelta(days=1))


def _not_allowed(trial: Trial, offices: list[Office]) -> Iterator[Finding]:
    """A measure whose code the protocol does not allow for the person's arm, begun after the draw."""
    barred = guidelines_of(trial).barred
    kind = DeviationKind.MEASURE_NOT_ALLOWED
    for arm, codes in barred.items():
        known = _known(kind).filter(fact=OuterRef("code"))
        rows = Measure.objects.filter(
            ~Exists(known),
            trial=trial,
            office__in=offices,
            code__in=codes,
            participant__allocation__arm__code=arm,
            start__gte=TruncDate("participant__allocation__drawn_at", tzinfo=clock.OSLO),
        ).order_by("participant", "code", "start")
        for participant, office, code, start in rows.distinct("participant", "code").values_list(
            "participant", "office", "code", "start"
        ):
            yield Finding(participant, office, kind, start, code)


def _drawn(trial: Trial, offices: list[Office], kind: DeviationKind) -> QuerySet[Allocation]:
    """Everyone drawn at the offices about whom this has not been found before."""
    return Allocation.objects.filter(
        ~Exists(_known(kind)), trial=trial, office__in=offices, arm__isnull=False
    ).order_by()


def _known(kind: DeviationKind) -> QuerySet[Deviation]:
    """What has been found about the outer query's participant. What someone took back is not found again every night;
    what fell away because the rows behind it were corrected is, where it happens after all."""
    found = Deviation.ever.filter(participant=OuterRef("participant"), kind=kind, found=True)
    return found.exclude(retraction=Retraction.GROUNDLESS)


def deviations_at(offices: Iterable[Office], *, standing: bool = True) -> QuerySet[Deviation]:
    """The recorded deviations at the offices, which the caller has from `deviation_offices`; or those taken back."""
    rows = Deviation.objects.all() if standing else Deviation.ever.filter(retracted_at__isnull=False)
    return rows.filter(office__in=list(offices)).select_related(
        "participant", "office__nav_office", "recorded_by", "resolved_by", "retracted_by"
    )


def deviation_offices(user: User, trial: Trial) -> list[Office]:
    """The offices whose deviations a user may see."""
    needing = Permission.SEE_MONITORING if can(user, trial, Permission.SEE_MONITORING) else Permission.RECORD_DEVIATION
    require(user, trial, needing)
    return offices_of(user, trial, needing=needing)


def deviation_for(user: User, trial: Trial, key: int) -> Deviation:
    """A deviation at an office where the user records them, whether it stands or not; others get `not_found`."""
    rows = Deviation.ever.select_related("participant", "office__nav_office", "trial", "retracted_by", "resolved_by")
    deviation = rows.filter(trial=trial, pk=key).first()
    if deviation is None or not can(user, trial, Permission.RECORD_DEVIATION, deviation.office):
        raise not_found(_("Fant ikke avviket."))
    return deviation


def deviation_counts(trial: Trial) -> Counter[tuple[str, bool]]:
    """(kind, explained) -> deviations that stand, as far as the reader's rows reach."""
    explained = ExpressionWrapper(Q(resolved_at__isnull=False), BooleanField())
    rows = Deviation.objects.filter(trial=trial).order_by().annotate(explained=explained)
    return Counter({(kind, done): number for kind, done, number in
                    rows.values_list("kind", "explained").annotate(number=Count("pk"))})  # fmt: skip
