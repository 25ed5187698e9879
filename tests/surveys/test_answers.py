"""From a wave that opens to answers that count: who is asked, what is kept, and what stops it."""

from datetime import timedelta

import pytest
from django.db import connection

from tests.cast import acting
from tests.surveys.asked import ABILITY, GIVEN, SURE, TIME, asking, code_for, enrolled, holding, invited, opened_by
from trial.access import planes
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.allocation.queries import DRAW
from trial.audit.models import AuditEvent
from trial.enrolment.actions import withdraw
from trial.enrolment.states import Withdrawal
from trial.surveys.actions import make_letter, open_waves, save_answers, settle, submit, type_answers
from trial.surveys.extracts import questionnaires
from trial.surveys.models import Answer, Entry, Invitation, Link
from trial.surveys.queries import responses, standings, survey_rows
from trial.surveys.states import InvitationState

pytestmark = pytest.mark.slow


@pytest.fixture
def asked(cast):
    return asking(cast)


def waves_open(cast):
    with maintenance():
        return sorted(Invitation.objects.values_list("wave__code", "participant__number"))


def refused(code):
    return pytest.raises(Refusal, match=code)


def test_a_wave_opens_on_its_day_once_and_only_with_a_consent_that_covers_it(asked, simulated_clock):
    willing, unwilling = enrolled(asked), enrolled(asked, covers=False)
    for days, codes in ((0, ["T1"]), (80, ["T1"]), (6, ["T1", "T2"]), (300, ["T1", "T2", "T3"])):
        simulated_clock.advance(timedelta(days=days))
        with acting(asked.kari):
            open_waves(by=asked.kari, trial=asked.trial)
            assert open_waves(by=asked.kari, trial=asked.trial) == 0
        assert waves_open(asked) == [(code, willing.number) for code in codes]
    assert unwilling.number not in str(waves_open(asked))


def test_an_office_opens_waves_for_its_own_people_only(asked):
    mine = enrolled(asked)
    enrolled(asked, by=asked.hanne, office=asked.hurum)
    with acting(asked.kari):
        assert open_waves(by=asked.kari, trial=asked.trial) == 1
    assert waves_open(asked) == [("T1", mine.number)]


def test_whoever_withdraws_is_asked_no_more(asked, simulated_clock):
    begun, done = invited(asked), invited(asked)
    code = code_for(asked, begun)
    with holding(code_for(asked, done)):
        submit(by=None, invitation=done, answers=GIVEN)
    with acting(asked.kari):
        for each in (begun, done):
            withdraw(by=asked.kari, participant=each.participant, meaning=Withdrawal.FOLLOW_UP)
    with refused("survey_stopped"):
        opened_by(code)
    simulated_clock.advance(timedelta(days=92))
    with acting(asked.kari):
        assert open_waves(by=asked.kari, trial=asked.trial) == 0
        begun.refresh_from_db()
        done.refresh_from_db()
    assert (begun.state, done.state) == ("stopped", "answered")


def test_only_the_hash_of_a_code_is_kept(asked):
    invitation = invited(asked)
    code = code_for(asked, invitation)
    with maintenance():
        link = Link.objects.get()
        assert code not in str(vars(link))
        assert code.replace("-", "") not in str(vars(link))
        assert not AuditEvent.objects.filter(details__icontains=code).exists()
    assert opened_by(code.lower().replace("-", " ")).invitation.pk == invitation.pk


def test_answers_are_kept_as_they_come_and_count_when_they_are_sent(asked):
    invitation = invited(asked)
    code = code_for(asked, invitation)
    with holding(code):
        save_answers(by=None, invitation=invitation, answers={ABILITY: "3"})
        save_answers(by=None, invitation=invitation, answers={ABILITY: "7", SURE[0]: "5"})
    assert opened_by(code).answers == {ABILITY: "7", SURE[0]: "5"}
    with acting(asked.analyst):
        assert list(survey_rows(asked.trial)) == []
    with holding(code):
        submit(by=None, invitation=invitation, answers={TIME: "do_not_know", SURE[0]: ""})
    with acting(asked.analyst):
        rows = [(row["instrument"], row["item"], row["value"]) for row in survey_rows(asked.trial)]
    assert rows == [(*TIME, "do_not_know"), (*ABILITY, "7")]
    with refused("already_answered"):
        opened_by(code)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({ABILITY: "11"}, "impossible_answer"),
        ({ABILITY: "-1"}, "impossible_answer"),
        ({("work_ability", "other"): "1"}, "unknown_question"),
        ({("other", "work_ability"): "1"}, "unknown_question"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_kept(asked, answers, code):
    invitation = invited(asked)
    with holding(code_for(asked, invitation)), refused(code):
        save_answers(by=None, invitation=invitation, answers={TIME: "1"} | answers)
    with maintenance():
        assert not Answer.objects.exists()


def test_nothing_answered_is_not_sent(asked):
    invitation = invited(asked)
    with holding(code_for(asked, invitation)), refused("nothing_answered"):
        submit(by=None, invitation=invitation)


def test_after_the_window_a_link_says_so_and_the_office_may_still_type_a_late_paper(asked, simulated_clock):
    invitation = invited(asked)
    code = code_for(asked, invitation)
    simulated_clock.advance(timedelta(days=21))
    assert opened_by(code).invitation.pk == invitation.pk
    simulated_clock.advance(timedelta(days=1))
    with pytest.raises(Refusal) as late:
        opened_by(code)
    assert (late.value.code, late.value.status) == ("survey_closed", 410)
    assert "23.03.2026" in str(late.value.sentence)
    with acting(asked.kari), refused("survey_closed"):
        make_letter(by=asked.kari, invitation=invitation)
    with acting(asked.kari):
        assert type_answers(by=asked.kari, invitation=invitation, answers=GIVEN).state == InvitationState.TYPED


def test_a_paper_typed_alike_by_two_people_counts(asked):
    invitation = invited(asked)
    with acting(asked.kari):
        type_answers(by=asked.kari, invitation=invitation, answers=GIVEN | {SURE[0]: ""})
        with refused("same_person_twice"):
            type_answers(by=asked.kari, invitation=invitation, answers=GIVEN)
    with acting(asked.siri):
        typed = type_answers(by=asked.siri, invitation=invitation, answers=GIVEN | {SURE[0]: ""})
    assert (typed.state, typed.final_entry) == ("answered", Entry.AGREED)
    with acting(asked.analyst):
        assert len(list(survey_rows(asked.trial))) == 4


def test_a_paper_typed_differently_waits_for_somebody_to_look_at_it(asked):
    invitation = invited(asked)
    with acting(asked.kari):
        type_answers(by=asked.kari, invitation=invitation, answers=GIVEN)
        with refused("wrong_survey_state"):
            settle(by=asked.kari, invitation=invitation, answers={ABILITY: "6"})
    with acting(asked.siri):
        typed = type_answers(by=asked.siri, invitation=invitation, answers=GIVEN | {ABILITY: "1"})
        assert typed.state == InvitationState.DIFFERING
        with refused("wrong_survey_state"):
            type_answers(by=asked.siri, invitation=invitation, answers=GIVEN)
        settle(by=asked.siri, invitation=invitation, answers={ABILITY: "1"})
    with acting(asked.analyst):
        rows = {(row["instrument"], row["item"]): row["value"] for row in survey_rows(asked.trial)}
    assert rows == GIVEN | {ABILITY: "1"}


def test_what_two_typed_differently_is_not_settled_with_nothing(asked):
    invitation = invited(asked)
    for typist, value in ((asked.kari, "2"), (asked.siri, "3")):
        with acting(typist):
            type_answers(by=typist, invitation=invitation, answers={TIME: value})
    with acting(asked.siri), refused("nothing_answered"):
        settle(by=asked.siri, invitation=invitation, answers={TIME: ""})


def test_a_paper_typed_once_goes_along_with_whoever_moves_to_another_office(asked):
    invitation = invited(asked)
    code = code_for(asked, invitation)
    with acting(asked.kari):
        type_answers(by=asked.kari, invitation=invitation, answers=GIVEN)
    with planes.entered(DRAW), connection.cursor() as cursor:
        cursor.execute("SELECT allocation_move_person(%s, %s)", [invitation.participant_id, asked.hurum.pk])
    with acting(asked.kari):
        assert not Answer.objects.exists(), "the office that was left reads the answers no more"
    with acting(asked.hanne):
        moved = Invitation.objects.select_related("trial", "office", "participant", "wave").get()
        assert type_answers(by=asked.hanne, invitation=moved, answers=GIVEN).state == InvitationState.ANSWERED
        _opened, typed = questionnaires(moved.participant)
        assert len(typed.table) == 3 * len(GIVEN), "two typings, and what they agree on"
    with refused("already_answered"):
        opened_by(code)


def test_a_paper_counts_instead_of_what_was_begun_on_screen(asked):
    invitation = invited(asked)
    with holding(code_for(asked, invitation)):
        save_answers(by=None, invitation=invitation, answers={ABILITY: "1"})
    for typist in (asked.kari, asked.siri):
        with acting(typist):
            type_answers(by=typist, invitation=invitation, answers={TIME: "2"})
    with acting(asked.analyst):
        assert [row["value"] for row in survey_rows(asked.trial)] == ["2"]


def test_responses_are_counted_by_wave_and_arm(asked):
    first, _second = invited(asked), invited(asked)
    with holding(code_for(asked, first)):
        submit(by=None, invitation=first, answers=GIVEN)
    with acting(asked.coordinator):
        counted = responses(standings(asked.trial))
        by_arm = responses(standings(asked.trial, by_arm=True))
        arm = asked.trial.arms.get(code="intervention")
    assert (counted["T1", None].opened, counted["T1", None].answered, counted["T1", None].percent) == (2, 1, 50)
    assert list(by_arm) == [("T1", arm.pk)]
    assert by_arm["T1", arm.pk] == counted["T1", None]


@pytest.mark.parametrize("who", ["jon", "coordinator", "lead", "analyst"])
def test_letters_and_papers_are_the_office_s_business(asked, who):
    invitation = invited(asked)
    user = getattr(asked, who)
    with acting(user), refused("not_allowed"):
        make_letter(by=user, invitation=invitation)
    with acting(user), refused("not_allowed"):
        type_answers(by=user, invitation=invitation, answers=GIVEN)
