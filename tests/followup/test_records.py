"""What specialists record: measures by code and date, contacts, stages, deviations; for their own people only."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from evaluation.codes import Measure as MeasureCode
from evaluation.national_id import synthetic_national_id
from tests.cast import Cast, acting, new_user
from tests.followup.people import assigned, drawn, specialist
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.audit.clock import SimulatedClock
from trial.audit.guards import WriteOutsideActionError, writing
from trial.followup.actions import (
    correct_contact,
    end_measure,
    log_contact,
    move_stage,
    record_deviation,
    record_measure,
)
from trial.followup.models import Contact, Measure
from trial.followup.policies import CODES_OF, Verdict, decide_code, decide_minutes, decide_overlap, decide_spell
from trial.followup.states import TRANSITIONS, Stage, next_stage
from trial.studies.actions import add_member

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        (date(2026, 3, 2), None, Verdict.ACCEPTED),
        (date(2026, 3, 2), date(2026, 3, 2), Verdict.ACCEPTED),
        (date(2026, 3, 2), date(2026, 3, 1), Verdict.END_BEFORE_START),
        (date(2026, 3, 3), None, Verdict.IN_FUTURE),
        (date(2026, 3, 1), date(2026, 9, 1), Verdict.ACCEPTED),
    ],
)
def test_a_measure_has_begun_and_ends_after_it_began(start: date, end: date | None, verdict: Verdict) -> None:
    assert decide_spell(start=start, end=end, today=TODAY) == verdict


@pytest.mark.parametrize(
    ("start", "end", "clear"),
    [
        (date(2026, 1, 1), date(2026, 1, 9), True),
        (date(2026, 1, 1), date(2026, 1, 10), False),
        (date(2026, 1, 20), None, False),
        (date(2026, 1, 21), None, True),
        (date(2026, 1, 1), None, False),
    ],
)
def test_the_same_measure_never_overlaps_itself_by_a_day(start: date, end: date | None, clear: bool) -> None:
    verdict = decide_overlap((start, end), [(date(2026, 1, 10), date(2026, 1, 20))])
    assert (verdict == Verdict.ACCEPTED) == clear


@pytest.mark.parametrize(
    ("status", "before", "after"),
    [("active", True, True), ("rare", True, True), ("phasing_out", True, False), ("new", False, True)],
)
def test_a_code_is_valid_by_its_status_and_the_first_day(status: str, before: bool, after: bool) -> None:
    code = MeasureCode("X", "Et tiltak", "training", status)
    assert (decide_code(code, CODES_OF - timedelta(days=1)) == Verdict.ACCEPTED) == before
    assert (decide_code(code, CODES_OF) == Verdict.ACCEPTED) == after


@pytest.mark.parametrize(("minutes", "possible"), [(0, False), (1, True), (720, True), (721, False)])
def test_a_contact_lasts_at_most_a_long_day(minutes: int, possible: bool) -> None:
    assert (decide_minutes(minutes) == Verdict.ACCEPTED) == possible


def test_every_stage_can_be_reached_and_left_and_leads_to_others_only() -> None:
    assert set(TRANSITIONS) == set(Stage) == set().union(*TRANSITIONS.values())
    assert all(stage not in following for stage, following in TRANSITIONS.items())
    with pytest.raises(Refusal, match="unknown_stage"):
        next_stage("contact", "finished")


def test_a_measure_is_recorded_and_ended_once(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        measure = record_measure(
            by=cast.jon, participant=participant, code="ARBTREN", start=TODAY, provider="Moss Bakeri"
        )
        simulated_clock.advance(timedelta(days=60))
        end_measure(by=cast.jon, measure=measure, end=date(2026, 4, 30))
        with pytest.raises(Refusal) as refused:
            end_measure(by=cast.jon, measure=measure, end=date(2026, 4, 1))
    assert (refused.value.code, refused.value.field) == ("measure_ended", "end")
    with maintenance():
        kept = Measure.objects.get()
    assert (kept.end, kept.ended_at, kept.name) == (date(2026, 4, 30), simulated_clock.moment, "Arbeidstrening")


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"code": "FINNESIKKE"}, "unknown_code", "code"),
        ({"code": "PRAKSORD"}, "code_not_valid", "code"),
        ({"start": date(2026, 3, 3)}, "in_future", "start"),
        ({"end": date(2026, 1, 31)}, "end_before_start", "end"),
        ({"provider": synthetic_national_id(date(1980, 1, 1), 1)}, "national_id_in_text", "provider"),
    ],
)
def test_an_impossible_measure_is_refused_at_its_field(
    cast: Cast, values: dict[str, object], code: str, field: str
) -> None:
    participant = assigned(cast)
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        record_measure(
            by=cast.jon, participant=participant, **({"code": "ARBTREN", "start": date(2026, 2, 1)} | values)
        )
    assert (refused.value.code, refused.value.field) == (code, field)
    with maintenance():
        assert not Measure.objects.exists()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [("ARBTREN", "ARBTREN", "measure_overlaps"), ("VARLONTIL", "MIDLONTIL", "measure_group_overlaps")],
)
def test_a_measure_is_not_ended_later_than_the_next_one_began(
    cast: Cast, simulated_clock: SimulatedClock, first: str, second: str, code: str
) -> None:
    participant = assigned(cast)
    simulated_clock.advance(timedelta(days=60))
    with acting(cast.jon):
        planned = record_measure(by=cast.jon, participant=participant, code=first, start=TODAY, end=date(2026, 3, 31))
        record_measure(by=cast.jon, participant=participant, code=second, start=date(2026, 4, 1))
        with pytest.raises(Refusal) as refused:
            end_measure(by=cast.jon, measure=planned, end=date(2026, 4, 15))
        assert (refused.value.code, refused.value.field) == (code, "end")
        assert end_measure(by=cast.jon, measure=planned, end=date(2026, 3, 20)).end == date(2026, 3, 20)


def test_different_measures_may_go_on_together_and_the_same_not(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 2, 1))
        record_measure(by=cast.jon, participant=participant, code="MENTOR", start=date(2026, 2, 1))
        with pytest.raises(Refusal, match="measure_overlaps"):
            record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=TODAY)


def test_the_database_itself_refuses_the_same_measure_twice(cast: Cast) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        measure = record_measure(by=cast.jon, participant=participant, code="ARBTREN", start=date(2026, 2, 1))
        measure.pk = None
        with writing(), pytest.raises(IntegrityError, match="measure_same_code_once"), transaction.atomic():
            measure.save(force_insert=True)


def test_nothing_is_written_outside_an_action(cast: Cast) -> None:
    participant = drawn(cast, "intervention")
    with acting(cast.siri), pytest.raises(WriteOutsideActionError):
        Measure.objects.create(participant=participant, trial=cast.trial, office=cast.moss, code="ARBTREN", start=TODAY)


def test_a_contact_sent_twice_is_one_contact(cast: Cast) -> None:
    participant, key = assigned(cast), uuid4()
    with acting(cast.jon):
        for _attempt in range(2):
            log_contact(by=cast.jon, participant=participant, kind="phone", minutes=15, key=key)
        assert Contact.objects.count() == 1


def test_a_key_is_one_contact_s_and_nothing_else_is_answered_with_it(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    participant, key, said = assigned(cast), uuid4(), {"kind": "phone", "minutes": 15}
    with acting(cast.jon):
        first = log_contact(by=cast.jon, participant=participant, key=key, **said)
        simulated_clock.advance(timedelta(days=1))
        assert log_contact(by=cast.jon, participant=participant, key=key, **said) == first
        for attempt in (
            lambda: log_contact(by=cast.jon, participant=participant, key=key, **said | {"note": "Enda en samtale"}),
            lambda: correct_contact(by=cast.jon, contact=first, key=key, **said | {"minutes": 20, "day": TODAY}),
        ):
            with pytest.raises(Refusal) as refused:
                attempt()
            assert (refused.value.code, refused.value.field) == ("key_taken", "key")
    with acting(cast.siri), pytest.raises(Refusal, match="key_taken"):
        log_contact(by=cast.siri, participant=participant, key=key, **said)
    with maintenance():
        assert Contact.objects.get() == first


def test_a_form_with_a_used_key_is_given_another_one(cast: Cast) -> None:
    """The way back in a browser shows the form that was sent, with its key; what is written there next is new."""
    participant, client = assigned(cast), Client()
    client.force_login(cast.jon)
    address = reverse("followup:act", args=[cast.trial.code, participant.number, "contact"])
    sent = {"kind": "phone", "counterpart": "participant", "minutes": 10, "day": "02.03.2026", "key": str(uuid4())}
    assert client.post(address, sent | {"note": "Den første"}).status_code == 302
    again = client.post(address, sent | {"note": "Den andre"})
    assert "Noe annet er lagret med samme nøkkel" in again.content.decode()
    (form,) = [each["form"] for each in again.context["offered"] if each["form"]]
    assert client.post(address, form.data | {"note": "Den andre"}).status_code == 302
    with maintenance():
        assert {contact.note for contact in Contact.objects.all()} == {"Den første", "Den andre"}


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"kind": "smoke"}, "unknown_kind", "kind"),
        ({"counterpart": "nobody"}, "unknown_kind", "counterpart"),
        ({"minutes": 0}, "minutes_out_of_range", "minutes"),
        ({"day": date(2026, 3, 3)}, "in_future", "day"),
        ({"note": synthetic_national_id(date(1980, 1, 1), 1)}, "national_id_in_text", "note"),
    ],
)
def test_an_impossible_contact_is_refused_at_its_field(
    cast: Cast, values: dict[str, object], code: str, field: str
) -> None:
    participant = assigned(cast)
    with acting(cast.jon), pytest.raises(Refusal) as refused:
        log_contact(by=cast.jon, participant=participant, **({"kind": "meeting", "minutes": 30} | values))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_stages_follow_the_table_and_keep_their_dates(cast: Cast, simulated_clock: SimulatedClock) -> None:
    participant = assigned(cast)
    with acting(cast.jon):
        simulated_clock.advance(timedelta(days=14))
        move_stage(by=cast.jon, participant=participant, stage="profile")
        with pytest.raises(Refusal) as refused:
            move_stage(by=cast.jon, participant=participant, stage="on_the_job")
        spells = [(spell.stage, spell.start, spell.end) for spell in participant.stages.all()]
    assert refused.value.code == "wrong_stage"
    assert spells == [("contact", TODAY, date(2026, 3, 16)), ("profile", date(2026, 3, 16), None)]


def test_nobody_is_followed_up_before_having_a_specialist(cast: Cast) -> None:
    specialist(cast)
    participant = drawn(cast, "intervention")
    with acting(cast.siri):
        with pytest.raises(Refusal, match="not_assigned"):
            log_contact(by=cast.siri, participant=participant, kind="meeting", minutes=30)
        with pytest.raises(Refusal, match="not_assigned"):
            move_stage(by=cast.siri, participant=participant, stage="profile")


def test_a_specialist_writes_about_own_people_only_and_the_supervisor_about_all(cast: Cast) -> None:
    participant = assigned(cast)
    with maintenance():
        colleague = new_user("colleague", "Janne Jobbspesialist")
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=colleague, role=Role.SPECIALIST, office=cast.moss)
    with acting(colleague), pytest.raises(Refusal, match="not_your_participant"):
        log_contact(by=colleague, participant=participant, kind="meeting", minutes=30)
    with acting(cast.kari), pytest.raises(Refusal, match="not_allowed"):
        log_contact(by=cast.kari, participant=participant, kind="meeting", minutes=30)
    with acting(cast.siri):
        log_contact(by=cast.siri, participant=participant, kind="meeting", minutes=30)


def test_a_deviation_has_a_reason_and_changes_nothing_else(cast: Cast) -> None:
    participant = drawn(cast, "control")
    with acting(cast.kari):
        with pytest.raises(Refusal, match="reason_missing"):
            record_deviation(by=cast.kari, participant=participant, kind="control_followed", reason=" ")
        record_deviation(by=cast.kari, participant=participant, kind="control_followed", reason="Misforståelse")
        participant.refresh_from_db()
        assert (participant.state, participant.deviations.get().reason) == ("allocated", "Misforståelse")
