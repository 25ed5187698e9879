"""The pages and the API of the draw, as each role meets them."""

import json
import subprocess
import sys
import uuid
from io import BytesIO
from zipfile import ZipFile

import pytest
import segno
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.allocation.random_protocols import open_up
from tests.allocation.trials import REASON, SEED, DrawCast, proposed
from tests.cast import Cast, acting
from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.allocation.contributions import commitment_of, contribution, party_key
from trial.allocation.decisions import approve_protocol, request_opening
from trial.allocation.models import Protocol
from trial.studies.actions import change_settings, close_recruitment, lock_data
from trial.studies.models import Mode, Trial

pytestmark = pytest.mark.slow


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def proposal_of(trial: Trial) -> str:
    with maintenance():
        return Protocol.objects.get(trial=trial).sha256


def address(name: str, *args: str) -> str:
    return reverse(f"allocation:{name}", args=args)


def test_the_office_enrols_by_the_last_button_and_sees_that_the_number_waits(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    client = signed_in(drawn_trial.cast.kari)
    answer = client.post(address("enrol", drawn_trial.trial.code, person.number), follow=True)
    assert answer.status_code == 200
    assert "Venter på loddtrekning" in answer.content.decode()
    again = client.post(address("enrol", drawn_trial.trial.code, person.number))
    assert again.status_code == 302


def test_after_the_draw_the_office_sees_the_arm_and_the_receipt(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    drawn_trial.enrol(person)
    drawn_trial.draw()
    client = signed_in(drawn_trial.cast.kari)
    page = client.get(reverse("enrolment:participant", args=[drawn_trial.trial.code, person.number]))
    assert "Kvittering for loddtrekningen" in page.content.decode()
    paper = client.get(address("receipt", drawn_trial.trial.code, person.number)).content.decode()
    file = json.loads(client.get(address("receipt_file", drawn_trial.trial.code, person.number)).content)
    assert file["leaf_sha256"] in paper


@pytest.mark.parametrize(("who", "status"), [("kari", 200), ("hanne", 404), ("coordinator", 403), ("outsider", 404)])
def test_a_receipt_is_for_the_own_office(drawn_trial: DrawCast, who: str, status: int):
    person = drawn_trial.people()[0]
    drawn_trial.enrol(person)
    drawn_trial.draw()
    client = signed_in(getattr(drawn_trial.cast, who))
    assert client.get(address("receipt", drawn_trial.trial.code, person.number)).status_code == status


def contributions(waiting: dict) -> dict[str, str]:
    key = party_key(SEED, protocol_sha256=waiting["protocol_sha256"])
    contexts = [context for each in waiting["waiting"] for context in each["contexts"]]
    return {
        json.dumps(context, separators=(",", ":"), ensure_ascii=False): contribution(key, context).hex()
        for context in contexts
    }


def test_the_researcher_draws_through_the_api(drawn_trial: DrawCast):
    for person in drawn_trial.people(3):
        drawn_trial.enrol(person)
    client = signed_in(drawn_trial.cast.researcher)
    waiting = client.get(address("api_waiting", drawn_trial.trial.code)).json()
    assert [each["position"] for each in waiting["waiting"]] == [0, 1, 2]
    body = {"commitment": waiting["commitment"], "contributions": contributions(waiting)}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    posted = [
        client.post(address("api_draws", drawn_trial.trial.code), body, "application/json", headers=headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in posted] == [200, 200]
    assert posted[0].content == posted[1].content
    assert len(posted[0].json()["drawn"]) == 3
    assert posted[0].json()["waiting"] == 0


def test_the_office_asks_for_a_draw_through_the_api(unattended_trial: DrawCast):
    person = unattended_trial.people()[0]
    client = signed_in(unattended_trial.cast.kari)
    url, body = address("api_draws", unattended_trial.trial.code), {"participant": person.number}
    answer = client.post(url, body, "application/json", headers={"Idempotency-Key": "office-1"})
    assert answer.json()["state"] == "allocated"
    again = client.post(url, body, "application/json", headers={"Idempotency-Key": "office-1"})
    assert again.content == answer.content
    other = client.post(
        url,
        {"participant": unattended_trial.people()[0].number},
        "application/json",
        headers={"Idempotency-Key": "office-1"},
    )
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize(
    "body", [{}, {"commitment": "x"}, {"participant": "A", "commitment": "b", "contributions": {}}]
)
def test_a_body_that_means_nothing_is_a_problem(drawn_trial: DrawCast, body):
    client = signed_in(drawn_trial.cast.researcher)
    answer = client.post(
        address("api_draws", drawn_trial.trial.code), body, "application/json", headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("name", ["draw_room", "log", "protocol"])
def test_the_researcher_reads_the_rooms_pages(drawn_trial: DrawCast, name: str):
    drawn_trial.enrol(drawn_trial.people()[0])
    client = signed_in(drawn_trial.cast.researcher)
    assert client.get(address(name, drawn_trial.trial.code)).status_code == 200


@pytest.mark.parametrize("name", ["draw_room", "log", "protocol", "opening"])
@pytest.mark.parametrize(("who", "status"), [("kari", 403), ("analyst", 403), ("outsider", 404)])
def test_nobody_else_does(drawn_trial: DrawCast, name: str, who: str, status: int):
    client = signed_in(getattr(drawn_trial.cast, who))
    assert client.get(address(name, drawn_trial.trial.code)).status_code == status


def test_the_protocol_is_proposed_and_locked_in_the_page_by_two_persons(drafted_cast: Cast):
    trial, url = drafted_cast.trial, address("protocol", drafted_cast.trial.code)
    lead, second = signed_in(drafted_cast.lead), signed_in(drafted_cast.second_lead)
    form = {"researcher_commitment": commitment_of(trial.code, SEED)}
    assert "Skriv hvorfor" in lead.post(url, form).content.decode()
    assert lead.post(url, form | {"reason": REASON}).status_code == 302
    page = lead.get(url).content.decode()
    assert "68.4" in page or "68,4" in page
    assert "Lås protokollen?" not in page
    read = {"read": proposal_of(trial)}
    assert lead.post(address("lock", trial.code), read).status_code == 403
    assert "Lås protokollen?" in second.get(url).content.decode()
    assert lead.post(url, form | {"reason": REASON}).status_code == 302
    assert second.post(address("lock", trial.code), read).status_code == 409  # it read the proposal before this one
    trial.refresh_from_db()
    assert trial.state == "drafting"
    read = {"read": proposal_of(trial)}
    assert f'name="read" value="{read["read"]}"' in second.get(url).content.decode()
    assert second.post(address("lock", trial.code), read).status_code == 302
    trial.refresh_from_db()
    assert trial.state == "locked"


def test_a_malformed_commitment_stands_at_its_field(drafted_cast: Cast):
    client = signed_in(drafted_cast.lead)
    answer = client.post(
        address("protocol", drafted_cast.trial.code), {"researcher_commitment": "abc", "reason": REASON}
    )
    assert "64 heksadesimale tegn" in answer.content.decode()


def key_file(seed: bytes) -> SimpleUploadedFile:
    content = {"trial": "se-klar", "party": "researcher", "seed": seed.hex()}
    return SimpleUploadedFile("key.json", json.dumps(content).encode())


def test_the_trial_is_opened_by_two_persons_with_the_key_file(drawn_trial: DrawCast):
    drawn_trial.enrol(drawn_trial.people()[0])
    drawn_trial.draw()
    cast = drawn_trial.cast
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
        lock_data(by=cast.lead, trial=cast.trial)
        request_opening(by=cast.lead, trial=cast.trial)
    url = address("opening", cast.trial.code)
    assert "En annen person" in signed_in(cast.lead).get(url).content.decode()
    researcher = signed_in(cast.researcher)
    assert "hører ikke til" in researcher.post(url, {"key_file": key_file(bytes(32))}).content.decode()
    assert researcher.get(address("bundle_file", cast.trial.code)).status_code == 409
    assert researcher.post(url, {"key_file": key_file(SEED)}).status_code == 302
    bundle = researcher.get(address("bundle_file", cast.trial.code)).json()
    assert bundle["seeds"]["researcher"] == SEED.hex()


def test_whoever_meant_to_ask_opens_nothing_when_somebody_else_asked_first(drawn_trial: DrawCast):
    cast = drawn_trial.cast
    with acting(cast.lead):
        close_recruitment(by=cast.lead, trial=cast.trial)
        lock_data(by=cast.lead, trial=cast.trial)
    url, researcher = address("opening", cast.trial.code), signed_in(cast.researcher)
    assert 'name="step" value="ask"' in researcher.get(url).content.decode()
    with acting(cast.lead):
        request_opening(by=cast.lead, trial=cast.trial)
    answer = researcher.post(url, {"key_file": key_file(SEED), "step": "ask"})
    assert "allerede bedt om" in answer.content.decode()
    cast.trial.refresh_from_db()
    assert cast.trial.state == "data_locked"
    assert 'name="step" value="open"' in answer.content.decode()
    assert researcher.post(url, {"key_file": key_file(SEED), "step": "open"}).status_code == 302


def test_a_checkpoint_is_signed_in_the_page(drawn_trial: DrawCast):
    drawn_trial.enrol(drawn_trial.people()[0])
    client = signed_in(drawn_trial.cast.auditor)
    assert client.post(address("checkpoint", drawn_trial.trial.code)).status_code == 302
    signed = client.get(address("checkpoints_file", drawn_trial.trial.code)).json()
    assert [each["size"] for each in signed] == [2, 1]


def test_a_protocol_that_waits_for_a_beacon_draws_nothing_before_its_value(drafted_cast: Cast):
    protocol = proposed(drafted_cast, beacon="Lottotrekningen 7. mars 2026")
    second, url = drafted_cast.second_lead, address("beacon", drafted_cast.trial.code)
    with acting(second):
        approve_protocol(by=second, protocol=protocol)
    client = signed_in(second)
    assert signed_in(drafted_cast.researcher).get(address("draw_room", drafted_cast.trial.code)).status_code == 409
    assert "heksadesimale" in client.post(url, {"value": "lotto"}).content.decode()
    assert client.post(url, {"value": "00112233445566778899"}).status_code == 302
    assert client.post(url, {"value": "00112233445566778899"}).status_code == 200
    assert signed_in(drafted_cast.researcher).get(address("draw_room", drafted_cast.trial.code)).status_code == 200


def test_a_trial_that_changed_while_the_protocol_was_read_is_not_locked(drafted_cast: Cast):
    protocol, second = proposed(drafted_cast), drafted_cast.second_lead
    with acting(drafted_cast.lead):
        change_settings(by=drafted_cast.lead, trial=Trial.objects.get(pk=protocol.trial_id), mode=Mode.UNATTENDED)
    with acting(second), pytest.raises(Refusal, match="protocol_outdated"):
        approve_protocol(by=second, protocol=protocol)


def test_the_sheet_for_the_binder_carries_the_leafs_hash_as_a_qr_code(drawn_trial: DrawCast):
    person = drawn_trial.people()[0]
    drawn_trial.enrol(person)
    drawn_trial.draw()
    client = signed_in(drawn_trial.cast.kari)
    file = client.get(address("receipt_file", drawn_trial.trial.code, person.number)).json()
    sheet = client.get(address("receipt_sheet", drawn_trial.trial.code, person.number)).content.decode()
    assert file["leaf_sha256"] in sheet
    assert segno.make(file["leaf_sha256"]).svg_inline(scale=4) in sheet


def test_an_auditor_takes_everything_home_and_verifies_it(drawn_trial: DrawCast, tmp_path):
    for person in drawn_trial.people(3):
        drawn_trial.enrol(person)
    drawn_trial.draw()
    client, code = signed_in(drawn_trial.cast.auditor), drawn_trial.trial.code
    assert client.get(address("parcel", code)).status_code == 409
    assert client.get(address("verdict", code)).status_code == 409
    open_up(drawn_trial)
    with ZipFile(BytesIO(client.get(address("parcel", code)).content)) as parcel:
        parcel.extractall(tmp_path)
    names = {"bundle.json", "anchors.json", "checkpoints.json", "verify.py", "guide.html"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert drawn_trial.protocol.sha256 in (tmp_path / "guide.html").read_text()
    command = [sys.executable, "verify.py", "bundle.json", "anchors.json"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("OK: 3 allocations")


def test_the_page_shows_what_the_verifier_says_now(drawn_trial: DrawCast, monkeypatch):
    drawn_trial.enrol(drawn_trial.people()[0])
    drawn_trial.draw()
    open_up(drawn_trial)
    client, url = signed_in(drawn_trial.cast.auditor), address("verdict", drawn_trial.trial.code)
    assert url in client.get(address("log", drawn_trial.trial.code)).content.decode()
    assert "fant ingen feil" in client.get(url).content.decode()
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "fant ingen feil" in part
    monkeypatch.setattr("trial.allocation.evidence.verify.findings", lambda *_: iter(["leaf 2: says a, gives b"]))
    assert "leaf 2: says a, gives b" in client.get(url).content.decode()
