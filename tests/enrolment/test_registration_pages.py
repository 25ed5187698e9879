"""A registration in the pages: on, back, away and back again, without loss; every refusal at its field."""

from html import unescape

import pytest

from tests.cast import OPTIONAL, acting, new_user, recruiting
from tests.factories import checked, consented, registered, synthetic_person
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.enrolment import policies
from trial.enrolment.actions import mark_enrolled, publish_consent_form
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.shielding import set_shield
from trial.identity.models import IdentityRecord, Person
from trial.identity.queries import person_of
from trial.studies.actions import add_member

pytestmark = pytest.mark.slow


def body(response):
    return unescape(response.content.decode())


def path_of(response):
    """The step that a response leads to, below the participants' address."""
    assert response.status_code == 302, body(response)
    return response.url.split("/participants/")[1]


def typed(person):
    return {"name": person.name, "national_id": person.national_id, "contact": person.contact}


def test_a_person_is_registered_from_question_to_summary(office, cast, eligible_answers):
    person = synthetic_person()
    step = path_of(office.post("new/", eligible_answers))
    assert step.endswith("/person/")
    step = path_of(office.post(step, typed(person)))
    assert step.endswith("/consent/")
    step = path_of(office.post(step, {"version": 1, "agrees": "on", "paper_reference": "Perm 4"}))
    assert step.endswith("/summary/")
    summary = body(office.get(step))
    with acting(cast.kari):
        participant = Participant.objects.get()
        assert policies.may_enrol(participant).paper_reference == "Perm 4"
    for text in (person.name, participant.number, "Perm 4", f"/{participant.number}/enrolment/"):
        assert text in summary


def test_the_way_can_be_left_and_taken_up_at_every_step(office, cast):
    step = path_of(office.post("new/", {"criterion-wants_work": "yes", "go": "later"}))
    assert step == ""
    with acting(cast.kari):
        check = EligibilityCheck.objects.get()
    listed = body(office.get())
    assert f"/new/{check.key}/" in listed
    assert "Påbegynte registreringer" in listed
    assert check.eligible is None
    assert 'value="yes"' in body(office.get(f"new/{check.key}/"))


def checks():
    with maintenance():
        return EligibilityCheck.objects.count()


def sheet(office):
    """A new sheet of questions: the key it bears."""
    form = office.get("new/").context["form"]
    return {"sheet": form["sheet"].value()}


def test_one_sheet_is_one_registration_however_often_it_is_sent(office, cast, eligible_answers):
    sent = eligible_answers | sheet(office)
    steps = {path_of(office.post("new/", sent)) for _turn in range(3)}
    assert len(steps) == checks() == 1


@pytest.mark.parametrize("key", ["", "1c2f0a3e-0000-4000-8000-000000000000", "x:y"])
def test_control_a_key_that_is_none_of_ours_names_nothing(office, cast, eligible_answers, key):
    for _turn in range(2):
        office.post("new/", eligible_answers | {"sheet": key})
    assert checks() == 2


def test_a_sheet_whose_registration_was_put_away_begins_another(office, cast, eligible_answers):
    sent = eligible_answers | sheet(office)
    first = path_of(office.post("new/", sent))
    office.post(first.replace("person/", "discard/"))
    assert path_of(office.post("new/", sent)) != first


def test_whoever_comes_back_to_an_empty_sheet_is_led_to_what_was_begun(office, at, cast, eligible_answers):
    assert "Du har begynt på en registrering" not in body(office.get("new/"))
    step = path_of(office.post("new/", eligible_answers))
    page = body(office.get("new/"))
    assert "Du har begynt på en registrering" in page
    assert step.replace("person/", "summary/") in page
    office.post(step, typed(synthetic_person()))
    assert "Du har begynt på en registrering" in body(office.get("new/")), "a number is no place in the draw yet"
    office.post(step.replace("person/", "consent/"), {"version": 1, "agrees": "on"})
    with acting(cast.kari):
        mark_enrolled(by=cast.kari, participant=Participant.objects.get())
    assert "Du har begynt på en registrering" not in body(office.get("new/"))
    assert "Du har begynt på en registrering" not in body(at(cast.hanne).get("new/"))


def test_going_back_from_the_person_keeps_what_was_typed(office, cast):
    check = checked(cast)
    step = path_of(office.post(f"new/{check.key}/person/", {"name": "Nora T", "national_id": "1309", "go": "back"}))
    assert step == f"new/{check.key}/"
    page = body(office.get(f"new/{check.key}/person/"))
    assert 'value="Nora T"' in page
    assert 'value="1309"' in page
    with acting(cast.kari):
        assert person_of(check.key) == Person(name="Nora T", national_id="1309")
        assert IdentityRecord.objects.get().blind_index is None, "half a number finds nobody"
    assert "Nora T" in body(office.get()), "the unfinished registration is listed by name"


def test_two_half_numbers_that_are_alike_are_not_one_person(office, cast):
    for _turn in range(2):
        answer = office.post(
            f"new/{checked(cast).key}/person/", {"name": "Nora T", "national_id": "1309", "go": "later"}
        )
        assert path_of(answer) == ""


def test_going_back_from_the_consent_keeps_ticks_and_reference_but_never_the_consent(office, cast):
    participant = registered(cast)
    consent = f"new/{participant.key}/consent/"
    office.post(consent, {"version": 1, "covers": "later_contact", "paper_reference": "Perm 9", "go": "back"})
    page = body(office.get(consent))
    assert 'value="Perm 9"' in page
    assert page.count("checked") == 1
    with acting(cast.kari):
        assert policies.consent_in_force(participant) is None


def test_nothing_is_ticked_beforehand(office, cast):
    assert "checked" not in body(office.get(f"new/{registered(cast).key}/consent/"))


def test_without_the_tick_there_is_no_consent(office, cast):
    participant = registered(cast)
    page = body(office.post(f"new/{participant.key}/consent/", {"version": 1, "paper_reference": "Perm 9"}))
    assert "Du må krysse av for «Personen har lest" in page
    assert 'value="Perm 9"' in page


def test_an_optional_part_counts_only_when_ticked(office, cast):
    participant = registered(cast)
    office.post(f"new/{participant.key}/consent/", {"version": 1, "agrees": "on", "covers": "later_contact"})
    with acting(cast.kari):
        assert set(OPTIONAL) <= set(policies.consent_in_force(participant).covers)


def test_consent_to_a_text_that_changed_meanwhile_is_refused(office, cast):
    participant = registered(cast)
    with acting(cast.lead):
        publish_consent_form(by=cast.lead, trial=cast.trial, text={"nb": "Ny tekst"}, covers=[])
    page = body(office.post(f"new/{participant.key}/consent/", {"version": 1, "agrees": "on"}))
    assert "Samtykkeskjemaet er endret" in page
    assert "Ny tekst" in page
    assert 'name="version" value="2"' in page


def test_whoever_may_not_take_part_is_told_which_criteria_fail(office, cast, eligible_answers):
    step = path_of(office.post("new/", eligible_answers | {"criterion-in_work": "yes"}))
    page = body(office.get(step))
    assert "Personen kan ikke delta" in page
    assert "Er personen i ordinært arbeid nå?" in page
    assert path_of(office.get(f"{step}person/")) == step


def test_of_someone_registered_who_may_not_take_part_nothing_is_said_to_be_forgotten(office, cast, eligible_answers):
    participant = registered(cast)
    page = body(office.post(f"new/{participant.key}/", eligible_answers | {"criterion-in_work": "yes"}, follow=True))
    assert "Personen er registrert med navn og nummer" in page
    assert "ingenting lagres" not in page
    assert f"/participants/{participant.number}/withdrawal/" in page


@pytest.mark.parametrize("version", ["abc", "-1", "99999999999999999999"])
def test_a_version_that_is_none_is_not_found(office, cast, version):
    assert office.post(f"new/{registered(cast).key}/consent/", {"version": version, "agrees": "on"}).status_code == 404


def test_unanswered_questions_are_named_at_the_field(office):
    page = body(office.post("new/", {"criterion-wants_work": "yes"}))
    assert "Du må rette disse feilene" in page
    assert "Du må velge: Har personen nedsatt arbeidsevne?" in page


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "Navn må fylles ut"),
        ({"national_id": "13097248032"}, "ikke gyldig"),
        ({"national_id": ""}, "Fødselsnummer eller D-nummer må fylles ut"),
        ({"contact": "130972 48022"}, "Fødselsnummer kan ikke skrives her"),
        ({"name": "Nora 13097248022"}, "Fødselsnummer kan ikke skrives her"),
    ],
)
def test_a_mistake_is_told_at_the_field_and_what_was_typed_stays(office, cast, given, sentence):
    check = checked(cast)
    page = body(office.post(f"new/{check.key}/person/", typed(synthetic_person(8)) | given))
    assert sentence in page
    if "name" not in given:
        assert f'value="{synthetic_person(8).name}"' in page
    with maintenance():
        assert Participant.objects.count() == 0


def test_someone_in_the_trial_already_is_refused_at_the_national_id(office, cast):
    registered(cast, by=cast.hanne, office=cast.hurum, person=synthetic_person(8))
    check = checked(cast)
    page = body(office.post(f"new/{check.key}/person/", typed(synthetic_person(8))))
    assert "Personen er allerede registrert i forsøket" in page
    assert "Hurum" not in page


def test_someone_known_at_the_own_office_is_named_by_number(office, cast):
    known = registered(cast, person=synthetic_person(8))
    page = body(office.post(f"new/{checked(cast).key}/person/", typed(synthetic_person(8))))
    assert f"Personen er allerede registrert ved kontoret, med nummeret {known.number}." in page


def test_someone_whom_a_colleague_has_begun_with_is_found_in_the_list(office, cast):
    office.post(f"new/{checked(cast).key}/person/", typed(synthetic_person(8)) | {"go": "later"})
    page = body(office.post(f"new/{checked(cast).key}/person/", typed(synthetic_person(8))))
    assert "Noen ved kontoret har begynt å registrere personen" in page


def test_nothing_is_told_of_somebody_shielded_from_whoever_asks(at, cast):
    known = registered(cast, person=synthetic_person(8))
    with acting(cast.kari):
        check = EligibilityCheck.objects.select_related("trial", "office").get(pk=known.key)
        set_shield(by=cast.kari, check=check, readers=[cast.kari])
    with maintenance():
        colleague = new_user("kollega", "Knut Kollega")
    with acting(cast.lead):
        add_member(by=cast.lead, trial=cast.trial, user=colleague, role=Role.CASEWORKER, office=cast.moss)
    page = body(at(colleague).post(f"new/{checked(cast).key}/person/", typed(synthetic_person(8))))
    assert "Personen er allerede registrert i forsøket" in page
    assert known.number not in page


def test_a_discarded_registration_is_gone(office, cast):
    check = checked(cast)
    assert path_of(office.post(f"new/{check.key}/discard/")) == ""
    assert str(check.key) not in body(office.get())
    assert office.get(f"new/{check.key}/").status_code == 404


def test_another_offices_registration_is_not_found(at, cast):
    check = checked(cast)
    hanne = at(cast.hanne)
    for step in ("", "person/", "consent/", "summary/"):
        assert hanne.get(f"new/{check.key}/{step}").status_code == 404
    assert at(cast.kari).get(f"new/{check.key}/").status_code == 200, "control: the own office finds it"


def test_the_person_is_asked_for_once_all_that_the_draw_rests_on_is_answered(db, simulated_clock, at, eligible_answers):
    cast = recruiting(factors={"sex": ["man", "woman"]}, strata_by=["office", "sex"])
    office = at(cast.kari)
    office.post("new/", eligible_answers | {"go": "later"})
    with maintenance():
        step = f"new/{EligibilityCheck.objects.get().key}/"
    assert path_of(office.get(f"{step}person/")) == step
    assert path_of(office.post(step, eligible_answers | {"factor-sex": "man"})) == f"{step}person/"
    assert office.get(f"{step}person/").status_code == 200


@pytest.mark.parametrize("who", ["jon", "coordinator", "researcher"])
def test_only_caseworkers_register(at, cast, who):
    assert at(getattr(cast, who)).get("new/").status_code == 403


def test_steps_that_are_not_reached_lead_to_the_one_that_is(office, cast):
    check = checked(cast)
    for step in ("consent/", "summary/"):
        assert path_of(office.get(f"new/{check.key}/{step}")) == f"new/{check.key}/person/"
    participant = consented(cast)
    assert office.get(f"new/{participant.key}/summary/").status_code == 200
