"""The table of participant states."""

import pytest

from trial.access.refusals import Refusal
from trial.enrolment.states import (
    BEFORE_ENROLMENT,
    LABELS,
    TRANSITIONS,
    WITHDRAWALS,
    ParticipantState,
    Withdrawal,
    goes_further,
    next_state,
)


def test_every_state_and_withdrawal_has_a_label_and_every_state_a_row():
    assert set(LABELS) == set(TRANSITIONS) == set(ParticipantState)
    assert set(WITHDRAWALS) == set(Withdrawal)


def test_whoever_is_enrolled_never_goes_back_before_enrolment():
    after = set(ParticipantState) - BEFORE_ENROLMENT
    assert not [(state, to) for state in after for to in TRANSITIONS[state] if to in BEFORE_ENROLMENT]


def test_everyone_can_withdraw_at_any_time():
    others = set(ParticipantState) - {ParticipantState.WITHDRAWN}
    assert all(ParticipantState.WITHDRAWN in TRANSITIONS[state] for state in others)


@pytest.mark.parametrize("present", ParticipantState)
@pytest.mark.parametrize("wanted", ParticipantState)
def test_a_step_is_taken_when_the_table_has_it_and_refused_otherwise(present, wanted):
    if wanted in TRANSITIONS[present]:
        assert next_state(present, wanted) == wanted
    else:
        with pytest.raises(Refusal, match="wrong_participant_state"):
            next_state(present, wanted)


def test_a_withdrawal_only_ever_takes_back_more():
    order = list(Withdrawal)
    assert all(goes_further("", meaning) for meaning in order)
    assert [(a, b) for a in order for b in order if goes_further(a, b)] == [
        (order[0], order[1]),
        (order[0], order[2]),
        (order[1], order[2]),
    ]
