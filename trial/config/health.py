"""What the platform asks a running copy: does it live, can it serve, what has it counted.

Answered before everything else: the platform calls a copy by its address, which is none of the allowed host names, and
does not sign in. Liveness asks nothing of the database, so that a database out of reach does not restart every copy.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView

PATIENCE_SECONDS = 0.8  # in all; the platform gives up after one second

# A server that neither answers nor refuses keeps its thread for a while. There are only these, so that repeated
# questions wait in the queue, and are called off, instead of piling up.
_askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="readiness")


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path) if request.method in ("GET", "HEAD") else None
        return probe(request) if probe else get_response(request)

    return answer


def isalive(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def isready(_request: HttpRequest) -> HttpResponse:
    """200 when PostgreSQL answers, else 503; never waits a second.

    Redis is told of, but nothing that a page or a draw does needs it: were every copy taken out of service because the
    broker is away, nobody could draw, and the runs that wait for it are resumed by themselves.
    """
    asked = {name: _askers.submit(question) for name, question in QUESTIONS.items()}
    deadline = time.monotonic() + PATIENCE_SECONDS
    found = {name: _outcome(answer, deadline) for name, answer in asked.items()}
    return JsonResponse(found, status=200 if found["database"] == "ok" else 503)


def _outcome(answer: Future[None], deadline: float) -> str:
    try:
        answer.result(timeout=max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        answer.cancel()
        return "slow"
    except (psycopg.Error, redis.RedisError):
        return "down"
    return "ok"


def _ask_database() -> None:
    """On a connection of its own: the request's thread must be able to give up."""
    with psycopg.connect(**connection.get_connection_params() | {"connect_timeout": 2}) as asking:
        asking.execute("SELECT 1")


def _ask_broker() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as client:
        client.ping()


QUESTIONS = {"database": _ask_database, "broker": _ask_broker}
PROBES = {"/isalive": isalive, "/isready": isready, "/metrics": ExportToDjangoView}
