"""A lost key: two sheets of paper, two persons, and a line in the log. The shares never reach the server."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from tests.allocation.random_protocols import open_up
from tests.allocation.test_corrections import events
from tests.allocation.trials import SEED, DrawCast, drawing
from tests.cast import acting
from trial.access.planes import maintenance
from trial.access.refusals import Refusal
from trial.allocation import client, sheets
from trial.allocation.contributions import commitment_of
from trial.allocation.models import Recovery
from trial.allocation.recovery import approve_recovery, request_recovery

pytestmark = pytest.mark.slow

REASON = "Maskinen ble stjålet."


def requested(trial: DrawCast, reason: str = REASON) -> Recovery:
    researcher = trial.cast.researcher
    with acting(researcher):
        return request_recovery(by=researcher, trial=trial.trial, reason=reason)


def approved(trial: DrawCast, recovery: Recovery) -> Recovery:
    with acting(trial.cast.lead):
        return approve_recovery(by=trial.cast.lead, recovery=recovery)


def test_two_persons_agree_and_the_log_says_so(drawn_trial: DrawCast):
    recovery = requested(drawn_trial)
    assert events(drawn_trial) == []
    approved(drawn_trial, recovery)
    (leaf,) = events(drawn_trial)
    assert (leaf["kind"], leaf["who"]) == ("key_recovered", "")


def test_nobody_agrees_with_themselves_or_twice(drawn_trial: DrawCast):
    recovery = requested(drawn_trial)
    with acting(drawn_trial.cast.researcher), pytest.raises(Refusal, match="same_person"):
        approve_recovery(by=drawn_trial.cast.researcher, recovery=recovery)
    with pytest.raises(Refusal, match="already_requested"):
        requested(drawn_trial)
    approved(drawn_trial, recovery)
    with pytest.raises(Refusal, match="already_decided"):
        approved(drawn_trial, recovery)


def test_who_looked_before_the_other_agreed_does_not_agree_again(drawn_trial: DrawCast):
    recovery = requested(drawn_trial)
    with acting(drawn_trial.cast.lead):
        looked_at = Recovery.objects.get(pk=recovery.pk)
    approved(drawn_trial, recovery)
    with pytest.raises(Refusal, match="already_decided"):
        approved(drawn_trial, looked_at)
    assert len(events(drawn_trial)) == 1


def test_once_the_trial_is_open_nobody_agrees_to_open_the_envelopes(drawn_trial: DrawCast):
    requested(drawn_trial)
    open_up(drawn_trial)
    before = len(events(drawn_trial))
    with acting(drawn_trial.cast.lead):
        waiting = Recovery.objects.select_related("trial").get()
    with pytest.raises(Refusal, match="wrong_trial_state"):
        approved(drawn_trial, waiting)
    assert len(events(drawn_trial)) == before


@pytest.mark.parametrize(("reason", "code"), [(" ", "reason_missing"), ("Hos 15507600333", "national_id_in_text")])
def test_what_is_no_reason_is_refused(drawn_trial: DrawCast, reason: str, code: str):
    with pytest.raises(Refusal, match=code):
        requested(drawn_trial, reason)


def test_a_trial_without_a_key_file_has_none_to_lose(db, simulated_clock):
    with pytest.raises(Refusal, match="not_attended"):
        requested(drawing(mode="unattended"))


def test_the_page_leads_two_persons_through_it(drawn_trial: DrawCast):
    url = reverse("allocation:key", args=[drawn_trial.trial.code])
    researcher, lead, office = Client(), Client(), Client()
    researcher.force_login(drawn_trial.cast.researcher)
    lead.force_login(drawn_trial.cast.lead)
    office.force_login(drawn_trial.cast.kari)
    assert office.get(url).status_code == 403
    assert lead.post(reverse("allocation:recover", args=[drawn_trial.trial.code])).status_code == 409
    assert researcher.post(url, {"reason": REASON}).status_code == 302
    assert "En annen person må godkjenne det." in researcher.get(url).content.decode()
    assert REASON in lead.get(url).content.decode()
    assert lead.post(reverse("allocation:recover", args=[drawn_trial.trial.code])).status_code == 302
    assert "Sett sammen nøkkelen" in researcher.get(url).content.decode()
    with maintenance():
        assert Recovery.objects.get().approved_by == drawn_trial.cast.lead


def test_two_sheets_make_the_seed_and_one_says_nothing():
    lines, others = sheets.split_key(SEED), sheets.split_key(SEED)
    assert sheets.join_key(lines) == sheets.join_key(others) == SEED
    assert set(lines).isdisjoint(others)
    assert SEED.hex()[:16] not in "".join(lines).replace(" ", "")


@pytest.mark.parametrize("spoil", [lambda line: line[1:], lambda line: "0" * 68, lambda line: f"x{line[1:]}"])
def test_a_sheet_copied_wrong_is_named(spoil):
    one, two = sheets.split_key(bytes(range(1, 33)))
    with pytest.raises(ValueError, match="Sheet 2"):
        sheets.join_key([one, spoil(two)])
    with pytest.raises(ValueError, match="Sheet 1"):
        sheets.join_key([two, one])


def test_the_client_prints_the_sheets_and_makes_the_key_file_again(tmp_path, capsys, monkeypatch):
    key, again = tmp_path / "key.json", tmp_path / "again.json"
    client.main(["make-key", "se-klar", "--out", str(key)])
    commitment = capsys.readouterr().out.strip()
    assert client.main(["split-key", "se-klar", "--key", str(key)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if len(line.replace(" ", "")) == 68]
    typed = iter(lines)
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed).upper())
    assert client.main(["join-key", "se-klar", "--out", str(again), "--commitment", commitment]) == 0
    assert json.loads(again.read_text()) == json.loads(key.read_text())
    typed = iter(lines)
    assert client.main(["join-key", "other", "--out", str(tmp_path / "x"), "--commitment", commitment]) == 1
    assert not (tmp_path / "x").exists()
    assert commitment_of("se-klar", bytes.fromhex(json.loads(again.read_text())["seed"])) == commitment
