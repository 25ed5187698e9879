"""Departures from the protocol: recorded by people, found by rules, resolved with a reason."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext_lazy as _

from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.models import Participant
from trial.followup import policies, steps
from trial.followup.models import TAKING_BACK, Deviation, DeviationKind, Measure, Retraction
from trial.followup.permissions import require_own_entry
from trial.followup.queries import arm_of, drawn_on, findings_in, guidelines_of
from trial.followup.queries.deviations import Finding
from trial.followup.sentences import obey
from trial.studies.models import Office, Trial
from trial.studies.permissions import require


@action
def record_deviation(
    *, by: User, participant: Participant, kind: str, reason: str, day: date | None = None
) -> Deviation:
    """Record that something departed from the protocol on `day` (today). Nothing else changes by it.

    The same recorded twice by the same user is one: a form was sent twice.

    Raises:
        Refusal: `not_allowed`, `unknown_kind`, `reason_missing`, `in_future`, `national_id_in_text`.
    """
    require(by, participant.trial, Permission.RECORD_DEVIATION, participant.office)
    refuse_national_id(reason=reason)
    steps.one_of(DeviationKind, kind, "kind")
    _reason_given(reason)
    day = day or clock.today()
    obey(policies.decide_day(day, clock.today()), field="day")
    participant, now = steps.locked(participant), clock.now()
    sent = participant.deviations.filter(kind=kind, reason=reason.strip(), day=day, recorded_by=by).first()
    if sent:
        return sent
    deviation = Deviation.objects.create(
        **steps.whose(participant),
        kind=kind,
        reason=reason.strip(),
        day=day,
        recorded_at=now,
        recorded_by=by,
        resolved_at=now,
        resolved_by=by,
    )
    record(by=by, verb="deviation_recorded", trial=participant.trial.code, subject=participant.number, kind=str(kind))
    return deviation


@action
def find_deviations(*, by: User | None, trial: Trial, offices: Iterable[Office]) -> list[Deviation]:
    """Record everything that the rules find at the offices and nobody has recorded yet; found twice, it stands once.

    Raises:
        Refusal: `not_allowed` at one of the offices.
    """
    chosen = list(offices)
    if by is not None:
        for office in chosen:
            require(by, trial, Permission.RECORD_DEVIATION, office)
    made = Deviation.objects.bulk_create(
        [_found(trial, finding) for finding in findings_in(trial, chosen)], ignore_conflicts=True
    )
    if made:
        record(by=by, verb="deviations_found", trial=trial.code, number=len(made))
    return made


@action
def resolve_deviation(*, by: User, deviation: Deviation, reason: str) -> Deviation:
    """Say why something found by a rule happened, or what was done about it. It stays counted.

    Raises:
        Refusal: `not_allowed`, `reason_missing`, `deviation_resolved`, `changed_meanwhile`, `national_id_in_text`.
    """
    require(by, deviation.trial, Permission.RECORD_DEVIATION, deviation.office)
    refuse_national_id(reason=reason)
    _reason_given(reason)
    deviation = _held(deviation)
    if deviation.retracted_at:
        steps.refuse_changed(field="reason")
    if (deviation.reason, deviation.resolved_by_id) == (reason.strip(), by.pk):
        return deviation  # a form sent twice
    if deviation.resolved_at is not None:
        raise Refusal("deviation_resolved", _("Avviket er allerede begrunnet. Last siden på nytt."), field="reason")
    deviation.changed(reason=reason.strip(), resolved_at=clock.now(), resolved_by=by)
    record(
        by=by,
        verb="deviation_resolved",
        trial=deviation.trial.code,
        subject=deviation.participant.number,
        kind=deviation.kind,
    )
    return deviation


@action
def take_back_deviation(*, by: User, deviation: Deviation, reason: str) -> Deviation:
    """Take back a deviation that is none: recorded on the wrong person, or found in what had not been written yet.

    It stays in the list of those taken back and counts no more. Whoever recorded it may, and whoever leads the
    office's follow-up; what a rule found only the latter.

    Raises:
        Refusal: `not_allowed`, `not_your_entry`, `unknown_kind`, `changed_meanwhile` where it does not stand.
    """
    require(by, deviation.trial, Permission.RECORD_DEVIATION, deviation.office)
    require_own_entry(by, deviation)
    deviation = _held(deviation)
    if deviation.retracted_at:
        if (deviation.retracted_by_id, deviation.retraction) != (by.pk, reason):
            steps.refuse_changed()
        return deviation  # a form sent twice
    steps.retract(by, deviation, reason, TAKING_BACK)
    record(
        by=by,
        verb="deviation_taken_back",
        trial=deviation.trial.code,
        subject=deviation.participant.number,
        kind=deviation.kind,
        reason=str(reason),
    )
    return deviation


def drop_groundless(by: User, participant: Participant) -> None:
    """Take back what a rule found in rows that have been corrected or taken back. Called inside actions only."""
    found = participant.deviations.filter(found=True)
    codes = participant.measures.filter(start__gte=drawn_on(participant) or date.max).values("code")
    dropped = list(found.filter(kind=DeviationKind.MEASURE_NOT_ALLOWED).exclude(fact__in=codes))
    if not (participant.contacts.exists() or participant.assignments.exists()):
        dropped += found.filter(kind=DeviationKind.CONTROL_FOLLOWED)
    for deviation in dropped:
        deviation.changed(retracted_at=clock.now(), retracted_by=by, retraction=Retraction.GROUNDLESS)


def note_contamination(participant: Participant, day: date) -> None:
    """Record at once that someone of the control group was contacted. Called inside actions only."""
    _note(participant, DeviationKind.CONTROL_FOLLOWED, day)


def note_measure(participant: Participant, measure: Measure, *, in_place_of: Measure | None = None) -> None:
    """Record at once that a measure begun after the draw is not allowed for the person's arm. What was known of the
    measure whose place it takes, and perhaps taken back, is not recorded again. Called inside actions only."""
    barred = guidelines_of(participant.trial).barred
    arm, drawn = (arm_of(participant), drawn_on(participant)) if barred else (None, None)
    if not arm or not drawn or measure.code not in barred.get(arm.code, ()) or measure.start < drawn:
        return
    if in_place_of is None or in_place_of.code != measure.code or in_place_of.start < drawn:
        _note(participant, DeviationKind.MEASURE_NOT_ALLOWED, measure.start, measure.code)


def _held(deviation: Deviation) -> Deviation:
    """The deviation as it is now, held until the action ends."""
    rows = Deviation.ever.select_for_update(of=("self",)).select_related("participant", "trial", "office")
    return rows.get(pk=deviation.pk)


def _note(participant: Participant, kind: DeviationKind, day: date, fact: str = "") -> None:
    finding = Finding(participant.pk, participant.office_id, kind, day, fact)
    Deviation.objects.bulk_create([_found(participant.trial, finding)], ignore_conflicts=True)


def _found(trial: Trial, finding: Finding) -> Deviation:
    return Deviation(
        participant_id=finding.participant,
        trial=trial,
        office_id=finding.office,
        kind=finding.kind,
        found=True,
        fact=finding.fact,
        day=finding.day,
        recorded_at=clock.now(),
    )


def _reason_given(reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason_missing", _("Skriv en begrunnelse."), field="reason", status=422)
