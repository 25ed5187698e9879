"""Servers that the environment names are asked first, and a slip is told in one sentence."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.test_services_refuse import command
from tests.databases import database_copy
from trial.access.models import User
from trial.config.demo import story
from trial.config.demo.evaluate import DemoFailure
from trial.config.services import ServiceFailure, check_port
from trial.config.services.command_line import prepare, without_traceback
from trial.config.services.named import check_broker, check_database, check_named

DATABASE, BROKER = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
NOBODY_LISTENS = "127.0.0.1:1"


def test_servers_that_answer_are_taken() -> None:
    check_database(DATABASE, to_fill=True)
    check_broker(BROKER)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "must look like postgres://"),
        ("sqlite:///db", "must look like postgres://"),
        ("postgres://a:b@[::1/db", "must look like postgres://"),
        (f"postgres://a:secret@{NOBODY_LISTENS}/db", "does not answer: .*refused"),
        (f"postgres://a:secret@{NOBODY_LISTENS}/db?nonsense=1", "does not answer: "),
    ],
)
def test_a_database_that_is_none_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(ServiceFailure, match=told) as failure:
        check_database(url)
    assert "secret" not in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [("nonsense", "must look like redis://"), (f"redis://:secret@{NOBODY_LISTENS}/0", "does not answer: .*refused")],
)
def test_a_broker_that_is_none_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(ServiceFailure, match=told) as failure:
        check_broker(url)
    assert "secret" not in str(failure.value)


def test_only_the_demonstration_needs_a_broker_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://{NOBODY_LISTENS}/0")
    check_named(for_demonstration=False)
    with pytest.raises(ServiceFailure, match="Redis"):
        check_named(for_demonstration=True)


@pytest.mark.parametrize(
    ("arguments", "site"),
    [
        ([], "http://localhost:8000"),
        (["--port", "8123", "--check"], "http://localhost:8123"),
        (["--check", "--port=8124"], "http://localhost:8124"),
        (["--port"], "http://localhost:8000"),
    ],
)
def test_the_letters_of_a_demonstration_lead_where_it_is_served(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], site: str
) -> None:
    monkeypatch.setenv("NAVTRIAL_DEMO", "1")
    monkeypatch.setenv("SITE_URL", "")
    monkeypatch.delenv("SITE_URL")
    prepare(["manage.py", "demo", *arguments])
    assert os.environ["SITE_URL"] == site
    monkeypatch.setenv("SITE_URL", "https://trial.example")
    prepare(["manage.py", "demo", *arguments])
    assert os.environ["SITE_URL"] == "https://trial.example"


def test_an_account_that_may_not_make_everything_is_told_what_it_needs() -> None:
    worker = os.environ.get("WORKER_DATABASE_URL") or pytest.skip("no account of the worker's own here")
    check_database(worker)
    with pytest.raises(ServiceFailure, match="CREATEROLE"):
        check_database(worker, to_fill=True)


@pytest.mark.slow
def test_a_command_whose_database_is_away_ends_with_the_sentence(tmp_path: Path) -> None:
    done = command("migrate", local=tmp_path, DATABASE_URL=f"postgres://a:b@{NOBODY_LISTENS}/db")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "does not answer" in done.stderr


@pytest.mark.parametrize(("port", "told"), [(99_999, "no port 99999"), (-1, "no port -1")])
def test_a_number_that_is_no_port_is_told(port: int, told: str) -> None:
    with pytest.raises(ServiceFailure, match=told):
        check_port(port)


def test_ctrl_c_ends_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, without_traceback():
        raise KeyboardInterrupt
    assert ended.value.code == 128 + signal.SIGINT
    assert capsys.readouterr().err == "\nStopped.\n"


@pytest.fixture
def emptied(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    with django_db_blocker.unblock(), database_copy("demonstrated"):  # type: ignore[attr-defined]
        yield


@pytest.mark.slow
@pytest.mark.parametrize(("username", "refused"), [("ola.nordmann", True), ("leder", False)])
def test_a_database_with_other_people_is_never_begun_anew(emptied: None, username: str, refused: bool) -> None:
    User.objects.create_user(username=username)
    if refused:
        with pytest.raises(DemoFailure, match="more than a demonstration"):
            story._prepare_database(fresh=True)
        assert User.objects.filter(username=username).exists()
    else:
        story._refuse_other_content()
