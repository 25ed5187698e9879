"""The platform's questions are answered fast, whatever state the servers are in."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import redis
from django.test import Client, override_settings

from trial.config import health

pytestmark = pytest.mark.django_db


def test_a_living_copy_asks_no_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(health.QUESTIONS, "database", _refuse)
    assert client.get("/isalive").content == b"ok"


def test_a_copy_with_its_servers_is_ready(client: Client) -> None:
    answer = client.get("/isready")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "broker": "ok"})


def test_the_platform_calls_by_address_without_signing_in(client: Client) -> None:
    for path in ("/isalive", "/isready", "/metrics"):
        assert client.get(path, headers={"host": "10.3.2.1:8080"}).status_code == 200


def test_a_server_that_refuses_makes_the_copy_unready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(health.QUESTIONS, "database", _refuse)
    answer = client.get("/isready")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_a_broker_out_of_reach_is_told_and_takes_no_copy_out_of_service(client: Client) -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        answer = client.get("/isready")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "broker": "down"})


@pytest.mark.slow
def test_silent_servers_are_not_waited_for_nor_asked_again_and_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(2) as askers:
        monkeypatch.setattr(health, "_askers", askers)
        monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.1)
        asked: list[float] = []
        monkeypatch.setitem(health.QUESTIONS, "database", lambda: _silent(asked))
        for _ in range(4):
            begun = time.monotonic()
            assert client.get("/isready").json()["database"] == "slow"
            assert time.monotonic() - begun < 0.5
    assert len(asked) <= 2


def _refuse() -> None:
    raise psycopg.OperationalError("connection refused")


def _silent(asked: list[float]) -> Any:
    asked.append(time.monotonic())
    time.sleep(0.7)
    raise redis.ConnectionError
