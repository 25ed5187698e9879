"""A trial of any size, written straight into the tables: to measure how pages behave when a trial is large.

Nobody in it exists and nobody has a name. It goes past the actions, as no one could live through two million contacts;
therefore only a demonstration or a test may hold it.
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import product
from uuid import UUID

import numpy as np

from trial.access.models import User
from trial.access.roles import Role
from trial.allocation.models import Allocation
from trial.audit import clock
from trial.audit.guards import writing
from trial.enrolment.models import Consent, ConsentForm, EligibilityCheck, Participant
from trial.enrolment.numbers import new_number
from trial.followup import scale_lives
from trial.followup.models import EmploymentSpecialist
from trial.followup.scale_parts import Amount, Person, Staff, World, at, gather
from trial.studies.models import Arm, Membership, NavOffice, Office, Trial
from trial.studies.states import TrialState

CODE = "scale"
BATCH = 2_000
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LONGEST_DAYS, SHORTEST_DAYS = 900, 5  # since the draw
COVERS = ["follow_up", "survey"]


class Seeder:
    """Makes the trial inside a `maintenance()` transaction. The same seed makes the same lives."""

    def __init__(self, amount: Amount, seed: int = 1) -> None:
        self.amount = amount
        self.rng = np.random.default_rng(seed)
        self.today = clock.today()
        self.now = clock.now()

    def make(self) -> World:
        """The whole trial; statistics are gathered at the end, as the server does by itself after a while."""
        with writing():
            self._plan()
            self._employ()
        world = World(self.trial, self.offices, self.staff, self._people(), self.today, self.rng)
        scale_lives.write(world, self.amount.contacts)
        gather()
        return world

    def _plan(self) -> None:
        lead = self.lead = User.objects.create(username=f"{CODE}-lead", display_name="Forsøksleder")
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
        roles: list[tuple[User, Role, Office | None]] = [
            (coordinator, Role.COORDINATOR, None),
            (self.lead, Role.TRIAL_LEAD, None),
        ]
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
        self.staff = Staff(self.lead, coordinator, supervisors, posts)

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
        for place in range(self.amount.participants):
            where = place % len(self.offices)
            there = by_office[where]
            specialist = there[at_office[where] % len(there)] if there and (place // len(self.offices)) % 3 else None
            at_office[where] += specialist is not None
            drawn = self.today - timedelta(days=int(ago[place]))
            people.append(Person(UUID(bytes=self.rng.bytes(16), version=4), self.offices[where], drawn, specialist))
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
                        state="allocated" if p.specialist is None else "following", registered_at=at(p.drawn),
                        registered_by=by, enrolled_at=at(p.drawn), enrolled_by=by,
                    )
                    for p, number in zip(people, numbers, strict=True)
                ],
                batch_size=BATCH,
            )  # fmt: skip
            EligibilityCheck.objects.bulk_create(
                [
                    EligibilityCheck(
                        key=p.key, trial=trial, office=p.office, eligible=True, checked_at=at(p.drawn), checked_by=by
                    )
                    for p in people
                ],
                batch_size=BATCH,
            )
            form = ConsentForm.objects.create(
                trial=trial, version=1, text_nb="Samtykke", covers=COVERS, sha256="0" * 64, published_at=self.now,
                published_by=by,
            )  # fmt: skip
            Consent.objects.bulk_create(
                [
                    Consent(
                        participant_id=p.key, trial=trial, office=p.office, form=form, covers=COVERS,
                        given_at=at(p.drawn), recorded_by=by, sha256="0" * 64,
                    )
                    for p in people
                ],
                batch_size=BATCH,
            )  # fmt: skip
            Allocation.objects.bulk_create(
                [
                    Allocation(
                        participant_id=p.key, trial=trial, office=p.office, who=p.key.hex, stratum=p.office.stratum,
                        position=place, enrolled_at=at(p.drawn), enrol_seq=2 * place, drawn_at=at(p.drawn),
                        alloc_seq=2 * place + 1, receipt={}, arm=self.arms[p.specialist is None],
                    )
                    for place, p in enumerate(people)
                ],
                batch_size=BATCH,
            )  # fmt: skip

    def _numbers(self, number: int) -> Iterable[str]:
        """A number for each person, in the order of the people: the offices by turns."""
        taken: set[str] = set()
        for place in range(number):
            prefix = self.offices[place % len(self.offices)].prefix
            while (drawn := new_number(prefix)) in taken:
                continue
            taken.add(drawn)
            yield drawn
