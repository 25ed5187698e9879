"""The questionnaires of a large trial, written straight into the tables, beside `trial.followup.scale`."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

from django.db import connection

from trial.audit.guards import writing
from trial.followup.scale_parts import World, at, gather, insert
from trial.surveys.instruments import read, written
from trial.surveys.models import Instrument, Invitation, Wave
from trial.surveys.standard import INSTRUMENTS, REMINDERS, WAVES

ANSWERED, BEGUN, TYPED = 0.6, 0.7, 0.72  # parts of the people, each with those before it


def add_questionnaires(world: World) -> None:
    """The study's waves, opened for everyone whose time has come; three of five have answered."""
    with writing():
        waves = _design(world)
    insert(
        "surveys_invitation",
        "key trial_id office_id participant_id wave_id state opens closes asked asked_on begun_at typed_at "
        "typed_by_id answered_at final_entry",
        _invitations(world, waves),
    )
    insert(
        "surveys_answer",
        "trial_id office_id invitation_id entry instrument item value saved_at saved_by_id",
        _answers(world, _answered(world)),
    )
    _score(world)
    gather()


def _score(world: World) -> None:
    """What the database does by itself where answers are given before they are final."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT surveys_score(%s::uuid[])", [[person.key for person in world.people]])


def _design(world: World) -> list[Wave]:
    for standard in INSTRUMENTS:
        Instrument.objects.create(
            trial=world.trial, code=standard.code, title_nb=standard.title_nb, title_en=standard.title_en,
            items=[written(item) for item in read(standard.items)], changed_at=world.now, changed_by=world.staff.lead,
        )  # fmt: skip
    codes = [standard.code for standard in INSTRUMENTS]
    return [
        Wave.objects.create(trial=world.trial, reminders=list(REMINDERS), instruments=codes, **asdict(wave))
        for wave in WAVES
    ]


def _invitations(world: World, waves: list[Wave]) -> Iterator[tuple]:
    for person in world.people:
        for wave in waves:
            window = wave.window_for(at(person.drawn))
            if window.opens > world.today:
                continue
            state, done = _state(world), at(min(world.today, window.opens + timedelta(days=3)))
            typed = done if state == "typed" else None
            answered = done if state == "answered" else None
            yield (
                world.key(), world.trial.pk, person.office.pk, person.key, wave.pk, state, window.opens, window.closes,
                1, window.opens, done if state != "opened" else None, typed,
                world.staff.supervisors[0].pk if typed else None, answered, "own" if answered else "",
            )  # fmt: skip


def _state(world: World) -> str:
    drawn = world.rng.random()
    if drawn < ANSWERED:
        return "answered"
    return "begun" if drawn < BEGUN else "typed" if drawn < TYPED else "opened"


def _answered(world: World) -> list[tuple]:
    """Read before the copying begins, which has the connection to itself."""
    rows = Invitation.objects.filter(trial=world.trial, state="answered").order_by("pk")
    return list(rows.values_list("pk", "office", "answered_at"))


def _answers(world: World, answered: list[tuple]) -> Iterator[tuple]:
    """Numbers for every question that has any."""
    items = [(standard.code, item) for standard in INSTRUMENTS for item in read(standard.items)]
    for key, office, moment in answered:
        for instrument, item in items:
            value = item.values[int(world.rng.integers(len(item.values)))]
            yield world.trial.pk, office, key, "own", instrument, item.code, value, moment, None
