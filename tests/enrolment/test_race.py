"""Two connections at once: one person, one participant."""

from uuid import uuid4

import pytest
from django.db import connection

from tests.cast import ELIGIBLE, acting, recruiting
from tests.factories import checked, synthetic_person
from tests.meeting import at_once, meeting_at
from trial.access.planes import maintenance
from trial.audit.guards import writing
from trial.enrolment import actions
from trial.enrolment.actions import check_eligibility, discard_check, register_person, save_person_draft
from trial.enrolment.models import EligibilityCheck, Participant
from trial.identity.models import IdentityRecord
from trial.studies.queries import forget_memberships

pytestmark = pytest.mark.slow


def _registering(user, check, person):
    def task():
        forget_memberships(user)
        with acting(user):
            return register_person(by=user, check=check, person=person).number

    return task


@pytest.mark.parametrize("attempt", range(5))
def test_two_offices_registering_the_same_person_at_once_make_one_participant(committed_database, attempt):
    cast = recruiting()
    person = synthetic_person(attempt)
    checks = [checked(cast), checked(cast, by=cast.hanne, office=cast.hurum)]
    answers = at_once(*(_registering(u, c, person) for u, c in zip((cast.kari, cast.hanne), checks, strict=True)))
    assert answers.count("already_in_trial") == 1
    with maintenance():
        assert Participant.objects.count() == IdentityRecord.objects.count() == 1


def test_one_sheet_of_questions_sent_twice_at_once_begins_one_registration(committed_database):
    cast = recruiting()
    sheet = uuid4()

    def asking():
        forget_memberships(cast.kari)
        with acting(cast.kari):
            begun = EligibilityCheck(key=sheet)
            check_eligibility(by=cast.kari, office=cast.moss, answers=ELIGIBLE, check=begun)
            return

    for attempt in range(5):
        assert at_once(asking, asking) == [None, None]
        with maintenance():
            assert EligibilityCheck.objects.count() == attempt + 1
        sheet = uuid4()


def test_a_registration_put_away_while_a_colleague_registers_the_person_erases_nobody(committed_database, monkeypatch):
    cast = recruiting()
    check, person = checked(cast), synthetic_person()
    with acting(cast.kari):
        save_person_draft(by=cast.kari, check=check, person=person)

    def discarding():
        forget_memberships(cast.kari)
        with acting(cast.kari):
            return discard_check(by=cast.kari, check=check).discarded

    meeting_at(monkeypatch, actions, "open_check")
    answers = at_once(_registering(cast.kari, check, person), discarding)
    with maintenance():
        kept = Participant.objects.filter(pk=check.key).exists()
        erased = IdentityRecord.objects.get(pk=check.key).is_erased
    assert answers[1] == ("already_registered" if kept else True)
    assert erased is not kept


def test_one_form_sent_twice_at_once_gives_one_number(committed_database):
    cast = recruiting()
    check, person = checked(cast), synthetic_person()
    answers = at_once(*[_registering(cast.kari, check, person)] * 2)
    assert len(set(answers)) == 1
    with maintenance():
        assert Participant.objects.count() == 1


def test_control_without_the_unique_index_both_would_get_in(committed_database):
    cast = recruiting()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE identity_identityrecord DROP CONSTRAINT identity_once_per_trial")
    person = synthetic_person()
    checks = [checked(cast), checked(cast, by=cast.hanne, office=cast.hurum)]
    at_once(*(_registering(u, c, person) for u, c in zip((cast.kari, cast.hanne), checks, strict=True)))
    with maintenance(), writing():
        assert Participant.objects.count() == 2
