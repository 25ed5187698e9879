"""An analysis uses nobody and no register that the consents do not cover, and says how many it left out."""

from datetime import timedelta

import pytest

from tests.analyses import life
from tests.analyses.test_runs import _carried_out, _requested
from tests.cast import acting
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.analyses import calculation
from trial.analyses.listing import kept_outside, run_facts
from trial.analyses.states import RunState
from trial.audit.guards import writing
from trial.enrolment.actions import withdraw
from trial.enrolment.models import Consent, Participant
from trial.enrolment.states import Withdrawal

pytestmark = pytest.mark.slow

NOBODY = {"persons_left_out": 0, "persons_not_covered": {}}


@pytest.fixture
def trial(lived, time):
    cast, plan = lived
    time.advance(timedelta(days=30))
    with acting(cast.kari):
        people = list(Participant.objects.filter(office=cast.moss).order_by("number"))
    return cast, plan, people


def _take_back(cast, participant, meaning):
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=participant, meaning=meaning)


def _change_covers(covers, **filters):
    """What no action does to a consent in force: change what it covers."""
    with maintenance(), writing():
        Consent.objects.filter(**filters).update(covers=covers)


def _ran(cast, plan):
    run = _carried_out(cast, _requested(cast, plan))
    assert (run.state, run.error) == (RunState.DONE, "")
    return run


def test_where_every_consent_covers_everything_nobody_is_left_out(trial):
    cast, plan, _people = trial
    run = _ran(cast, plan)
    assert run.manifest["consent"] == NOBODY
    assert kept_outside(run) == ""
    assert run.manifest["persons"] == 2 * life.PEOPLE_AN_OFFICE


def test_who_only_left_the_follow_up_is_analysed(trial):
    cast, plan, people = trial
    _take_back(cast, people[0], Withdrawal.FOLLOW_UP)
    assert _ran(cast, plan).manifest["consent"] == NOBODY


def test_who_gives_no_new_data_is_analysed_on_what_was_accepted_before(trial):
    cast, plan, people = trial
    _take_back(cast, people[0], Withdrawal.NEW_DATA)
    assert _ran(cast, plan).manifest["consent"] == NOBODY


def test_who_wants_everything_deleted_is_in_no_analysis(trial):
    cast, plan, people = trial
    _take_back(cast, people[0], Withdrawal.EVERYTHING)
    _take_back(cast, people[1], Withdrawal.EVERYTHING)
    run = _ran(cast, plan)
    assert run.manifest["persons"] == 2 * life.PEOPLE_AN_OFFICE - 2
    assert run.manifest["consent"]["persons_left_out"] == 2
    assert run.manifest["consent"]["persons_not_covered"]["employment"] == 2
    with acting(cast.analyst):
        told = next(row["value"] for row in run_facts(run) if row["label"] == "Uten samtykke")
    assert told.startswith("2 deltakere er holdt utenfor")
    assert kept_outside(run).startswith("2 deltakere er ikke med i tallene")


def test_whom_a_register_of_spells_does_not_cover_is_left_out_instead_of_counted_as_never(trial):
    cast, plan, people = trial
    covered = [code for code in cast.form.covers if code != "benefits"]
    _change_covers(covered, participant=people[0])
    run = _ran(cast, plan)
    assert run.manifest["consent"] == {"persons_left_out": 1, "persons_not_covered": {"benefits": 1}}
    assert run.manifest["persons"] == 2 * life.PEOPLE_AN_OFFICE - 1


def test_whose_background_is_not_covered_stays_with_missing_values(trial):
    cast, plan, people = trial
    _change_covers([code for code in cast.form.covers if code != "participants"], participant=people[0])
    run = _ran(cast, plan)
    assert run.manifest["consent"] == {"persons_left_out": 0, "persons_not_covered": {"participants": 1}}
    assert run.manifest["persons"] == 2 * life.PEOPLE_AN_OFFICE


def test_the_analysis_is_told_whom_a_register_was_not_asked_about(trial, monkeypatch):
    """So that no row of theirs means unknown: who does not consent to the income register has no income of nothing."""
    cast, plan, people = trial
    _change_covers([code for code in cast.form.covers if code != "participants"], participant=people[0])
    told, usual = {}, calculation.evaluate
    monkeypatch.setattr(calculation, "evaluate", lambda *given, **known: told.update(known) or usual(*given, **known))
    _ran(cast, plan)
    assert told["uncovered"]["participants"] == {people[0].number}
    assert told["uncovered"]["employment"] == frozenset()


def test_a_register_that_no_consent_covers_is_refused_with_the_number_of_people(trial):
    cast, plan, _people = trial
    _change_covers([code for code in cast.form.covers if code != "measures"], trial=cast.trial)
    with pytest.raises(Refusal, match="register_not_consented") as refused:
        _requested(cast, plan)
    assert str(2 * life.PEOPLE_AN_OFFICE) in str(refused.value.sentence)


def test_a_run_whose_last_consents_went_while_it_waited_fails_with_the_reason(trial):
    cast, plan, _people = trial
    run = _requested(cast, plan)
    _change_covers([], trial=cast.trial)
    run = _carried_out(cast, run)
    assert (run.state, run.error_code) == (RunState.FAILED, "nobody_covered")
