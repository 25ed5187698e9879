"""Living through a trial: what people do, in the order in which it happens, by the real actions."""

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count

import numpy as np

from trial.access.models import User
from trial.access.planes import acting_in, entered
from trial.access.roles import Role
from trial.allocation.actions import checkpoint, draw_waiting, enrol
from trial.audit.clock import SimulatedClock
from trial.config.demo.people import synthetic_people
from trial.config.demo.setup import ANSWERS, DemoTrial
from trial.enrolment.actions import check_eligibility, give_consent, register_person
from trial.enrolment.models import Participant
from trial.followup.actions import assign, complete, log_contact, move_stage, record_measure
from trial.followup.models import ContactKind, Counterpart
from trial.followup.queries import load_of
from trial.followup.states import Stage
from trial.studies.queries import plane_for

Deed = Callable[[], None]

OFFICE_SHARES = {"Moss": 0.34, "Rygge": 0.24, "Røyken": 0.22, "Hurum": 0.20}
DRAW_EVERY = timedelta(days=7)
FOLLOW_UP = timedelta(days=540)
FIRST_CONTACTS = (5, 30, 120)  # days after the assignment
STAGES = ((30, Stage.PROFILE), (75, Stage.JOB_FINDING), (150, Stage.EMPLOYER), (220, Stage.ON_THE_JOB))
MEASURES = (("PRAKSORD", 0.55), ("MIDLONTIL", 0.12), ("INDOPPFAG", 0.15), ("ENKELAMO", 0.10))
USUAL_MEASURES = (("PRAKSORD", 0.35), ("INDOPPFAG", 0.40), ("ENKELAMO", 0.28), ("MIDLONTIL", 0.08))  # control group
TODAYS_NAME = {"PRAKSORD": "ARBTREN"}  # work practice became work training
RENAMED = date(2020, 1, 1)
WILLING = (0, 1, 3)  # of every five people, those who say yes to questionnaires
OVERLOAD = "Kortvarig over kapasitet: en annen deltaker avslutter snart."


class Life:
    """A trial's agenda. Deeds are done in order of time; a deed may put others on the agenda."""

    def __init__(self, demo: DemoTrial, clock: SimulatedClock, seed: int) -> None:
        self.demo = demo
        self.clock = clock
        self.rng = np.random.default_rng(seed)
        self.usual = np.random.default_rng([seed, len("control")])  # of the control group alone
        self.people = synthetic_people(self.rng)
        self.agenda: list[tuple[datetime, int, Deed]] = []
        self.assigns_until = datetime.max.replace(tzinfo=UTC)  # the offices lag behind after it
        self.beginnings: list[Callable[[Participant, User], None]] = []  # told whom a specialist begins to follow
        self.order = count()
        self.done = 0

    def plan(self, when: datetime, deed: Deed) -> None:
        heapq.heappush(self.agenda, (when, next(self.order), deed))

    def live(self, until: datetime) -> Iterator[int]:
        """Do everything that happens before `until`; yields the number of people enrolled after each deed."""
        while self.agenda and self.agenda[0][0] < until:
            when, _order, deed = heapq.heappop(self.agenda)
            self.clock.set(max(when, self.clock.moment))
            deed()
            yield self.done
        self.clock.set(max(until, self.clock.moment))

    def recruit(self, people: int, first: date, last: date) -> None:
        """Put the enrolments on the agenda, spread over the working days, and the researcher's weekly draws."""
        days = np.sort(self.rng.integers(0, (last - first).days, people))
        names = self.rng.choice(list(OFFICE_SHARES), people, p=list(OFFICE_SHARES.values()))
        for day, office in zip(days, names, strict=True):
            moment = _working_hours(first + timedelta(days=int(day)), self.rng)
            self.plan(moment, partial(self.enrol, str(office)))

    def draw_weekly(self, first: date, last: date) -> None:
        """Let the researcher draw for whoever waits, on Fridays at two."""
        friday = first + timedelta(days=(4 - first.weekday()) % 7)
        while friday <= last:
            self.plan(datetime.combine(friday, time(13, 0), UTC), self.draw)
            friday += DRAW_EVERY

    def register(self, office: str) -> Participant:
        """One person at the office becomes a number."""
        caseworker = self.demo.user(Role.CASEWORKER, office)
        with entered(plane_for(caseworker)):
            check = check_eligibility(by=caseworker, office=self.demo.offices[office], answers=ANSWERS)
            return register_person(by=caseworker, check=check, person=next(self.people))

    def consent(self, office: str) -> Participant:
        """One person at the office consents on paper."""
        caseworker = self.demo.user(Role.CASEWORKER, office)
        participant = self.register(office)
        with entered(plane_for(caseworker)):
            give_consent(
                by=caseworker,
                participant=participant,
                form=self.demo.form,
                covers=["survey"] if self.done % 5 in WILLING else [],
                paper_reference=f"Perm {office} {self.done // 20 + 1}",
            )
        return participant

    def enrol(self, office: str) -> None:
        """One person at the office, from the first question to "waiting for the draw"."""
        caseworker = self.demo.user(Role.CASEWORKER, office)
        participant = self.consent(office)
        with acting_in(plane_for(caseworker)):
            enrol(by=caseworker, participant=participant, idempotency_key=f"demo-{participant.number}")
        self.done += 1

    def draw(self) -> None:
        """The researcher draws for everyone who waits and takes a checkpoint home; on Monday the offices assign."""
        researcher = self.demo.user(Role.RESEARCHER)
        with acting_in(plane_for(researcher)):
            drawn = draw_waiting(by=researcher, trial=self.demo.trial, contribute=self.demo.key.contribute)
            checkpoint(by=researcher, trial=self.demo.trial)
        for allocation in drawn:
            if allocation.arm and allocation.arm.code == "intervention":
                monday = self.clock.moment + timedelta(days=3, hours=int(self.rng.integers(-4, 2)))
                if monday <= self.assigns_until:
                    self.plan(monday, partial(self.assign, allocation.participant))
            elif allocation.arm:
                self._usual_follow_up(allocation.participant)

    def assign(self, participant: Participant) -> None:
        """The supervisor gives the participant to the specialist with most room, with a reason where all are full."""
        office = self._office_of(participant)
        supervisor = self.demo.user(Role.SUPERVISOR, office)
        with entered(plane_for(supervisor)):
            specialist = max(self.demo.specialists[office], key=lambda one: load_of(one).room)
            assign(by=supervisor, participant=participant, specialist=specialist, reason=OVERLOAD)
        self._follow(participant, specialist.user)

    def _office_of(self, participant: Participant) -> str:
        """Without the database, which shows no office to somebody outside every plane."""
        return next(name for name, office in self.demo.offices.items() if office.pk == participant.office_id)

    def _follow(self, participant: Participant, specialist: User) -> None:
        start = self.clock.moment
        for day in FIRST_CONTACTS:
            self.plan(start + timedelta(days=day), partial(self._contact, participant, specialist))
        for day, stage in STAGES[: int(self.rng.integers(2, len(STAGES) + 1))]:
            self.plan(start + timedelta(days=day), partial(self._move, participant, specialist, stage))
        for code, share in MEASURES:
            if self.rng.random() < share:
                begin = start + timedelta(days=int(self.rng.integers(20, 200)))
                self.plan(begin, partial(self._measure, participant, specialist, code, self.rng))
        supervisor = self.demo.user(Role.SUPERVISOR, self._office_of(participant))
        self.plan(start + FOLLOW_UP, partial(self._complete, participant, supervisor))
        for tell in self.beginnings:
            tell(participant, specialist)

    def _usual_follow_up(self, participant: Participant) -> None:
        """The control group's measures, which the office records too: without them no use by arm could be compared."""
        supervisor = self.demo.user(Role.SUPERVISOR, self._office_of(participant))
        for code, share in USUAL_MEASURES:
            if self.usual.random() < share:
                begin = self.clock.moment + timedelta(days=int(self.usual.integers(20, 300)))
                self.plan(begin, partial(self._measure, participant, supervisor, code, self.usual))

    def _contact(self, participant: Participant, specialist: User) -> None:
        kinds = (ContactKind.MEETING, ContactKind.PHONE, ContactKind.WORKPLACE, ContactKind.THREE_WAY)
        kind = kinds[int(self.rng.integers(len(kinds)))]
        at_work = kind in (ContactKind.WORKPLACE, ContactKind.THREE_WAY)
        with entered(plane_for(specialist)):
            log_contact(
                by=specialist,
                participant=participant,
                kind=kind,
                minutes=int(self.rng.choice([15, 30, 45, 60])),
                counterpart=Counterpart.BOTH if at_work else Counterpart.PARTICIPANT,
            )

    def _move(self, participant: Participant, specialist: User, stage: Stage) -> None:
        with entered(plane_for(specialist)):
            move_stage(by=specialist, participant=participant, stage=stage)

    def _measure(self, participant: Participant, user: User, code: str, rng: np.random.Generator) -> None:
        today = self.clock.moment.date()
        code = TODAYS_NAME.get(code, code) if today >= RENAMED else code
        length = timedelta(days=int(rng.integers(30, 180)))
        with entered(plane_for(user)):
            record_measure(by=user, participant=participant, code=code, start=today, end=today + length)

    def _complete(self, participant: Participant, supervisor: User) -> None:
        with entered(plane_for(supervisor)):
            complete(by=supervisor, participant=participant)


def _working_hours(day: date, rng: np.random.Generator) -> datetime:
    """Some minute between eight and two on that day, or on the Monday after a weekend."""
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
    return datetime.combine(day, time(8, 0), UTC) + timedelta(minutes=int(rng.integers(0, 360)))
