"""A trial of any size, written straight into the tables: to measure how pages behave when a trial is large.

Nobody in it exists and nobody has a name. It goes past the actions, as no one could live through two million contacts;
therefore only a demonstration or a test may hold it. PostgreSQL refuses COPY into a table with row-level security, so
the rows come by COPY into a table of the moment and from there in one statement.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from uuid import UUID

import numpy as np
from django.db import connection

from evaluation.codes import measures
from trial.access.models import User
from trial.access.roles import Role
from trial.allocation.models import Allocation
from trial.audit import clock
from trial.audit.guards import writing
from trial.enrolment.models import EligibilityCheck, Participant
from trial.enrolment.numbers import new_number
from trial.followup.models import EmploymentSpecialist
from trial.followup.policies import CHECK_WEIGHTS, CODES_OF
from trial.followup.states import Stage
from trial.studies.models import Arm, Membership, NavOffice, Office, Trial
from trial.studies.states import TrialState

CODE = "scale"
BATCH = 2_000
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LONGEST_DAYS, SHORTEST_DAYS = 900, 5  # since the draw
KINDS = ("meeting", "meeting", "phone", "message", "workplace", "three_way")
COUNTERPARTS = ("participant", "participant", "participant", "employer", "both", "caseworker")


@dataclass(frozen=True)
class Amount:
    """How much of everything; two of three participants are drawn to follow-up."""

    offices: int
    specialists: int
    participants: int
    contacts: int


@dataclass(frozen=True)
class Person:
    """One synthetic participant; `specialist` is the place of the specialist, None for the control group."""

    key: UUID
    office: Office
    drawn: date
    specialist: int | None


@dataclass(frozen=True)
class Staff:
    """Those who run the trial: one coordinator, a supervisor per office, the specialists in order."""

    coordinator: User
    supervisors: list[User]
    specialists: list[EmploymentSpecialist]


class Seeder:
    """Makes the trial inside a `maintenance()` transaction. The same seed makes the same lives."""

    def __init__(self, amount: Amount, seed: int = 1) -> None:
        self.amount = amount
        self.rng = np.random.default_rng(seed)
        self.today = clock.today()
        self.now = clock.now()

    def make(self) -> tuple[Trial, Staff]:
        """The whole trial; statistics are gathered at the end, as the server does by itself after a while."""
        with writing():
            self._plan()
            self._employ()
        people = self._people()
        self._follow_up(people)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ANALYZE")
        return self.trial, self.staff

    def _plan(self) -> None:
        lead = User.objects.create(username=f"{CODE}-lead", display_name="Forsøksleder")
        self.trial = Trial.objects.create(
            code=CODE, name="Stort forsøk", state=TrialState.RECRUITING, created_at=self.now, created_by=lead,
            planned_size=2 * self.amount.participants, planned_start=self.today - timedelta(days=LONGEST_DAYS),
            planned_end=self.today + timedelta(days=LONGEST_DAYS),
        )  # fmt: skip
        self.arms = [
            Arm.objects.create(trial=self.trial, code=code, name=name, ratio=ratio, position=place, is_control=control)
            for place, (code, name, ratio, control) in enumerate(
                (("intervention", "Intervensjonsgruppe", 2, False), ("control", "Kontrollgruppe", 1, True))
            )
        ]
        numbers = [f"{9000 + place}" for place in range(self.amount.offices)]
        known = NavOffice.objects.bulk_create(
            [NavOffice(number=number, name=f"Nav Kontor {number}") for number in numbers]
        )
        prefixes = map("".join, product(LETTERS, repeat=3))
        self.offices = Office.objects.bulk_create(
            [
                Office(trial=self.trial, nav_office=office, stratum=office.number, prefix=prefix)
                for office, prefix in zip(known, prefixes, strict=False)
            ]
        )

    def _employ(self) -> None:
        coordinator = self._user("coordinator")
        supervisors = self._users("supervisor", self.amount.offices)
        specialists = self._users("specialist", self.amount.specialists)
        places = [self.offices[place % len(self.offices)] for place in range(len(specialists))]
        begun = self.today - timedelta(days=LONGEST_DAYS)
        roles: list[tuple[User, Role, Office | None]] = [(coordinator, Role.COORDINATOR, None)]
        roles += [(user, Role.SUPERVISOR, office) for user, office in zip(supervisors, self.offices, strict=True)]
        roles += [(user, Role.SPECIALIST, office) for user, office in zip(specialists, places, strict=True)]
        Membership.objects.bulk_create(
            [
                Membership(user=user, trial=self.trial, office=office, role=role, valid_from=begun)
                for user, role, office in roles
            ]
        )
        posts = EmploymentSpecialist.objects.bulk_create(
            [
                EmploymentSpecialist(
                    user=user, trial=self.trial, office=office, position_share=100, valid_from=begun,
                    team="Nord" if place % 2 else "Sør",
                )
                for place, (user, office) in enumerate(zip(specialists, places, strict=True))
            ]
        )  # fmt: skip
        self.staff = Staff(coordinator, supervisors, posts)

    def _user(self, name: str) -> User:
        return self._users(name, 1)[0]

    def _users(self, name: str, number: int) -> list[User]:
        return User.objects.bulk_create(
            [User(username=f"{CODE}-{name}-{place}", display_name=f"{name.title()} {place}") for place in range(number)]
        )

    def _people(self) -> list[Person]:
        people, at_office = [], [0] * len(self.offices)
        by_office = [
            [place for place in range(self.amount.specialists) if place % len(self.offices) == office]
            for office in range(len(self.offices))
        ]
        ago = self.rng.integers(SHORTEST_DAYS, LONGEST_DAYS, self.amount.participants)
        for place, key in enumerate(self._keys(self.amount.participants)):
            where = place % len(self.offices)
            there = by_office[where]
            specialist = there[at_office[where] % len(there)] if there and (place // len(self.offices)) % 3 else None
            at_office[where] += specialist is not None
            drawn = self.today - timedelta(days=int(ago[place]))
            people.append(Person(key, self.offices[where], drawn, specialist))
        self._write_people(people)
        return people

    def _write_people(self, people: list[Person]) -> None:
        by, trial = self.staff.coordinator, self.trial
        numbers = self._numbers(len(people))
        with writing():
            Participant.objects.bulk_create(
                [
                    Participant(
                        key=p.key, trial=trial, office=p.office, number=number, stratum=p.office.stratum,
                        state="allocated" if p.specialist is None else "following", registered_at=_at(p.drawn),
                        registered_by=by, enrolled_at=_at(p.drawn), enrolled_by=by,
                    )
                    for p, number in zip(people, numbers, strict=True)
                ],
                batch_size=BATCH,
            )  # fmt: skip
            EligibilityCheck.objects.bulk_create(
                [
                    EligibilityCheck(
                        key=p.key, trial=trial, office=p.office, eligible=True, checked_at=_at(p.drawn), checked_by=by
                    )
                    for p in people
                ],
                batch_size=BATCH,
            )
            Allocation.objects.bulk_create(
                [
                    Allocation(
                        participant_id=p.key, trial=trial, office=p.office, who=p.key.hex, stratum=p.office.stratum,
                        position=place, enrolled_at=_at(p.drawn), enrol_seq=2 * place, drawn_at=_at(p.drawn),
                        alloc_seq=2 * place + 1, receipt={}, arm=self.arms[p.specialist is None],
                    )
                    for place, p in enumerate(people)
                ],
                batch_size=BATCH,
            )  # fmt: skip

    def _follow_up(self, people: list[Person]) -> None:
        followed = [person for person in people if person.specialist is not None]
        _insert(
            "followup_assignment",
            "start end overload_reason hand_over end_reason assigned_at ended_at assigned_by_id ended_by_id office_id "
            "participant_id trial_id specialist_id",
            self._assignments(followed),
        )
        _insert(
            "followup_stagespell",
            "stage start end moved_at moved_by_id office_id participant_id trial_id",
            self._stages(followed),
        )
        employers = self._employers()
        _insert(
            "followup_measure",
            "code start end provider recorded_at office_id participant_id recorded_by_id trial_id group",
            self._measures(people),
        )
        _insert(
            "followup_job",
            "kind tenths_of_hours permanent found developed start end end_reason version recorded_at employer_id "
            "office_id participant_id recorded_by_id trial_id",
            self._jobs(followed, employers),
        )
        _insert(
            "followup_contact",
            "key kind counterpart day minutes note logged_at logged_by_id office_id participant_id trial_id",
            self._contacts(followed),
        )

    def _assignments(self, people: list[Person]) -> Iterator[tuple]:
        for person in people:
            start = min(self.today, person.drawn + timedelta(days=int(self.rng.integers(0, 12))))
            ended = self.today - start > timedelta(days=400) and bool(self.rng.random() < 0.7)
            end = start + timedelta(days=365) if ended else None
            by = self.staff.supervisors[0].pk
            yield (
                start, end, "", "", "", _at(start), _at(end) if end else None, by, by if end else None,
                person.office.pk, person.key, self.trial.pk, self._post(person).pk,
            )  # fmt: skip

    def _stages(self, people: list[Person]) -> Iterator[tuple]:
        stages = list(Stage)
        for person in people:
            start, reached = person.drawn, int(self.rng.integers(len(stages)))
            for number, stage in enumerate(stages[: reached + 1]):
                last = number == reached
                end = None if last else min(self.today, start + timedelta(days=30 + 10 * number))
                yield (
                    stage.value, start, end, _at(start), self._post(person).user_id, person.office.pk, person.key,
                    self.trial.pk,
                )  # fmt: skip
                start = end or start

    def _employers(self) -> list[int]:
        numbers = _organisation_numbers(len(self.offices))
        _insert(
            "followup_employer",
            "organisation_number name industry place version recorded_at office_id recorded_by_id trial_id",
            (
                (number, f"Bedrift {number}", "Handel", "Oslo", 1, self.now, office.pk, self.staff.coordinator.pk,
                 self.trial.pk)
                for number, office in zip(numbers, self.offices, strict=True)
            ),
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM followup_employer WHERE trial_id = %s ORDER BY office_id", [self.trial.pk])
            return [key for (key,) in cursor.fetchall()]

    def _measures(self, people: list[Person]) -> Iterator[tuple]:
        codes = [code for code in measures().values() if code.status == "active"]
        for person in people:
            if self.rng.random() < 1 / 3:
                continue
            code = codes[int(self.rng.integers(len(codes)))]
            start = min(self.today, max(CODES_OF, person.drawn) + timedelta(days=int(self.rng.integers(0, 90))))
            end = start + timedelta(days=int(self.rng.integers(20, 300)))
            by = self.staff.coordinator.pk
            yield (
                code.code, start, end, "", _at(start), person.office.pk, person.key, by, self.trial.pk, code.group
            )  # fmt: skip

    def _jobs(self, people: list[Person], employers: list[int]) -> Iterator[tuple]:
        by_office = dict(zip((office.pk for office in self.offices), employers, strict=True))
        for person in people:
            if self.rng.random() > 1 / 3:
                continue
            start = min(self.today, person.drawn + timedelta(days=int(self.rng.integers(20, 300))))
            kind = ("ordinary", "subsidised", "practice")[int(self.rng.integers(3))]
            yield (
                kind, 225, "t" if self.rng.random() < 0.5 else "f", "specialist", "f", start, None, "", 1, _at(start),
                by_office[person.office.pk], person.office.pk, person.key, self._post(person).user_id, self.trial.pk,
            )  # fmt: skip

    def _contacts(self, people: list[Person]) -> Iterator[tuple]:
        number = self.amount.contacts
        who = self.rng.integers(0, len(people), number)
        kinds, minutes = self.rng.integers(0, len(KINDS), number), self.rng.integers(5, 90, number)
        when = self.rng.random(number)
        for place, key in enumerate(self._keys(number)):
            person = people[who[place]]
            day = person.drawn + timedelta(days=int(when[place] * ((self.today - person.drawn).days + 1)))
            kind = kinds[place]
            yield (
                key, KINDS[kind], COUNTERPARTS[kind], day, int(minutes[place]), "", _at(day),
                self._post(person).user_id, person.office.pk, person.key, self.trial.pk,
            )  # fmt: skip

    def _post(self, person: Person) -> EmploymentSpecialist:
        assert person.specialist is not None  # noqa: S101 - asked of those who are followed only
        return self.staff.specialists[person.specialist]

    def _keys(self, number: int) -> Iterator[UUID]:
        return (UUID(bytes=self.rng.bytes(16), version=4) for _key in range(number))

    def _numbers(self, number: int) -> Iterable[str]:
        """A number for each person, in the order of the people: the offices by turns."""
        taken: set[str] = set()
        for place in range(number):
            prefix = self.offices[place % len(self.offices)].prefix
            while (drawn := new_number(prefix)) in taken:
                continue
            taken.add(drawn)
            yield drawn


def _insert(table: str, columns: str, rows: Iterable[tuple]) -> None:
    names = ", ".join(f'"{name}"' for name in columns.split())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE scale_rows AS SELECT {names} FROM {table} WITH NO DATA")  # noqa: S608
        with cursor.copy(f"COPY scale_rows ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM scale_rows")  # noqa: S608
        cursor.execute("DROP TABLE scale_rows")


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def _organisation_numbers(number: int) -> list[str]:
    """Numbers that pass the check: eight digits and the ninth that fits them."""
    found: list[str] = []
    stem = 80_000_000
    while len(found) < number:
        digits = [int(digit) for digit in str(stem)]
        check = (11 - sum(weight * digit for weight, digit in zip(CHECK_WEIGHTS, digits, strict=True)) % 11) % 11
        if check < 10:
            found.append(f"{stem}{check}")
        stem += 1
    return found
