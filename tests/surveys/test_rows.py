"""Who reaches which questionnaires and answers, asked of PostgreSQL without any filter of ours."""

import pytest
from django.db import ProgrammingError, connection

from tests.cast import acting
from tests.surveys.asked import ABILITY, GIVEN, asking, code_for, holding, invited
from trial.access.planes import DatabaseRole, Plane, entered, maintenance
from trial.audit import clock
from trial.audit.guards import writing
from trial.enrolment.models import Participant
from trial.identity.models import IdentityRecord
from trial.surveys.actions import save_answers, type_answers
from trial.surveys.links import hash_of, plane_of
from trial.surveys.models import Answer, Entry, Invitation, Link

pytestmark = pytest.mark.slow
TABLES = [Invitation, Link, Answer]


@pytest.fixture
def two(cast):
    """Two people at Moss and Hurum who have begun to answer, with their codes."""
    asking(cast)
    here, there = invited(cast), invited(cast, by=cast.hanne, office=cast.hurum)
    with acting(cast.hanne):
        type_answers(by=cast.hanne, invitation=there, answers=GIVEN)
    code = code_for(cast, here)
    with holding(code):
        save_answers(by=None, invitation=here, answers={ABILITY: "7"})
    return here, there, code


def test_an_office_sees_its_own_people_s_questionnaires_only(cast, two):
    here, there, _code = two
    for user, mine in ((cast.kari, here), (cast.hanne, there)):
        with acting(user):
            assert [each.pk for each in Invitation.objects.all()] == [mine.pk]
            assert {each.office_id for each in Link.objects.all()} <= {mine.office_id}
    with maintenance():
        assert Invitation.objects.count() == 2, "control: both rows are there"


def test_an_office_never_reads_what_a_person_answered_alone(cast, two):
    with acting(cast.kari):
        assert not Answer.objects.exists()
    with acting(cast.hanne):
        assert {each.entry for each in Answer.objects.all()} == {Entry.FIRST}
    with maintenance():
        assert Answer.objects.filter(entry=Entry.OWN).exists(), "control: the answer is there"


@pytest.mark.parametrize("table", ["surveys_answer", "surveys_link"])
def test_the_trial_plane_reads_no_answer_and_no_link(cast, two, table):
    with pytest.raises(ProgrammingError, match="permission denied"), acting(cast.coordinator):
        connection.cursor().execute(f"SELECT * FROM {table}")  # noqa: S608 - a list above


def test_a_respondent_reaches_the_own_questionnaire_and_nothing_else(cast, two):
    here, _there, code = two
    with holding(code):
        assert [each.pk for each in Invitation.objects.all()] == [here.pk]
        assert [each.value for each in Answer.objects.all()] == ["7"]
        assert Link.objects.count() == 1
    for model in (Participant, IdentityRecord):
        with pytest.raises(ProgrammingError, match="permission denied"), holding(code):
            model.objects.exists()


@pytest.mark.parametrize("link", ["", "0" * 64])
def test_without_a_known_link_there_are_no_rows(cast, two, link):
    with entered(Plane(DatabaseRole.RESPONDENT, link=link)):
        assert [model.objects.count() for model in TABLES] == [0, 0, 0]


def test_a_respondent_cannot_answer_for_somebody_else_or_as_paper(cast, two):
    here, there, code = two
    for invitation, entry in ((there, Entry.OWN), (here, Entry.AGREED)):
        row = {"entry": entry, "instrument": "work_ability", "item": "work_ability", "value": "1"}
        whose = {"trial": cast.trial, "office": invitation.office, "invitation": invitation}
        with pytest.raises(ProgrammingError, match="row-level security"), writing(), holding(code):
            Answer.objects.create(
                **row, **whose, saved_at=clock.now(), saved_by=None if entry == Entry.OWN else cast.kari
            )


def test_without_a_plane_there_are_no_rows(cast, two):
    assert [model.objects.count() for model in TABLES] == [0, 0, 0]


def test_a_plane_holds_the_hash_and_never_the_code():
    code = "7K4Q-XN3D-9RTC-W2HM"
    assert code not in str(plane_of(hash_of(code)))
