"""What was answered at the start, as the comparison of arms sees it: kept when answers are final."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection

from tests.cast import acting
from tests.surveys.asked import ABILITY, GIVEN, SURE, asking, code_for, holding, invited
from trial.access.planes import maintenance
from trial.surveys.actions import open_waves, save_answers, submit, type_answers
from trial.surveys.design import save_item
from trial.surveys.instruments import read
from trial.surveys.models import BaselineScore, Instrument, Invitation
from trial.surveys.queries import Score, baseline_scores

pytestmark = pytest.mark.slow


@pytest.fixture
def asked(cast):
    return asking(cast)


def scores(asked):
    with acting(asked.coordinator):
        return {instrument: score for instrument, _arm, score in baseline_scores(asked.trial)}


def answered(asked, ability):
    invitation = invited(asked)
    with holding(code_for(asked, invitation)):
        submit(by=None, invitation=invitation, answers=GIVEN | {ABILITY: ability})
    return invitation


def test_scores_are_means_over_people_of_the_means_of_their_numbers(asked):
    answered(asked, "4")
    answered(asked, "8")
    found = scores(asked)
    assert found["Arbeidsevne"] == Score(2, 6.0, pytest.approx(8**0.5))
    assert found["Tro på å klare å jobbe"] == Score(2, 7.0, 0.0)
    assert len(found) == 2  # nobody knew when


def test_digits_in_a_free_text_are_no_number_of_the_score(asked):
    with acting(asked.lead):
        born = read([{"code": "born", "kind": "text", "question": {"nb": "Når sluttet du i jobb?"}}])[0]
        save_item(by=asked.lead, instrument=Instrument.objects.get(code="work_ability"), item=born)
    invitation = invited(asked)
    with holding(code_for(asked, invitation)):
        submit(by=None, invitation=invitation, answers=GIVEN | {(ABILITY[0], "born"): "2019"})
    assert scores(asked)["Arbeidsevne"] == Score(1, 7.0, 0.0)


def test_answers_that_are_not_final_do_not_count(asked):
    invitation = invited(asked)
    with holding(code_for(asked, invitation)):
        save_answers(by=None, invitation=invitation, answers=GIVEN)
    assert scores(asked) == {}


def test_of_a_paper_what_both_typed_counts(asked):
    invitation = invited(asked)
    with holding(code_for(asked, invitation)):
        save_answers(by=None, invitation=invitation, answers={ABILITY: "1"})
    for typist in (asked.kari, asked.siri):
        assert scores(asked) == {}
        with acting(typist):
            type_answers(by=typist, invitation=invitation, answers={ABILITY: "9"})
    assert scores(asked) == {"Arbeidsevne": Score(1, 9.0, 0.0)}


def test_later_waves_change_nothing(asked, simulated_clock):
    first = answered(asked, "4")
    before = scores(asked)
    simulated_clock.advance(timedelta(days=95))
    with acting(asked.kari):
        open_waves(by=asked.kari, trial=asked.trial)
        later = Invitation.objects.select_related("wave", "trial", "participant", "office").get(
            participant=first.participant_id, wave__code="T2"
        )
    with holding(code_for(asked, later)):
        submit(by=None, invitation=later, answers={ABILITY: "9", SURE[0]: "1"})
    assert scores(asked) == before
    with maintenance():
        assert BaselineScore.objects.count() == len(before)


@pytest.mark.parametrize("who", ["coordinator", "kari", "analyst", "lead"])
def test_nobody_reads_the_score_of_one_person(asked, who):
    answered(asked, "4")
    with pytest.raises(ProgrammingError, match="permission denied"), acting(getattr(asked, who)):
        list(BaselineScore.objects.all())


@pytest.mark.parametrize("who", ["coordinator", "kari", "analyst"])
def test_nobody_scores_by_hand(asked, who):
    with pytest.raises(ProgrammingError, match="permission denied"), acting(getattr(asked, who)):
        connection.cursor().execute("SELECT surveys_score(ARRAY[]::uuid[])")
