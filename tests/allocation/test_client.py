"""The researcher's client against the running site: key, waiting numbers, draw, checkpoint, verification."""

import io
import json
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.allocation.random_protocols import open_up
from tests.allocation.trials import SEED, DrawCast, drawing
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.access.tokens import issue
from trial.allocation import client
from trial.allocation.contributions import commitment_of
from trial.allocation.models import Allocation
from trial.allocation.queries import bundle_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture
def site(committed_database):
    running = LiveServer("127.0.0.1")
    yield running.url
    running.stop()


@pytest.fixture
def waiting_trial(committed_database) -> DrawCast:
    made = drawing()
    for person in made.people(20):
        made.enrol(person)
    return made


@pytest.fixture
def desk(tmp_path, waiting_trial: DrawCast, site: str):
    """The researcher's folder with token and key, and the arguments that every command shares."""
    with maintenance():
        researcher = waiting_trial.cast.researcher
        secret = issue(
            user=researcher, trial="se-klar", role=Role.RESEARCHER, label="client", lifetime=timedelta(hours=1)
        )
    (tmp_path / "token").write_text(secret)
    (tmp_path / "key.json").write_text(
        json.dumps({"trial": "se-klar", "seed": SEED.hex(), "commitment": commitment_of("se-klar", SEED)})
    )
    return tmp_path, ["se-klar", "--server", site, "--token", str(tmp_path / "token")]


def arms(trial: DrawCast) -> list[str]:
    with maintenance():
        rows = Allocation.objects.filter(trial=trial.trial, arm__isnull=False)
        return list(rows.order_by("alloc_seq").values_list("arm__code", flat=True))


def test_the_researcher_draws_from_home(waiting_trial: DrawCast, desk, capsys):
    folder, shared = desk
    assert client.main(["waiting", *shared]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 20
    sent = ["--key", str(folder / "key.json"), "--protocol", waiting_trial.protocol.sha256]
    assert client.main(["draw", *shared, *sent]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in said] == arms(waiting_trial)
    assert len(said) == 20
    assert client.main(["draw", *shared, *sent]) == 0
    assert capsys.readouterr().out == ""


def test_a_checkpoint_kept_at_home_verifies_the_bundle_later(waiting_trial: DrawCast, desk, capsys):
    folder, shared = desk
    client.main(["draw", *shared, "--key", str(folder / "key.json")])
    anchors, bundle = folder / "anchors.json", folder / "bundle.json"
    for _ in range(2):
        assert client.main(["checkpoint", *shared, "--keep", str(anchors)]) == 0
    assert len(json.loads(anchors.read_text())["checkpoints"]) == 1
    open_up(waiting_trial)
    bundle.write_text(json.dumps(bundle_of(waiting_trial.trial)))
    capsys.readouterr()
    assert client.main(["verify", str(bundle), str(anchors)]) == 0
    assert "OK: 20 allocations" in capsys.readouterr().out


def test_a_wrong_key_or_protocol_draws_nothing(waiting_trial: DrawCast, desk, capsys):
    folder, shared = desk
    wrong = folder / "wrong.json"
    wrong.write_text(json.dumps({"trial": "se-klar", "seed": "00" * 32}))
    for sent in (
        ["--key", str(wrong)],
        ["--key", str(folder / "token")],
        ["--key", str(folder / "key.json"), "--protocol", "0" * 64],
    ):
        assert client.main(["draw", *shared, *sent]) == 1
    assert "Nothing was drawn" in capsys.readouterr().err
    assert arms(waiting_trial) == []


def test_a_token_that_is_not_valid_is_a_sentence(waiting_trial: DrawCast, desk, capsys):
    folder, shared = desk
    (folder / "token").write_text("nt_wrong")
    assert client.main(["waiting", *shared]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_server_that_asks_for_a_later_draw_gets_nothing():
    each = {"number": "MOS-1", "stratum": "Moss", "position": 3, "contexts": [["se-klar", "Moss", "draw", 4]]}
    terms = {"trial": "se-klar", "beacon": "", "protocol_sha256": "0" * 64, "waiting": [each]}
    with pytest.raises(client.ClientError, match="does not wait"):
        client.contributions(SEED, terms)


def test_a_key_is_made_once_and_kept_from_others(tmp_path, capsys):
    path = tmp_path / "key.json"
    assert client.main(["make-key", "se-klar", "--out", str(path)]) == 0
    content = json.loads(path.read_text())
    assert capsys.readouterr().out.strip() == content["commitment"]
    assert client.commitment_of("se-klar", bytes.fromhex(content["seed"])) == content["commitment"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert client.main(["make-key", "se-klar", "--out", str(path)]) == 1


@pytest.mark.parametrize(
    "address", ["http://example.org", "http://localhost.example.org", "http://127.0.0.1@example.org", "https://", "x"]
)
def test_an_address_without_encryption_is_refused(address: str):
    with pytest.raises(client.ClientError, match="https"):
        client.Server(address, "se-klar", "token")


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everyone on to another address, and remembers who came to it."""

    came: ClassVar[list[str]] = []

    def do_GET(self):
        self.came.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/another-server/")
        self.end_headers()

    def log_message(self, *_args):
        pass


def test_the_token_is_not_taken_on_to_another_address(tmp_path, capsys):
    (tmp_path / "token").write_text("secret")
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere:
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{elsewhere.server_port}"
        assert client.main(["waiting", "se-klar", "--server", site, "--token", str(tmp_path / "token")]) == 1
        elsewhere.shutdown()
    assert Elsewhere.came == ["/api/v1/trials/se-klar/waiting/"]
    assert "302" in capsys.readouterr().err


class Stranger(Elsewhere):
    """Something else that listens at the address: a page, or no HTTP at all."""

    said: ClassVar[bytes] = b""

    def do_GET(self):
        self.wfile.write(self.said)


@pytest.mark.parametrize("said", [b"HTTP/1.0 200 OK\r\n\r\n<!doctype html>", b"220 mail.example ESMTP\r\n"])
def test_an_answer_that_cannot_be_read_is_a_sentence(tmp_path, capsys, monkeypatch, said: bytes):
    monkeypatch.setattr("trial.allocation.client.time.sleep", lambda _seconds: None)
    monkeypatch.setattr(Stranger, "said", said)
    (tmp_path / "token").write_text("secret")
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        Thread(target=stranger.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{stranger.server_port}"
        assert client.main(["waiting", "se-klar", "--server", site, "--token", str(tmp_path / "token")]) == 1
        stranger.shutdown()
    assert "cannot be read" in capsys.readouterr().err


def test_files_that_cannot_be_are_a_sentence(tmp_path, capsys, monkeypatch):
    assert client.main(["make-key", "se-klar", "--out", str(tmp_path / "none" / "key.json")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    (tmp_path / "anchors.json").write_text("[1")
    with pytest.raises(client.ClientError, match="no anchors file"):
        client.held_in(tmp_path / "anchors.json")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert client.main(["join-key", "se-klar", "--out", str(tmp_path / "key.json")]) == 1


def test_the_client_needs_no_django():
    probe = "import sys, trial.allocation.client; print('django' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"protocol_sha256": "0" * 64}, "another protocol"),
        ({"beacon": "00"}, "another protocol or beacon"),
        ({"checkpoints": [{"size": 21, "root": "0" * 64}]}, "changed or cut"),
        ({"checkpoints": [{"size": 99, "root": "0" * 64}]}, "changed or cut"),
    ],
)
def test_a_checkpoint_that_contradicts_what_is_held_is_not_kept(waiting_trial: DrawCast, desk, capsys, held, told):
    folder, shared = desk
    anchors = folder / "anchors.json"
    anchors.write_text(json.dumps(held))
    assert client.main(["checkpoint", *shared, "--keep", str(anchors)]) == 1
    assert told in capsys.readouterr().err
    assert json.loads(anchors.read_text()) == held
