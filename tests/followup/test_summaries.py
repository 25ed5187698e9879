"""What the database keeps added up is what a plain recount of every row gives, after any life and after a COPY."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import ProgrammingError, connection, transaction

from tests.cast import Cast, acting
from tests.followup.people import drawn, employer, specialist
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.clock import SimulatedClock
from trial.enrolment.models import Participant
from trial.followup import actions
from trial.followup.models import (
    ANY_MEASURE,
    Assignment,
    CaseSummary,
    Contact,
    ContactKind,
    Counterpart,
    Employer,
    Enquiry,
    InMeasure,
    Job,
    Measure,
    Outcome,
    StageSpell,
)
from trial.followup.states import TRANSITIONS, Stage

CODES = ("ARBTREN", "MENTOR", "INDOPPFAG", "ENKELAMO")


def recounted() -> dict[object, dict[str, object]]:
    """Every person's summary, counted row by row in Python from the tables themselves."""
    with maintenance():
        return {person.pk: _recount(person) for person in Participant.objects.all() if _has_rows(person)}


def _has_rows(person: Participant) -> bool:
    return any(
        model.objects.filter(participant=person).exists()
        for model in (Assignment, StageSpell, Contact, Enquiry, Job, Measure)
    )


def _recount(person: Participant) -> dict[str, object]:
    assignments = sorted(Assignment.objects.filter(participant=person), key=lambda row: (row.start, row.pk))
    stages = list(StageSpell.objects.filter(participant=person))
    contacts = list(Contact.objects.filter(participant=person))
    jobs = list(Job.objects.filter(participant=person))
    now = next((row for row in assignments if row.end is None), None)
    stage = next((row for row in stages if row.end is None), None)
    ended = max((row.end for row in assignments), default=None) if not now else None
    paid = [row for row in jobs if row.kind != "practice"]
    since = min((row.start for row in assignments), default=date.max)
    begun = [row for row in jobs if row.start >= since]
    asked = [row.day for row in Enquiry.objects.filter(participant=person)]
    measures = [
        row.start
        for row in Measure.objects.filter(participant=person)
        if row.group != "follow_up" and row.start >= since
    ]
    at_employers = [
        row.day for row in contacts if row.kind in ("workplace", "three_way") or row.counterpart in ("employer", "both")
    ]
    return {
        "specialist_id": now.specialist_id if now else None,
        "responsible_id": assignments[-1].specialist_id if assignments else None,
        "first_assigned": _first(row.start for row in assignments),
        "assigned_since": now.start if now else None,
        "last_ended": ended,
        "stage": stage.stage if stage else "",
        "stage_since": stage.start if stage else None,
        "stage_contacts": [_contacts_in(each, stages, contacts) for each in Stage],
        "stage_days": [
            sum((row.end - row.start).days for row in stages if row.stage == each and row.end) for each in Stage
        ],
        "contacts": len(contacts),
        "minutes": sum(row.minutes for row in contacts),
        "first_contact": _first(row.day for row in contacts if _with_the_person(row)),
        "last_contact": max((row.day for row in contacts if _with_the_person(row)), default=None),
        "first_employer": _first([*at_employers, *asked]),
        "first_three_way": _first(row.day for row in contacts if row.kind == "three_way"),
        "first_job": _first(row.start for row in begun),
        "first_paid": _first(row.start for row in begun if row.kind != "practice"),
        "first_ordinary": _first(row.start for row in begun if row.kind == "ordinary"),
        "first_measure": _first(measures),
        "paid_at_end": None if ended is None else any(row.start <= ended <= (row.end or date.max) for row in paid),
    }


def _with_the_person(row: Contact) -> bool:
    return row.kind == "three_way" or row.counterpart in ("participant", "both")


def _first(days: Iterable[date]) -> date | None:
    return min(days, default=None)


def _contacts_in(stage: Stage, spells: list[StageSpell], contacts: list[Contact]) -> int:
    mine = [row for row in spells if row.stage == stage]
    return sum(row.start <= contact.day < (row.end or date.max) for row in mine for contact in contacts)


def summaries() -> dict[object, dict[str, object]]:
    """The summaries as the database keeps them."""
    names = [field.attname for field in CaseSummary._meta.concrete_fields]
    left_out = {"participant_id", "trial_id", "office_id"}
    with maintenance():
        rows = list(CaseSummary.objects.values(*names))
    return {row["participant_id"]: {key: row[key] for key in row if key not in left_out} for row in rows}


def days_in_measures() -> dict[tuple[object, str], set[date]]:
    """Every single day that anyone was in a measure of a group, from the measures."""
    found: dict[tuple[object, str], set[date]] = defaultdict(set)
    with maintenance():
        for row in Measure.objects.all():
            for group in (row.group, ANY_MEASURE):
                found[row.participant_id, group] |= set(_days(row.start, row.end))
    return dict(found)


def joined_days() -> dict[tuple[object, str], set[date]]:
    """The same days from what the database keeps; no day of a group may come twice."""
    found: dict[tuple[object, str], set[date]] = defaultdict(set)
    with maintenance():
        for row in InMeasure.objects.all():
            days = set(_days(row.start, row.end))
            assert not found[row.participant_id, row.group] & days
            found[row.participant_id, row.group] |= days
    return dict(found)


def _days(start: date, end: date | None) -> list[date]:
    last = end or date(2027, 12, 31)
    return [start + timedelta(days=place) for place in range((last - start).days + 1)]


def _live(cast: Cast, time: SimulatedClock, rng: np.random.Generator, steps: int) -> None:
    """Let Jon and Siri do this and that about three people; what a rule refuses is not done."""
    post, known = specialist(cast), employer(cast)
    people = [drawn(cast, "intervention") for _person in range(3)]
    for _step in range(steps):
        time.advance(timedelta(days=int(rng.integers(0, 9))))
        person = people[int(rng.integers(len(people)))]
        deed = DEEDS[int(rng.integers(len(DEEDS)))]
        try:
            with acting(cast.siri), transaction.atomic():
                person.refresh_from_db()
                deed(cast, person, (post, known), rng)
        except Refusal:
            continue


def _one(rng: np.random.Generator, choices: Iterable[object]) -> object:
    known = list(choices)
    return known[int(rng.integers(len(known)))]


def _assign(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    actions.assign(by=cast.siri, participant=person, specialist=known[0])


def _end(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    actions.end_assignment(by=cast.siri, participant=person, reason="Prøve")


def _contact(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    kind, counterpart = _one(rng, ContactKind.values), _one(rng, Counterpart.values)
    actions.log_contact(
        by=cast.siri, participant=person, kind=kind, counterpart=counterpart, minutes=int(rng.integers(1, 90))
    )


def _stage(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    spell = person.stages.filter(end=None).first()
    actions.move_stage(
        by=cast.siri,
        participant=person,
        stage=_one(rng, sorted(TRANSITIONS[Stage(spell.stage)])) if spell else "profile",
    )


def _measure(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    start = _today() - timedelta(days=int(rng.integers(0, 30)))
    end = start + timedelta(days=int(rng.integers(0, 40))) if rng.random() < 0.7 else None
    actions.record_measure(by=cast.siri, participant=person, code=_one(rng, CODES), start=start, end=end)


def _job(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    employers: tuple[object, Employer] = known
    start = _today() - timedelta(days=int(rng.integers(0, 30)))
    ended = {"end": _today(), "end_reason": "other"} if rng.random() < 0.5 else {}
    kind = _one(rng, ("ordinary", "subsidised", "practice"))
    actions.record_job(
        by=cast.siri, participant=person, employer=employers[1], kind=kind, hours=20, permanent=True,
        found="network", start=start, **ended,
    )  # fmt: skip


def _enquiry(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    actions.log_enquiry(by=cast.siri, employer=known[1], participant=person, outcome=_one(rng, Outcome.values))


def _correct(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    contact = person.contacts.first()
    if contact:
        kind, back = _one(rng, ContactKind.values), int(rng.integers(0, 20))
        actions.correct_contact(
            by=cast.siri, contact=contact, kind=kind, minutes=int(rng.integers(1, 90)),
            day=_today() - timedelta(days=back), counterpart=_one(rng, Counterpart.values),
        )  # fmt: skip


def _correct_measure(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    measure = person.measures.first()
    if measure:
        start = measure.start - timedelta(days=int(rng.integers(0, 30)))
        actions.correct_measure(by=cast.siri, measure=measure, code=_one(rng, CODES), start=start, end=measure.end)


def _take_back(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    rows = _one(rng, (person.contacts, person.measures, person.jobs, person.enquiries))
    row = rows.first()
    if row:
        actions.take_back(by=cast.siri, row=row, reason="twice")


def _complete(cast: Cast, person: Participant, known: tuple, rng: np.random.Generator) -> None:
    if rng.random() < 0.2:
        actions.complete(by=cast.siri, participant=person)


def _today() -> date:
    return clock.today()


DEEDS = (
    *(_assign, _assign, _end, _contact, _contact, _contact, _stage, _measure, _measure, _job, _enquiry, _complete),
    *(_correct, _correct_measure, _take_back),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_summaries_are_a_recount_after_whatever_happened(
    cast: Cast, simulated_clock: SimulatedClock, seed: int
) -> None:
    _live(cast, simulated_clock, np.random.default_rng(seed), steps=90)
    assert summaries()
    assert summaries() == recounted()
    assert joined_days() == days_in_measures()


def test_control_a_row_that_no_trigger_saw_makes_the_recount_differ(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    _live(cast, simulated_clock, np.random.default_rng(1), steps=20)
    with maintenance(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE followup_contact DISABLE TRIGGER summarise_update")
        cursor.execute("UPDATE followup_contact SET minutes = 720")
    assert summaries() != recounted()


@pytest.mark.parametrize("user", ["jon", "siri", "coordinator"])
@pytest.mark.parametrize("table", ["followup_casesummary", "followup_inmeasure"])
def test_nobody_writes_a_summary(cast: Cast, user: str, table: str) -> None:
    change = f"UPDATE {table} SET office_id = office_id"  # noqa: S608 - one of two names above
    with acting(getattr(cast, user)), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(change)
