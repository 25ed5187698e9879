"""Deviations fall away with the rows that grounded them, and what is none is taken back by hand and not found again."""

from datetime import timedelta

import pytest

from tests.cast import Cast, acting
from tests.followup.people import assigned, drawn
from tests.followup.test_corrections import BEFORE, TODAY, contact_of, measure_of
from tests.followup.test_deviations import USUAL
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.audit.clock import SimulatedClock
from trial.audit.models import AuditEvent
from trial.followup.actions import (
    correct_measure,
    find_deviations,
    record_deviation,
    set_guidelines,
    take_back,
    take_back_deviation,
)
from trial.followup.models import Deviation


def test_a_wrong_code_takes_its_deviation_with_it_and_a_right_one_brings_its_own(cast: Cast) -> None:
    participant = assigned(cast)
    _bar(cast, ["INDOPPFAG", "MENTOR"])
    wrong = measure_of(cast, participant, "INDOPPFAG")
    with acting(cast.jon):
        assert [row.fact for row in participant.deviations.all()] == ["INDOPPFAG"]
        right = correct_measure(by=cast.jon, measure=wrong, code="ARBTREN", start=TODAY)
        assert not participant.deviations.exists()
        barred = correct_measure(by=cast.jon, measure=right, code="MENTOR", start=TODAY)
        assert [row.fact for row in participant.deviations.all()] == ["MENTOR"]
        assert barred.group == "follow_up"
    with maintenance():
        assert Deviation.ever.get(fact="INDOPPFAG").retraction == "groundless"


def test_control_a_deviation_stays_while_another_row_still_grounds_it(cast: Cast) -> None:
    participant = assigned(cast)
    _bar(cast, ["ARBTREN"])
    first = measure_of(cast, participant, start=BEFORE, end=BEFORE)
    measure_of(cast, participant, start=TODAY)
    with acting(cast.jon):
        take_back(by=cast.jon, row=first, reason="twice")
        assert [row.fact for row in participant.deviations.all()] == ["ARBTREN"]


def test_a_measure_begun_before_the_draw_departs_from_no_protocol(cast: Cast) -> None:
    participant = assigned(cast)
    _bar(cast, ["ARBTREN"])
    measure = measure_of(cast, participant, start=BEFORE)
    with acting(cast.jon):
        assert not participant.deviations.exists()
        measure = correct_measure(by=cast.jon, measure=measure, code="ARBTREN", start=TODAY)
        assert participant.deviations.count() == 1
        correct_measure(by=cast.jon, measure=measure, code="ARBTREN", start=BEFORE)
        assert not participant.deviations.exists()


def test_what_was_taken_back_does_not_come_again_with_another_provider(cast: Cast) -> None:
    participant = assigned(cast)
    _bar(cast, ["ARBTREN"])
    measure = measure_of(cast, participant)
    with acting(cast.siri):
        take_back_deviation(by=cast.siri, deviation=participant.deviations.get(), reason="never_happened")
    with acting(cast.jon):
        measure = correct_measure(by=cast.jon, measure=measure, code="ARBTREN", start=TODAY, provider="Moss ASVO")
        correct_measure(by=cast.jon, measure=measure, code="ARBTREN", start=TODAY, provider="Moss ASVO")
        assert not participant.deviations.exists()


def test_contact_with_the_wrong_control_participant_is_no_contamination_and_a_new_one_is(cast: Cast) -> None:
    assigned(cast)
    control = drawn(cast, "control")
    wrong = contact_of(cast, control, in_control=True)
    with acting(cast.jon):
        assert control.deviations.count() == 1
        take_back(by=cast.jon, row=wrong, reason="other_person")
        assert control.deviations.count() == 0
    contact_of(cast, control, in_control=True)
    with acting(cast.siri):
        assert [row.kind for row in control.deviations.all()] == ["control_followed"]
        assert find_deviations(by=cast.siri, trial=cast.trial, offices=[cast.moss]) == []


def test_a_deviation_on_the_wrong_person_is_taken_back_by_its_author(cast: Cast) -> None:
    participant = drawn(cast, "control")
    with acting(cast.kari):
        made = record_deviation(by=cast.kari, participant=participant, kind="other", reason="Feil skjema")
        again = record_deviation(by=cast.kari, participant=participant, kind="other", reason="Feil skjema")
        assert made == again
    with acting(cast.jon), pytest.raises(Refusal, match="not_your_entry"):
        take_back_deviation(by=cast.jon, deviation=made, reason="other_person")
    with acting(cast.kari):
        for _click in range(2):
            take_back_deviation(by=cast.kari, deviation=made, reason="other_person")
        assert not participant.deviations.exists()
    with maintenance():
        assert AuditEvent.objects.filter(verb="deviation_taken_back").count() == 1


def test_what_the_supervisor_took_back_is_not_found_again_every_night(
    cast: Cast, simulated_clock: SimulatedClock
) -> None:
    drawn(cast, "intervention")
    simulated_clock.advance(timedelta(days=8))
    with acting(cast.siri):
        (found,) = find_deviations(by=cast.siri, trial=cast.trial, offices=[cast.moss])
        found = Deviation.objects.get()
        take_back_deviation(by=cast.siri, deviation=found, reason="never_happened")
        assert find_deviations(by=cast.siri, trial=cast.trial, offices=[cast.moss]) == []
        assert not Deviation.objects.exists()


def _bar(cast: Cast, codes: list[str]) -> None:
    with acting(cast.lead):
        set_guidelines(by=cast.lead, trial=cast.trial, **USUAL, barred={"intervention": codes})
    with acting(cast.jon):
        cast.trial.refresh_from_db()
