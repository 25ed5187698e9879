"""Work in the demonstration: employers who are asked, placements, jobs, and how true to the method the offices are.

Has chance of its own, so that the rest of the life stays as it is.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import numpy as np

from trial.access.models import User
from trial.access.planes import entered
from trial.access.roles import Role
from trial.config.demo.life import Life
from trial.enrolment.models import Participant
from trial.followup.actions import add_employer, change_job, log_enquiry, record_job, record_review
from trial.followup.models import Employer, Job, JobEnd, JobFound, JobKind, Outcome
from trial.followup.scales import HIGHEST, SE_15
from trial.studies.queries import plane_for

EMPLOYERS = (("889640782", "Demobakeriet", "Bakeri"), ("974760673", "Demolageret", "Lager og transport"))
ASKED, PLACED, HIRED, LEFT = 0.3, 0.4, 0.5, 0.35  # shares of those followed; of those hired, who leave again
HOURS = (15, 20, 30, 37.5)
LEAVING = (JobEnd.TEMPORARY, JobEnd.OTHER_JOB, JobEnd.UNABLE)
FINDING = (JobFound.SPECIALIST, JobFound.SPECIALIST, JobFound.NETWORK, JobFound.PARTICIPANT)
REVIEW_EVERY = timedelta(days=365)
REVIEWERS = "To metodeveiledere fra andre kontor"


class Work:
    """What comes of the search for work, for everyone whom a job specialist begins to follow."""

    def __init__(self, life: Life, seed: int) -> None:
        self.life = life
        self.rng = np.random.default_rng([seed, len("work")])
        self.known: dict[int, list[Employer]] = {}
        life.beginnings.append(self.begin)

    def review(self, first: date, last: date) -> None:
        """Put a yearly review of each office on the agenda."""
        day = first + REVIEW_EVERY
        while day <= last:
            for name in self.life.demo.offices:
                self.life.plan(datetime.combine(day, time(12, 0), UTC), partial(self._review, name))
            day += REVIEW_EVERY

    def begin(self, participant: Participant, specialist: User) -> None:
        """Put on the agenda what will come of it for one person."""
        for share, deed, days in (
            (ASKED, self._ask, (3, 40)),
            (PLACED, self._place, (60, 150)),
            (HIRED, self._hire, (70, 330)),
        ):
            if self.rng.random() < share:
                when = self.life.clock.moment + timedelta(days=int(self.rng.integers(*days)))
                self.life.plan(when, partial(deed, participant, specialist))

    def _employers(self, participant: Participant, specialist: User) -> list[Employer]:
        """The employers of the person's office, who are added the first time; inside the specialist's plane."""
        if participant.office_id not in self.known:
            self.known[participant.office_id] = [
                add_employer(
                    by=specialist, office=participant.office, organisation_number=number, name=name, industry=what
                )
                for number, name, what in EMPLOYERS
            ]
        return self.known[participant.office_id]

    def _ask(self, participant: Participant, specialist: User) -> None:
        with entered(plane_for(specialist)):
            asked = self._employers(participant, specialist)[int(self.rng.integers(len(EMPLOYERS)))]
            outcome = self._one_of((Outcome.ASKED, Outcome.INTERVIEW, Outcome.MATCH))
            log_enquiry(by=specialist, employer=asked, participant=participant, outcome=outcome)

    def _place(self, participant: Participant, specialist: User) -> None:
        """A work placement, written down when it is over."""
        today = self.life.clock.moment.date()
        begun = today - timedelta(days=int(self.rng.integers(30, 60)))
        with entered(plane_for(specialist)):
            record_job(
                by=specialist, participant=participant, employer=self._employers(participant, specialist)[0],
                kind=JobKind.PRACTICE, hours=20, permanent=False, found=JobFound.SPECIALIST, start=begun, end=today,
                end_reason=JobEnd.TEMPORARY,
            )  # fmt: skip

    def _hire(self, participant: Participant, specialist: User) -> None:
        kind = JobKind.ORDINARY if self.rng.random() < 0.7 else JobKind.SUBSIDISED
        with entered(plane_for(specialist)):
            job = record_job(
                by=specialist, participant=participant, employer=self._employers(participant, specialist)[1],
                kind=kind, hours=self._one_of(HOURS), permanent=bool(self.rng.random() < 0.6),
                found=self._one_of(FINDING), start=self.life.clock.moment.date(),
                developed=bool(self.rng.random() < 0.3),
            )  # fmt: skip
        if self.rng.random() < LEFT:
            when = self.life.clock.moment + timedelta(days=int(self.rng.integers(40, 180)))
            self.life.plan(when, partial(self._leave, job, specialist))

    def _leave(self, job: Job, specialist: User) -> None:
        with entered(plane_for(specialist)):
            change_job(
                by=specialist, job=job, hours=job.hours, permanent=job.permanent,
                end=self.life.clock.moment.date(), end_reason=self._one_of(LEAVING),
            )  # fmt: skip

    def _review(self, name: str) -> None:
        supervisor, day = self.life.demo.user(Role.SUPERVISOR, name), self.life.clock.moment.date()
        scores = {item.code: int(self.rng.integers(3, HIGHEST + 1)) for item in SE_15.items}
        with entered(plane_for(supervisor)):
            record_review(
                by=supervisor, office=self.life.demo.offices[name], scale=SE_15.code, day=day, scores=scores,
                reviewers=REVIEWERS,
            )  # fmt: skip

    def _one_of(self, choices: tuple[Any, ...]) -> Any:
        return choices[int(self.rng.integers(len(choices)))]
