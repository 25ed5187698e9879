"""schemathesis makes up requests from the API's own description, valid and invalid ones; the application answers them.

`pytest -m nightly tests/access/test_api_fuzz.py -n 0` sends two hundred times as many, from a new seed that it prints,
and keeps what it counted as evidence.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from rest_framework.response import Response as Answer
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import evidence
from tests.access.programs import Programs, taken_back
from tests.access.world import World
from tests.analyses.life import FOLLOWED_UP
from trial.audit import clock
from trial.config.problems import PROBLEM
from trial.enrolment.api import EligibilityChecks

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world")]

REQUESTS = [1_000, pytest.param(200_000, marks=pytest.mark.nightly)]
AS_DESCRIBED: list[CheckFunction] = [status_code_conformance, content_type_conformance, response_schema_conformance]
QUIETLY = settings(
    deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)  # fmt: skip
Description = dict[str, Any]


@dataclass
class Fuzz:
    """A run of requests, valid or invalid ones: how they were answered, and which of them wrongly."""

    programs: Programs
    mode: GenerationMode
    number: int = 0  # the seed
    statuses: Counter[int] = field(default_factory=Counter)
    invalid_bodies: int = 0
    faults: list[str] = field(default_factory=list)

    def run(self, description: Description, amount: int) -> None:
        """Send about `amount` requests, as many to each operation; valid ones name things that are there."""
        told = hinted(description, self.programs.known) if self.mode.is_positive else description
        schema = schemathesis.openapi.from_dict(told)
        schema.app = WSGIHandler()
        operations = [found.ok() for found in schema.get_all_operations()]
        for operation in operations:
            self._ask(operation, -(-amount // len(operations)))

    def _ask(self, operation: Any, times: int) -> None:
        program = self.programs.of(operation.path, operation.method)

        @seed(self.number)
        @settings(QUIETLY, max_examples=times)
        @given(case=operation.as_strategy(generation_mode=self.mode))
        def send(case: Case) -> None:
            case.path_parameters.update(program.arguments)
            answer = taken_back(partial(case.call, headers=program.headers))
            self.statuses[answer.status_code] += 1
            self.invalid_bodies += invalid_body(case)
            self.faults += [f"{told_of(case)}: {answer.status_code} {fault}" for fault in faults_of(case, answer)]

        send()


@pytest.fixture(scope="module")
def programs(world: World) -> Iterator[Programs]:
    with clock.simulated(FOLLOWED_UP):
        yield Programs(world)


@pytest.fixture(scope="module")
def description(world: World) -> Description:
    client = Client()
    client.force_login(world.cast.lead)
    answer: Description = client.get("/api/v1/schema/", {"format": "json"}).json()
    return answer


@pytest.mark.parametrize("amount", REQUESTS)
def test_every_made_up_request_is_answered_as_described(
    programs: Programs, description: Description, amount: int
) -> None:
    number = 0 if amount == REQUESTS[0] else secrets.randbits(32)
    print(f"seed {number}")
    runs = [Fuzz(programs, mode, number) for mode in GenerationMode]
    for run in runs:
        run.run(description, amount // len(runs))
    statuses = sum((run.statuses for run in runs), Counter[int]())
    invalid_bodies = sum(run.invalid_bodies for run in runs)
    assert [fault for run in runs for fault in run.faults] == []
    assert statuses.total() >= amount
    assert invalid_bodies > amount / 10
    if number:
        answers = {str(status): count for status, count in sorted(statuses.items())}
        evidence.keep("api_fuzz", requests=statuses.total(), invalid_bodies=invalid_bodies, seed=number, **answers)


def test_control_a_fault_of_ours_is_found(
    programs: Programs, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that fails on what it does not know."""
    monkeypatch.setattr(EligibilityChecks, "_office", lambda _self, _trial, number: {}[number])
    fuzzed = Fuzz(programs, GenerationMode.POSITIVE)
    fuzzed.run(only(description, "/eligibility-checks/"), 20)
    assert fuzzed.statuses[500]
    assert any("500" in fault for fault in fuzzed.faults)


def test_control_an_invalid_body_that_is_taken_is_found(
    programs: Programs, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that looks at nothing of what it is sent."""
    monkeypatch.setattr(EligibilityChecks, "post", lambda _self, _request, trial: Answer({}, status=201))
    fuzzed = Fuzz(programs, GenerationMode.NEGATIVE)
    fuzzed.run(only(description, "/eligibility-checks/"), 20)
    assert any("an invalid body was taken" in fault for fault in fuzzed.faults)


def test_control_an_answer_that_is_not_as_described_is_found(programs: Programs, description: Description) -> None:
    """The description promises a field that no answer has."""
    described = only(description, "/checkpoints/")
    checkpoint = described["components"]["schemas"]["Checkpoint"]
    checkpoint["properties"]["moon"], checkpoint["required"] = {"type": "string"}, ["moon"]
    fuzzed = Fuzz(programs, GenerationMode.POSITIVE)
    fuzzed.run(described, 4)
    assert any("moon" in fault for fault in fuzzed.faults)


def faults_of(case: Case, answer: Response) -> Iterator[str]:
    """What is wrong with an answer."""
    if answer.status_code >= 500:
        yield answer.text[:300]
        return
    if answer.status_code < 300 and invalid_body(case):
        yield "an invalid body was taken"
    if answer.status_code >= 400 and not is_problem(answer):
        yield f"no problem details: {answer.text[:300]}"
    try:
        case.validate_response(answer, checks=AS_DESCRIBED)
    except FailureGroup as group:
        yield from (f"{failure.title}: {failure.message}" for failure in group.exceptions)


def invalid_body(case: Case) -> bool:
    return case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)


def is_problem(answer: Response) -> bool:
    told = json.loads(answer.text)
    media_type = answer.headers["content-type"][0]
    return media_type == PROBLEM and bool(told["code"] and told["detail"]) and told["status"] == answer.status_code


def told_of(case: Case) -> str:
    return f"{case.method} {case.formatted_path} {case.query} {str(case.body)[:300]}"


def only(description: Description, ending: str) -> Description:
    """The description of the addresses with an ending."""
    paths = {path: methods for path, methods in description["paths"].items() if path.endswith(ending)}
    return deepcopy(description | {"paths": paths})


def hinted(description: Description, known: dict[str, list[Any]]) -> Description:
    """The description in which a field that finds something is likely to find it."""
    told = deepcopy(description)
    for schema in told["components"]["schemas"].values():
        for name, kind in schema.get("properties", {}).items():
            if name in known and not kind.get("readOnly"):
                schema["properties"][name] = {"anyOf": [{"enum": known[name]}, kind]}
    return told
