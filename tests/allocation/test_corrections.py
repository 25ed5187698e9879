"""Mistakes: each an event with its reason and a second person; the slot stays used and nobody leaves the analysis."""

import hashlib
import json

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse

from tests.allocation.random_protocols import open_up
from tests.allocation.trials import DrawCast
from tests.cast import acting
from trial.access.planes import entered, maintenance, transaction
from trial.access.refusals import Refusal
from trial.access.roles import Role
from trial.allocation import verify
from trial.allocation.corrections import ask_correction, corrections_of, decide_correction
from trial.allocation.models import Allocation, Correction, LogLeaf
from trial.allocation.queries import DRAW, anchors_of, bundle_of
from trial.enrolment.actions import withdraw
from trial.enrolment.displays import show
from trial.enrolment.extract import extract
from trial.enrolment.models import Display, EligibilityCheck, Participant
from trial.enrolment.queries import consents_of
from trial.enrolment.shielding import set_shield
from trial.enrolment.states import Withdrawal
from trial.followup.actions import appoint_specialist, assign
from trial.identity.actions import keep_scan
from trial.identity.models import Scan
from trial.identity.queries import person_of, scan_of
from trial.studies.actions import add_member, close_recruitment, start_recruiting
from trial.studies.queries import forget_memberships, plane_for

pytestmark = pytest.mark.slow

REASON = "Svarte feil på spørsmålet om arbeid."


@pytest.fixture
def person(drawn_trial: DrawCast) -> Participant:
    for each in drawn_trial.people(2):
        drawn_trial.enrol(each)
    drawn_trial.draw()
    return each


def asked(trial: DrawCast, person: Participant, kind: str = "enrolled_in_error", **details: str) -> Correction:
    kari = trial.cast.kari
    with acting(kari):
        return ask_correction(by=kari, participant=person, kind=kind, reason=REASON, **details)


def decided(trial: DrawCast, correction: Correction, accepted: bool = True) -> Correction:
    with acting(trial.cast.lead):
        return decide_correction(by=trial.cast.lead, correction=correction, accepted=accepted)


def events(trial: DrawCast) -> list[dict[str, str]]:
    with entered(DRAW):
        texts = LogLeaf.objects.filter(trial=trial.trial, kind="EVENT").order_by("seq").values_list("text", flat=True)
        return [json.loads(text) for text in texts]


@pytest.mark.parametrize(
    ("kind", "details", "event"),
    [
        ("enrolled_in_error", {}, "enrolled_in_error"),
        ("wrong_stratum", {"stratum": "Hurum"}, "corrected"),
        ("moved", {"office": "0628"}, "moved"),
    ],
)
def test_a_mistake_becomes_an_event_whose_hash_stands_for_its_reason(drawn_trial, person, kind, details, event):
    correction = asked(drawn_trial, person, kind, **details)
    assert events(drawn_trial) == []
    kept = decided(drawn_trial, correction)
    with maintenance():
        place = Allocation.objects.get(participant=person)
    (leaf,) = events(drawn_trial)
    assert (leaf["who"], leaf["kind"]) == (place.who, event)
    assert leaf["note_sha256"] == hashlib.sha256(kept.note.encode()).hexdigest()
    assert REASON in kept.note
    assert place.arm_id


def test_a_duplicate_names_the_other_number_and_both_keep_their_arms(drawn_trial, person):
    with maintenance():
        other = Participant.objects.exclude(pk=person.pk).get()
    kept = decided(drawn_trial, asked(drawn_trial, person, "duplicate", other=other.number.lower()))
    assert json.loads(kept.note)["details"] == {"other": other.number}
    with maintenance():
        assert Allocation.objects.filter(arm__isnull=False).count() == 2


def test_what_is_turned_down_leaves_no_event(drawn_trial, person):
    kept = decided(drawn_trial, asked(drawn_trial, person), accepted=False)
    assert (kept.accepted, events(drawn_trial)) == (False, [])


def test_the_verifier_finds_nothing_after_every_kind_of_mistake(drawn_trial, person):
    decided(drawn_trial, asked(drawn_trial, person, "wrong_stratum", stratum="Rygge"))
    decided(drawn_trial, asked(drawn_trial, person))
    decided(drawn_trial, asked(drawn_trial, person, "moved", office="0136"))
    open_up(drawn_trial)
    with maintenance():
        bundle, anchors = bundle_of(drawn_trial.trial), anchors_of(drawn_trial.trial)
    assert list(verify.findings(bundle, anchors)) == []
    assert [leaf["kind"] for leaf in bundle["leaves"] if leaf["type"] == "EVENT"][:3] == [
        "corrected", "enrolled_in_error", "moved",
    ]  # fmt: skip


def test_whoever_moves_is_seen_by_the_new_office_and_analysed_at_the_old_one(drawn_trial, person):
    kari, hanne = drawn_trial.cast.kari, drawn_trial.cast.hanne
    with acting(kari):
        known = person_of(person.pk)
    decided(drawn_trial, asked(drawn_trial, person, "moved", office="0628"))
    with acting(hanne):
        moved = Participant.objects.get(pk=person.pk)
        place = Allocation.objects.get(participant=moved)
        assert (place.office.stratum, place.stratum, place.moved_from_id) == ("Hurum", "Moss", drawn_trial.cast.moss.pk)
        assert person_of(person.pk) == known
        assert [each.kind for each in corrections_of(moved)] == ["moved"]
    with acting(kari):
        assert not Participant.objects.filter(pk=person.pk).exists()
    with acting(drawn_trial.cast.analyst), connection.cursor() as cursor:
        cursor.execute("SELECT office FROM allocation_research WHERE participant_number = %s", [person.number])
        assert cursor.fetchall() == [("Moss",)]


def test_a_signed_form_and_who_looked_go_along_and_an_erasure_takes_them(drawn_trial, person):
    kari, hanne = drawn_trial.cast.kari, drawn_trial.cast.hanne
    with acting(kari):
        keep_scan(by=kari, subject=person.pk, consent=consents_of(person)[0].pk, pages=1, document=b"%PDF")
        show(by=kari, participant=person, what="participant")
    decided(drawn_trial, asked(drawn_trial, person, "moved", office="0628"))
    with acting(hanne):
        moved = Participant.objects.select_related("trial", "office").get(pk=person.pk)
        assert scan_of(moved.pk, consents_of(moved)[0].pk) == b"%PDF"
        assert [row[1] for row in extract(by=hanne, participant=moved)[-1].table] == ["Hanne Veileder", "Kari Veileder"]
        withdraw(by=hanne, participant=moved, meaning=Withdrawal.EVERYTHING)
    with acting(kari):
        assert Display.objects.filter(subject=person.pk).count() == 1, "the old office reads what happened there"
    with maintenance():
        assert not Scan.objects.exists()


def test_nobody_shielded_moves_out_of_everyones_sight(drawn_trial, person):
    kari, hurum = drawn_trial.cast.kari, drawn_trial.cast.hurum
    with acting(kari):
        check = EligibilityCheck.objects.select_related("trial", "office").get(pk=person.pk)
        set_shield(by=kari, check=check, readers=[kari])
    with pytest.raises(Refusal, match="nobody_sees"):
        asked(drawn_trial, person, "moved", office="0628")
    with acting(drawn_trial.cast.lead):
        lead, role = drawn_trial.cast.lead, Role.CASEWORKER
        add_member(by=lead, trial=drawn_trial.trial, user=kari, role=role, office=hurum)
    decided(drawn_trial, asked(drawn_trial, person, "moved", office="0628"))
    forget_memberships(kari)
    with acting(kari):
        assert Participant.objects.get(pk=person.pk).office_id == hurum.pk
        assert person_of(person.pk).name
    with acting(drawn_trial.cast.hanne):
        assert not Participant.objects.filter(pk=person.pk).exists()


def test_nobody_but_the_draw_moves_a_person_and_an_arm_never_changes(drawn_trial, person):
    with acting(drawn_trial.cast.kari), pytest.raises(DatabaseError), transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT allocation_move_person(%s, %s)", [person.pk, drawn_trial.cast.hurum.pk])
    with maintenance(), pytest.raises(DatabaseError, match="append-only"), transaction(), connection.cursor() as cursor:
        cursor.execute("UPDATE allocation_allocation SET position = 99 WHERE participant_id = %s", [person.pk])


@pytest.mark.parametrize(
    ("kind", "details", "code"),
    [
        ("enrolled_in_error", {"reason": " "}, "reason_missing"),
        ("enrolled_in_error", {"reason": "Gjelder 15507600333"}, "national_id_in_text"),
        ("wrong_stratum", {"stratum": "Moss"}, "unknown_stratum"),
        ("wrong_stratum", {}, "unknown_stratum"),
        ("duplicate", {"other": "MOS-0000-0"}, "malformed_number"),
        ("duplicate", {"other": ""}, "malformed_number"),
        ("moved", {"office": "9999"}, "unknown_office"),
        ("moved", {"office": "0104"}, "unknown_office"),
    ],
)
def test_what_cannot_be_told_is_refused_at_its_field(drawn_trial, person, kind, details, code):
    kari = drawn_trial.cast.kari
    with acting(kari), pytest.raises(Refusal) as refusal:
        ask_correction(by=kari, participant=person, kind=kind, **{"reason": REASON} | details)
    assert refusal.value.code == code
    assert refusal.value.status == 422
    with maintenance():
        assert not Correction.objects.exists()


def test_the_own_number_is_no_duplicate(drawn_trial, person):
    with pytest.raises(Refusal, match="unknown_number"):
        asked(drawn_trial, person, "duplicate", other=person.number)


def test_one_thing_is_told_once_at_a_time_and_judged_once_by_another(drawn_trial, person):
    correction = asked(drawn_trial, person)
    with pytest.raises(Refusal, match="already_asked"):
        asked(drawn_trial, person)
    with acting(drawn_trial.cast.kari), pytest.raises(Refusal, match="not_allowed"):
        decide_correction(by=drawn_trial.cast.kari, correction=correction, accepted=True)
    decided(drawn_trial, correction)
    with pytest.raises(Refusal, match="already_decided"):
        decided(drawn_trial, correction)


def test_someone_without_a_place_is_put_away_otherwise(drawn_trial):
    with pytest.raises(Refusal, match="not_enrolled"):
        asked(drawn_trial, drawn_trial.people()[0])


def test_consort_counts_the_mistake_and_keeps_the_person_in_the_analysis(drawn_trial, person):
    address = reverse("monitoring:flow", args=[drawn_trial.trial.code])
    decided(drawn_trial, asked(drawn_trial, person))
    page = signed_in(drawn_trial.cast.coordinator).get(address)
    flow = page.context["board"].flow
    assert (flow.drawn, sum(arm.in_error for arm in flow.arms), sum(arm.duplicate for arm in flow.arms)) == (2, 1, 0)
    assert "Meldt inn ved en feil" in page.content.decode()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_office_tells_in_the_page_and_the_lead_answers_there(drawn_trial, person):
    code = drawn_trial.trial.code
    office, lead = signed_in(drawn_trial.cast.kari), signed_in(drawn_trial.cast.lead)
    url = reverse("allocation:correction", args=[code, person.number])
    page = office.get(url).content.decode()
    assert "Nav Hurum" in page
    assert "Rygge" in page
    assert "stratumet personen" in office.post(url, {"kind": "wrong_stratum", "reason": REASON}).content.decode()
    sent = office.post(url, {"kind": "moved", "reason": REASON, "office": "0628"}, follow=True)
    assert "Venter på svar" in sent.content.decode()
    answers = reverse("allocation:corrections", args=[code])
    assert "Flyttet til Nav Hurum." in lead.get(answers).content.decode()
    with maintenance():
        key = Correction.objects.get().pk
    decide = reverse("allocation:decide", args=[code, key, "accept"])
    assert office.post(decide).status_code == 403
    assert signed_in(drawn_trial.cast.auditor).get(answers).status_code == 200
    assert lead.post(decide).status_code == 302
    assert "Godtatt" in lead.get(answers).content.decode()
    assert signed_in(drawn_trial.cast.hanne).get(
        reverse("enrolment:participant", args=[code, person.number])
    ).status_code == 200  # fmt: skip


def test_the_pages_planes_see_their_own(drawn_trial, person):
    asked(drawn_trial, person)
    with entered(plane_for(drawn_trial.cast.hanne)):
        assert not Correction.objects.exists()


def test_whoever_has_a_specialist_is_let_go_first(drawn_trial):
    siri, jon = drawn_trial.cast.siri, drawn_trial.cast.jon
    for each in drawn_trial.people(8):  # a block of five and three
        drawn_trial.enrol(each)
    person = next(place.participant for place in drawn_trial.draw() if place.arm.code == "intervention")
    with acting(siri):
        specialist = appoint_specialist(by=siri, user=jon, office=drawn_trial.cast.moss, position_share=100)
        assign(by=siri, participant=person, specialist=specialist, reason="")
    with pytest.raises(Refusal, match="has_specialist"):
        asked(drawn_trial, person, "moved", office="0628")


def test_the_lead_sees_at_home_that_a_report_waits(drawn_trial, person):
    lead = signed_in(drawn_trial.cast.lead)
    asked(drawn_trial, person)
    assert "Feil og flyttinger å ta stilling til" in lead.get("/", follow=True).content.decode()


def test_the_end_of_recruitment_stands_in_the_log(drawn_trial):
    lead = drawn_trial.cast.lead
    with acting(lead):
        close_recruitment(by=lead, trial=drawn_trial.trial)
        start_recruiting(by=lead, trial=drawn_trial.trial)
    assert [leaf["kind"] for leaf in events(drawn_trial)] == ["recruitment_closed", "recruitment_reopened"]
