"""The API of enrolment: the same actions, the same rights, and never a name."""

import pytest
from django.test import Client

from tests.cast import ELIGIBLE, OPTIONAL, REGISTERS
from tests.factories import checked, consented, registered, synthetic_person
from trial.access.planes import maintenance
from trial.enrolment.models import EligibilityCheck, Participant

pytestmark = pytest.mark.slow
API = "/api/v1/trials/se-klar/"


@pytest.fixture
def api(cast):
    """Kari's program."""
    return Caller(cast.kari)


class Caller:
    def __init__(self, user):
        self.client = Client()
        self.client.force_login(user)

    def get(self, path):
        return self.client.get(path if path.startswith("http") else API + path)

    def post(self, path, body):
        return self.client.post(API + path, body, content_type="application/json")


def named(person, check):
    return {"check": str(check), "name": person.name, "national_id": person.national_id}


def test_a_person_comes_in_through_the_api(api, cast):
    check = api.post("eligibility-checks/", {"office": "0104", "answers": ELIGIBLE})
    assert (check.status_code, check.json()["eligible"]) == (201, True)
    person = synthetic_person()
    made = api.post("participants/", named(person, check.json()["key"]))
    assert made.status_code == 201
    number = made.json()["number"]
    given = api.post(f"participants/{number}/consents/", {"version": 1, "covers": OPTIONAL})
    assert given.status_code == 201
    assert given.json()["covers"] == [*REGISTERS, *OPTIONAL]
    assert api.get(f"participants/{number}/").json()["state"] == "consented"
    assert [c["version"] for c in api.get(f"participants/{number}/consents/").json()] == [1]
    gone = api.post(f"participants/{number}/withdrawal/", {"meaning": "everything"})
    assert (gone.status_code, gone.json()["state"]) == (201, "withdrawn")


def test_no_answer_holds_a_person(api, cast):
    person = synthetic_person()
    participant = consented(cast, person=person)
    answers = [api.get(path) for path in ("participants/", f"participants/{participant.number}/")]
    answers.append(api.post("participants/", named(person, participant.key)))
    for answer in answers:
        for secret in (person.name, person.national_id, str(participant.key)):
            assert secret not in answer.content.decode()


def test_someone_who_is_not_eligible_stays_counted(api, cast):
    check = api.post("eligibility-checks/", {"office": "0104", "answers": ELIGIBLE | {"in_work": True}})
    assert check.json()["eligible"] is False
    refused = api.post("participants/", named(synthetic_person(), check.json()["key"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_eligible")
    with maintenance():
        assert EligibilityCheck.objects.filter(eligible=False).count() == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"national_id": "13097248032"}, 422, "invalid_national_id"),
        ({"name": ""}, 422, "invalid"),
        ({"name": "Nora 13097248022"}, 422, "invalid"),
        ({"check": "no key"}, 422, "invalid"),
        ({"check": "00000000-0000-4000-8000-000000000000"}, 404, "not_found"),
    ],
)
def test_a_bad_body_is_refused_with_problem_details_and_writes_nothing(api, cast, change, status, code):
    answer = api.post("participants/", named(synthetic_person(), checked(cast).key) | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    with maintenance():
        assert Participant.objects.count() == 0


def test_a_person_in_the_trial_already_is_refused(api, cast):
    person = synthetic_person()
    registered(cast, by=cast.hanne, office=cast.hurum, person=person)
    answer = api.post("participants/", named(person, checked(cast).key))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_in_trial")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"version": 9}, "not_found"),
        ({"version": 0}, "invalid"),
        ({"version": 1, "paper_reference": "13097248022"}, "invalid"),
        ({}, "invalid"),
        ([], "invalid"),
    ],
)
def test_a_bad_consent_is_refused(api, cast, body, code):
    assert api.post(f"participants/{registered(cast).number}/consents/", body).json()["code"] == code


def test_an_unknown_office_and_a_foreign_one_are_refused_alike(api):
    for office in ("0628", "9999"):
        answer = api.post("eligibility-checks/", {"office": office, "answers": ELIGIBLE})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_office")


def test_another_offices_people_do_not_exist(cast):
    number, hanne = consented(cast).number, Caller(cast.hanne)
    assert hanne.get("participants/").json()["results"] == []
    for path in (f"participants/{number}/", f"participants/{number}/consents/"):
        assert hanne.get(path).status_code == 404
    assert hanne.post(f"participants/{number}/withdrawal/", {"meaning": "follow_up"}).status_code == 404


def test_the_list_pages_by_cursor(api, cast):
    numbers = {registered(cast).number for _ in range(101)}
    first = api.get("participants/").json()
    second = api.get(first["next"]).json()
    assert len(first["results"]) == 100
    assert second["next"] is None
    assert {one["number"] for one in first["results"] + second["results"]} == numbers


@pytest.mark.parametrize(("who", "status"), [("coordinator", 200), ("jon", 200), ("researcher", 403), ("analyst", 403)])
def test_roles_read_what_they_may(cast, who, status):
    number = consented(cast).number
    assert Caller(getattr(cast, who)).get(f"participants/{number}/").status_code == status
