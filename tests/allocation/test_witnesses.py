"""Checkpoints told to outsiders: a webhook, and an authority of time stamps that openssl plays."""

import json
import shutil
import socket
from threading import Thread

import pytest
from django.core.management import call_command

from tests.allocation.authority import Authority, serving
from tests.allocation.trials import DrawCast
from tests.cast import acting
from trial.access.planes import maintenance
from trial.allocation.actions import checkpoint
from trial.allocation.models import Witness
from trial.allocation.receipts import signature_holds
from trial.allocation.timestamps import TimestampError, query, stamp
from trial.allocation.witnesses import stamped_text, tell_witnesses

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl plays the authority"),
]


@pytest.fixture
def authority(tmp_path):
    with serving(tmp_path) as served:
        yield served


def test_a_stamp_answers_the_question_and_openssl_verifies_it(authority: Authority):
    response = authority.answer(query(b"a checkpoint", nonce=77))
    assert stamp(response, b"a checkpoint", nonce=77).response == response
    assert authority.verified(b"a checkpoint", response)
    assert not authority.verified(b"another one", response)


@pytest.mark.parametrize(
    ("data", "nonce", "told"), [(b"another", 77, "other data"), (b"a checkpoint", 78, "another question")]
)
def test_a_stamp_of_something_else_is_not_kept(authority: Authority, data: bytes, nonce: int, told: str):
    response = authority.answer(query(b"a checkpoint", nonce=77))
    with pytest.raises(TimestampError, match=told):
        stamp(response, data, nonce=nonce)


def test_an_answer_cut_off_anywhere_is_refused(authority: Authority):
    response = authority.answer(query(b"a checkpoint", nonce=77))
    for length in range(0, len(response), 7):
        with pytest.raises(TimestampError):
            stamp(response[:length], b"a checkpoint", nonce=77)


def test_a_refusal_of_the_authority_is_told(authority: Authority):
    broken = query(b"a checkpoint", nonce=77).replace(bytes.fromhex("0609608648016503040201"), bytes(11))
    with pytest.raises(TimestampError):
        stamp(authority.answer(broken), b"a checkpoint", nonce=77)


@pytest.fixture
def told(drawn_trial: DrawCast, authority: Authority, settings) -> DrawCast:
    settings.CHECKPOINT_WEBHOOK_URL = f"{authority.address}/hook"
    settings.CHECKPOINT_WEBHOOK_TOKEN = "a-token"
    settings.TIMESTAMP_AUTHORITY_URL = f"{authority.address}/tsa"
    drawn_trial.enrol(drawn_trial.people()[0])
    return drawn_trial


def test_the_hourly_command_signs_and_tells_both(told: DrawCast, authority: Authority, capsys):
    call_command("allocation_checkpoint", told.trial.code)
    assert sorted(path for path, _headers, _body in authority.heard) == ["/hook"] * 2 + ["/tsa"] * 2
    _path, headers, body = next(each for each in authority.heard if each[0] == "/hook")
    assert headers["Authorization"] == "Bearer a-token"
    said = json.loads(body)
    assert signature_holds(said, said["public_key"])
    with maintenance():
        for witness in Witness.objects.filter(kind="timestamp").select_related("checkpoint__trial"):
            assert authority.verified(stamped_text(witness.checkpoint), bytes(witness.evidence))
    before = len(authority.heard)
    assert tell_witnesses(told.trial) == []
    assert len(authority.heard) == before


@pytest.mark.parametrize("fault", ["status", "spoil"])
def test_a_witness_that_fails_is_told_again_at_the_next_round(told: DrawCast, authority: Authority, fault, capsys):
    setattr(authority, fault, {"status": 503, "spoil": lambda answer: answer[:-9]}[fault])
    with pytest.raises(SystemExit):
        call_command("allocation_checkpoint", told.trial.code)
    assert "of 2 leaves" in capsys.readouterr().err
    authority.status, authority.spoil = 200, None
    assert tell_witnesses(told.trial) == []
    with maintenance():
        assert Witness.objects.filter(trial=told.trial).count() == 4


def test_a_witness_that_speaks_another_language_stops_no_round(told: DrawCast, settings):
    """The next trials of the hour are signed nevertheless."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.TIMESTAMP_AUTHORITY_URL = ""
        settings.CHECKPOINT_WEBHOOK_URL = f"http://127.0.0.1:{server.getsockname()[1]}/hook"

        def answer() -> None:
            caller, _from = server.accept()
            with caller:
                caller.recv(100_000)
                caller.sendall(b"220 mail.example ESMTP\r\n")

        answering = Thread(target=answer)
        answering.start()
        assert [line.split(": ", 1)[1] for line in tell_witnesses(told.trial)] == ["cannot be reached: BadStatusLine"]
        answering.join()


def test_a_witness_that_has_moved_was_not_told_and_the_token_follows_nowhere(
    told: DrawCast, authority: Authority, settings
):
    settings.TIMESTAMP_AUTHORITY_URL = ""
    authority.status, authority.moved_to = 302, f"{authority.address}/sign-in"
    assert [line.split(": ", 1)[1] for line in tell_witnesses(told.trial)] == ["cannot be reached: HTTPError"]
    assert [path for path, _headers, _body in authority.heard] == ["/hook"]


def test_a_witness_out_of_reach_stops_no_draw(told: DrawCast, settings):
    settings.CHECKPOINT_WEBHOOK_URL = "http://127.0.0.1:9/hook"
    settings.TIMESTAMP_AUTHORITY_URL = "file:///tmp/stamps"
    told.draw()
    with acting(told.cast.auditor):
        checkpoint(by=told.cast.auditor, trial=told.trial)
    lines = tell_witnesses(told.trial)
    assert len(lines) == 4
    assert any("cannot be reached" in line for line in lines)
    assert any("none of http" in line for line in lines)


def test_nobody_is_told_where_nobody_is_named(drawn_trial: DrawCast):
    assert tell_witnesses(drawn_trial.trial) == []
