"""Requests that no careful program sends: each is refused with problem details, and none finds a fault of ours."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from rest_framework.parsers import JSONParser

from tests.access.programs import Program, Programs, taken_back
from tests.access.world import World
from tests.analyses.life import FOLLOWED_UP
from trial.analyses.api import Runs
from trial.audit import clock
from trial.config.problems import PROBLEM

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world")]

JSON = "application/json"
BODIES = {
    "nothing": b"",
    "cut off": b'{"a": ',
    "null": b"null",
    "a list": b"[]",
    "a text": b'"text"',
    "no number": b'{"a": NaN}',
    "infinite": b'{"a": 1e999}',
    "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "long digits": b"9" * 10_000,
    "no UTF-8": b"\xff\xfe{}",
    "with a mark": b"\xef\xbb\xbf{}",
    "NUL in a name": b'{"\\u0000": 1}',
    "NUL in a text": b'{"a": ["\\u0000"]}',
    "half a character": b'{"a": {"b": "\\ud800"}}',
    "large": b'"' + b"a" * 6_000_000 + b'"',
}
VALUES: list[Any] = [
    "۱۲۳",
    "9" * 5000,
    "x" * 100_000,
    "",
    "2026-02-30",
    "9999-12-31",
    2**31,
    -(2**63),
    10**400,
    1e308,
    True,
    None,
    [],
    {"": ""},
    {"x": {"x": []}},
]
CURSORS = [
    "cD1hYmM=",
    "cD0lMDA=",
    "bz05OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    "cD05OTk5LTEyLTMxJTIwMjMlM0E1OSUzQTU5LTIzJTNBMDA=",
    "cD0=",
    "cD0wMDAxLTAxLTAxJTIwMDAlM0EwMCUzQTAwJTJCMjMlM0E1OQ==",
    "%00",
    "é",
    "A" * 5000,
]
NAMES = ["%00", "a%00b", "%ED%A0%80", "9" * 5000, "۱۲۳", "%0d%0aX-Evil:%201", "..%2f..%2fetc"]


@pytest.fixture(scope="module")
def programs(world: World) -> Iterator[Programs]:
    with clock.simulated(FOLLOWED_UP):
        yield Programs(world)


def asked(method: str, path: str, program: Program, body: Any = b"", **headers: str) -> HttpResponse:
    """The answer; a fault of ours is an answer as well, as it is for a program."""
    client = Client(raise_request_exception=False)
    sent = {"Content-Type": JSON} | program.headers | {name.replace("_", "-"): said for name, said in headers.items()}
    media_type, address = sent.pop("Content-Type"), path.format(**program.arguments)
    return taken_back(lambda: client.generic(method, address, body, content_type=media_type, headers=sent))


def is_problem(answer: HttpResponse) -> bool:
    if answer.headers["Content-Type"] != PROBLEM:
        return False
    told = answer.json()
    return bool(told["code"] and told["detail"] and told["type"]) and told["status"] == answer.status_code


def refused(answer: HttpResponse, *statuses: int) -> bool:
    return answer.status_code in (statuses or range(400, 500)) and is_problem(answer)


def told(answer: HttpResponse) -> str:
    return f"{answer.status_code} {answer.content[:200]!r}"


def taking_json(programs: Programs) -> Iterator[tuple[str, Program]]:
    """The addresses that take JSON, with who may use them."""
    return ((path, programs.of(path, "POST")) for path in programs.bodies)


def test_a_body_that_is_no_proper_json_is_refused(programs: Programs) -> None:
    wrong = [
        f"{path} {name}: {told(answer)}"
        for path, program in taking_json(programs)
        for name, body in BODIES.items()
        if not refused(answer := asked("POST", path, program, body, Idempotency_Key=name), 400, 413, 422)
    ]
    assert wrong == []


def test_control_the_framework_s_own_parser_fails_on_them(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runs, "parser_classes", [JSONParser])
    path = "/api/v1/trials/{trial}/runs/"
    answer = asked("POST", path, programs.of(path, "POST"), BODIES["deep"])
    assert answer.status_code == 500
    assert is_problem(answer)


def test_one_strange_value_in_an_otherwise_valid_body_is_no_fault_of_ours(programs: Programs) -> None:
    wrong = []
    for path, program in taking_json(programs):
        for field, value in product(programs.bodies[path], VALUES):
            body = json.dumps(programs.bodies[path] | {field: value})
            answer = asked("POST", path, program, body, Idempotency_Key=f"{field} {len(body)}")
            if answer.status_code >= 500 or (answer.status_code >= 400 and not is_problem(answer)):
                wrong.append(f"{path} {field}={str(value)[:20]}: {told(answer)}")
    assert wrong == []


def test_the_valid_bodies_are_valid(programs: Programs) -> None:
    """Else the test above would stop at the first field that is missing."""
    answers = {
        path: asked("POST", path, program, json.dumps(programs.bodies[path]), Idempotency_Key="valid")
        for path, program in taking_json(programs)
    }
    assert {path: told(answer) for path, answer in answers.items() if answer.status_code not in (200, 201)} == {}


def test_a_strange_part_of_an_address_names_nothing(programs: Programs) -> None:
    wrong = []
    for path, method in programs.operations():
        program = programs.of(path, method)
        for part, name in product(program.arguments, NAMES):
            strange = Program(program.headers, program.arguments | {part: name})
            answer = asked(method, path, strange)
            if not refused(answer):
                wrong.append(f"{method} {path} {part}={name[:20]}: {told(answer)}")
    assert wrong == []


def test_a_strange_cursor_is_refused_or_begins_anew(programs: Programs) -> None:
    wrong = []
    for path, cursor in product(programs.lists(), CURSORS):
        answer = asked("GET", f"{path}?cursor={cursor}", programs.of(path, "GET"))
        if answer.status_code != 200 and not refused(answer, 404):
            wrong.append(f"{path} {cursor[:20]}: {told(answer)}")
    assert wrong == []


def answers_to(method: str, address: str) -> bool:
    return hasattr(resolve(address).func.cls, method.lower())


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_a_method_that_an_address_does_not_have_is_refused(programs: Programs, method: str) -> None:
    lacking = [(path, programs.of(path, known)) for path, known in programs.operations()]
    lacking = [(path, program) for path, program in lacking if not answers_to(method, path.format(**program.arguments))]
    assert len(lacking) > len(list(programs.operations())) / 2
    answers = {path: asked(method, path, program) for path, program in lacking}
    assert {path: told(answer) for path, answer in answers.items() if not refused(answer, 405)} == {}
    assert {path for path, answer in answers.items() if not answer.headers.get("Allow")} == set()


def test_another_media_type_is_refused(programs: Programs) -> None:
    for path, program in taking_json(programs):
        answer = asked("POST", path, program, b"<a/>", Content_Type="application/xml", Idempotency_Key="xml")
        assert refused(answer, 415), f"{path}: {told(answer)}"
        assert answer.json()["code"] == "unsupported_media_type"


def test_an_answer_that_cannot_be_given_is_refused(programs: Programs) -> None:
    for path in programs.lists():
        assert refused(asked("GET", path, programs.of(path, "GET"), Accept="application/xml"), 406), path


@pytest.mark.parametrize("address", ["/api/", "/api/v1/nothing/", "/api/v1/trials/", "/api/v2/trials/se-klar/runs/"])
def test_an_address_that_is_not_there_is_a_problem_too(db: None, address: str) -> None:
    answer = Client().get(address)
    assert refused(answer, 404)
    assert answer.json()["code"] == "not_found"


def test_what_is_sent_without_the_last_slash_is_not_turned_into_a_question(programs: Programs) -> None:
    for path, program in taking_json(programs):
        assert refused(asked("POST", path.rstrip("/"), program, b"{}"), 404), path
    path = "/api/v1/trials/{trial}/runs/"
    assert asked("GET", path.rstrip("/"), programs.of(path, "GET")).status_code == 301


def test_without_a_token_every_address_asks_for_one(programs: Programs) -> None:
    for path, method in programs.operations():
        answer = asked(method, path, Program({}, programs.of(path, method).arguments))
        assert refused(answer, 401), f"{method} {path}: {told(answer)}"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "9" * 5000, "²", "0x1"])
def test_a_piece_of_a_file_begins_at_a_whole_number(programs: Programs, offset: str) -> None:
    path = "/api/v1/trials/{trial}/deliveries/uploads/"
    program, headers = programs.of(path, "POST"), {"Content_Type": "application/octet-stream", "Upload_Offset": offset}

    def sent() -> HttpResponse:
        with transaction.atomic():  # not taken back before its piece has come
            made = Client().post(
                path.format(**program.arguments), programs.bodies[path], content_type=JSON, headers=program.headers
            )
            return asked("PUT", f"{path}{made.json()['id']}/", program, b"abc", **headers)

    answer = taken_back(sent)
    assert refused(answer, 409, 422), told(answer)


def test_every_address_is_a_page_for_whoever_opens_it_in_a_browser(programs: Programs) -> None:
    for path, method in programs.operations():
        if method == "GET":
            answer = asked("GET", path, programs.of(path, method), Accept="text/html,*/*;q=0.8")
            assert answer.status_code in (200, 404, 409), f"{path}: {told(answer)}"
            assert answer.headers["Content-Type"].startswith("text/html"), path
            assert b" style=" not in answer.content, path
