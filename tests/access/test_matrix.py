"""Role x address x ownership: every address is called by everyone, and answers exactly as declared."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.access.world import World
from tests.analyses.life import FOLLOWED_UP
from trial.access.models import User
from trial.access.permissions import Permission as P
from trial.audit import clock
from trial.config import admission
from trial.config.endpoints import Endpoint, endpoints
from trial.config.rights import Answer, answer_to
from trial.config.rules import RULES, SIGN_IN, Open, Rule
from trial.studies.queries import memberships_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world")]
OFFICES = ("Moss", "Hurum")


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    assert {each.name for each in endpoints()} == set(RULES)


def test_addresses_of_all_kinds_are_there() -> None:
    kinds = Counter(each.kind for each in endpoints())
    assert min(kinds[kind] for kind in ("page", "api", "download")) > 10


def expected(world: World, rule: Rule, method: str, user: User | None, office: str) -> Answer:
    if user is None:
        return Answer.OPEN if rule.of(method) is Open.ANYONE else Answer.SIGN_IN
    mine = [each for each in memberships_of(user) if each.trial_id == world.cast.trial.pk]
    return answer_to(rule, method, mine, memberships_of(user), world.places[office].office)


def observed(answer: HttpResponse) -> Answer:
    if answer.status_code == 302 and answer["Location"].startswith("/account/login/"):
        return Answer.SIGN_IN
    if answer.status_code == 401 or (answer.status_code == 403 and b"not_authenticated" in answer.content):
        return Answer.SIGN_IN
    return {403: Answer.CLOSED, 404: Answer.HIDDEN}.get(answer.status_code, Answer.OPEN)


def called(client: Client, endpoint: Endpoint, method: str, arguments: dict[str, Any]) -> HttpResponse:
    """The answer; whatever it wrote is taken back."""
    address = reverse(endpoint.name, kwargs=arguments)
    with transaction.atomic():
        if method == "GET":
            answer = client.get(address)
        else:
            answer = client.post(address, data="", content_type=JSON if endpoint.kind == "api" else FORM)
        transaction.set_rollback(True)
    return answer


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def cells(world: World, user: User | None) -> list[tuple[str, str, str, Answer, Answer, int]]:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    found = []
    for endpoint in endpoints():
        rule = RULES.get(endpoint.name, Rule())
        if endpoint.name in SIGN_IN:
            continue
        for method in rule.methods:
            for office in OFFICES if rule.per_person else OFFICES[:1]:
                arguments, exists = world.arguments(endpoint, office)
                answer = called(client, endpoint, method, arguments)
                wanted = expected(world, rule, method, user, office)
                if wanted == Answer.OPEN and not exists and answer.status_code == 404:
                    continue
                found.append((method, endpoint.path, office, wanted, observed(answer), answer.status_code))
    return found


NAMES = [
    "kari", "jon", "siri", "researcher", "coordinator", "second_lead", "data_manager", "analyst", "checker", "auditor",
    "other_lead", "other_kari", "other_analyst", "outsider", None,
]  # fmt: skip


@pytest.fixture
def lenient(settings: Settings) -> None:
    """Nobody is asked to prove who they are: that is another test's."""
    settings.STEP_UP_SECONDS = float("inf")


@pytest.mark.parametrize("name", NAMES)
def test_everyone_is_answered_as_declared(world: World, lenient: None, name: str | None) -> None:
    with clock.simulated(FOLLOWED_UP):
        asked = cells(world, world.users[name] if name else None)
    wrong = [
        f"{method} {path} at {office}: {wanted}, was {seen} ({status})"
        for method, path, office, wanted, seen, status in asked
        if wanted != seen or status >= 500
    ]
    assert "\n".join(wrong) == ""


def test_control_an_address_that_asks_for_another_right_is_noticed(
    world: World, lenient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The declaration says one thing and the house does another."""
    monkeypatch.setattr(admission, "rule_of", RULES.get)  # by the request, so that it finds none: only the views ask
    changed = RULES["allocation:draw_room"]
    monkeypatch.setitem(RULES, "allocation:draw_room", replace(changed, get=frozenset({P.SEE_ARM})))
    with clock.simulated(FOLLOWED_UP):
        wrong = [cell for cell in cells(world, world.users["researcher"]) if cell[3] != cell[4]]
    assert ("GET", "/trials/<slug:trial>/draws/") in [cell[:2] for cell in wrong]


def test_an_address_without_a_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "home:audit")
    assert {each.name for each in endpoints()} - set(RULES) == {"home:audit"}
