"""Programs that call the API of `world`, for each operation one whose token opens it: a refusal is of what was sent.

What people do with people goes to the trial that recruits, all else to the one with data and results. Whatever a
request writes is taken back, so that each one meets the same world.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction

from tests.access.world import World
from tests.cast import ELIGIBLE, Cast
from tests.factories import checked, consented, registered, synthetic_person
from trial.access.planes import maintenance
from trial.access.roles import ROLES, Role
from trial.access.tokens import issue
from trial.config.endpoints import Endpoint, endpoints
from trial.config.rules import RULES
from trial.enrolment.models import Participant
from trial.studies.models import Membership

T = TypeVar("T")
HERE = "/api/v1/trials/{trial}/"

AGES = timedelta(days=100 * 365)
WHILE_RECRUITING = ("enrolment", "allocation:api_draws", "allocation:api_waiting", "registers:api_upload")


@dataclass(frozen=True)
class Program:
    """Who may ask for an operation, and what to fill into its address."""

    headers: dict[str, str]
    arguments: dict[str, str]


@dataclass
class Programs:
    """Every operation's program, by the path as the description has it."""

    world: World
    known: dict[str, list[Any]] = field(default_factory=dict)  # values by which something is found, by field
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)  # what each address takes as JSON, by path
    _tokens: dict[tuple[int, Role], str] = field(default_factory=dict)
    _paths: dict[str, Endpoint] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._paths = {described(each): each for each in endpoints() if each.path.startswith(HERE.partition("{")[0])}
        for cast in (self.world.cast, self.world.other):
            self._sign_up(cast)
        self.known = self._what_is_there()
        self.bodies = self._valid_bodies()

    def of(self, path: str, method: str) -> Program:
        endpoint = self._paths[path]
        cast = self.world.other if endpoint.name.startswith(WHILE_RECRUITING) else self.world.cast
        rights = RULES[endpoint.name].of("GET" if method.upper() == "GET" else "POST")
        mine = (role for trial, role in self._tokens if trial == cast.trial.pk)
        role = next(role for role in mine if rights & ROLES[role].permissions)
        filled, _ = self.world.arguments(endpoint, "Moss")
        if cast is self.world.other:
            filled |= {"trial": cast.trial.code, "number": self.known["participant"][0]}
        values = {part: str(filled[part]) for part in endpoint.parts}
        return Program({"Authorization": f"Bearer {self._tokens[cast.trial.pk, role]}"}, values)

    def _sign_up(self, cast: Cast) -> None:
        with maintenance():
            for member in Membership.objects.filter(trial=cast.trial).exclude(office=cast.hurum).select_related("user"):
                role, key = Role(member.role), (cast.trial.pk, Role(member.role))
                if key not in self._tokens:
                    self._tokens[key] = issue(
                        user=member.user, trial=cast.trial.code, role=role, label="program", lifetime=AGES
                    )

    def _what_is_there(self) -> dict[str, list[Any]]:
        other = self.world.other
        followed = self.world.places["Moss"].participant
        person, ready, unused = registered(other), consented(other), checked(other)
        with maintenance():
            moss = Participant.objects.filter(trial=self.world.cast.trial, office=self.world.cast.moss)[:5]
            return {
                "participant": [person.number, followed.number, *(each.number for each in moss)],
                "ready": [ready.number],
                "check": [str(unused.pk)],
                "office": [other.moss.nav_office.number],
                "version": [1],
                "plan": [1],
                "covers": [[]],
                "answers": [unused.answers],
            }

    def operations(self) -> Iterator[tuple[str, str]]:
        """Every path with each method that it has."""
        return ((path, method) for path, endpoint in self._paths.items() for method in RULES[endpoint.name].methods)

    def lists(self) -> list[str]:
        """The paths of what is given page by page."""
        words = ("participants", "checkpoints", "contacts", "measures", "deliveries", "runs", "results")
        return [f"{HERE}{word}/" for word in words]

    def _valid_bodies(self) -> dict[str, dict[str, Any]]:
        followed = self.known["participant"][1]
        person = synthetic_person()
        named = {"name": person.name, "national_id": person.national_id, "contact": "92 00 00 00"}
        file = {"register": "employment", "source": "Aa-registeret", "file_name": "a.csv", "size": 3}
        contact = {"kind": "meeting", "counterpart": "participant", "day": "2016-03-01", "minutes": 30, "note": "Møte"}
        measure = {"code": "ARBTREN", "start": "2016-03-01", "end": "2016-04-01", "provider": "Kommunen"}
        return {
            f"{HERE}eligibility-checks/": {"office": "0104", "answers": ELIGIBLE, "factors": {}},
            f"{HERE}participants/": named | {"check": self.known["check"][0]},
            f"{HERE}participants/{{number}}/consents/": {"version": 1, "covers": [], "paper_reference": "Perm 1"},
            f"{HERE}participants/{{number}}/withdrawal/": {"meaning": "everything"},
            f"{HERE}draws/": {"participant": self.known["ready"][0]},
            f"{HERE}contacts/": contact | {"participant": followed},
            f"{HERE}measures/": measure | {"participant": followed},
            f"{HERE}deliveries/uploads/": file,
            f"{HERE}runs/": {"plan": 1, "masked": False, "deviations": {"covariance": "HC3"}, "reason": "Robust"},
        }


def described(endpoint: Endpoint) -> str:
    """The address as the description writes it."""
    return re.sub(r"<\w+:(\w+)>", r"{\1}", endpoint.path)


def taken_back(call: Callable[[], T]) -> T:
    """What a request is answered; what it wrote is checked as at a commit, and taken back."""
    with connections_kept(), transaction.atomic():
        answer = call()
        if not connection.needs_rollback:
            connection.check_constraints()
        transaction.set_rollback(True)
    return answer


@contextmanager
def connections_kept() -> Iterator[None]:
    """A request begins and ends by closing connections that are in a transaction, as the one of a test is."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)
