"""The answers to the trial's own questionnaires become a delivery like any other, checked and covered by consent."""

import pandas as pd
import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import acting
from tests.registers.files import stored
from tests.surveys.asked import GIVEN, asking, code_for, holding, invited
from trial.access.refusals import Refusal
from trial.enrolment.actions import withdraw
from trial.enrolment.states import Withdrawal
from trial.registers import snapshots
from trial.registers.actions import accept, begin_check, finish_check
from trial.registers.answers import deliver_answers
from trial.registers.checking import check
from trial.registers.models import Delivery
from trial.surveys.actions import submit

pytestmark = pytest.mark.slow


@pytest.fixture
def answered(cast):
    """Two people who have answered T1."""
    asking(cast)
    people = [invited(cast), invited(cast)]
    for invitation in people:
        with holding(code_for(cast, invitation)):
            submit(by=None, invitation=invitation, answers=GIVEN)
    return people


def test_the_answers_are_delivered_checked_and_accepted(cast, answered):
    with acting(cast.data_manager):
        delivery = deliver_answers(by=cast.data_manager, trial=cast.trial)
        begun = begin_check(by=None, delivery=delivery)
        found = finish_check(by=None, delivery=delivery, checked=check(begun))
        accepted = accept(by=cast.data_manager, delivery=found)
    assert (accepted.register, accepted.rows, accepted.accepted_rows, accepted.report["coverage"]) == (
        "survey",
        10,
        10,
        1,
    )
    frame = pd.read_parquet(stored(snapshots.snapshot(cast.trial.code, accepted.snapshot)))
    assert set(frame["wave"]) == {"T1"}
    assert dict(frame.groupby("instrument").size()) == {
        "expected_time_to_work": 2,
        "return_to_work_self_efficacy": 6,
        "work_ability": 2,
    }


def test_whoever_takes_the_consent_back_is_set_apart(cast, answered):
    with acting(cast.kari):
        withdraw(by=cast.kari, participant=answered[0].participant, meaning=Withdrawal.NEW_DATA)
    with acting(cast.data_manager):
        delivery = deliver_answers(by=cast.data_manager, trial=cast.trial)
        found = finish_check(by=None, delivery=delivery, checked=check(begin_check(by=None, delivery=delivery)))
    assert (found.accepted_rows, found.report["reasons"]) == (5, {"no_consent": 5})


def test_the_data_manager_fetches_them_with_a_button(cast, answered):
    client = Client()
    client.force_login(cast.data_manager)
    page = client.get(reverse("registers:deliveries", args=["se-klar"])).content.decode()
    assert "Hent svarene fra spørreskjemaene" in page
    answer = client.post(reverse("registers:deliver_answers", args=["se-klar"]))
    with acting(cast.data_manager):
        assert answer.headers["Location"] == reverse("registers:delivery", args=["se-klar", Delivery.objects.get().pk])


def test_without_answers_there_is_nothing_to_deliver(cast):
    asking(cast)
    with acting(cast.data_manager), pytest.raises(Refusal, match="no_answers"):
        deliver_answers(by=cast.data_manager, trial=cast.trial)


def test_only_the_data_manager_delivers(cast, answered):
    with acting(cast.analyst), pytest.raises(Refusal, match="not_allowed"):
        deliver_answers(by=cast.analyst, trial=cast.trial)
