"""States to the rows that register owners deliver: jobs, benefits, measures, education, work capacity, income."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.simulation import margins
from evaluation.simulation.joint import STUDY
from evaluation.simulation.measures import codes_of
from evaluation.simulation.spells import Calendar, Ints, Runs, Truth, runs_of
from evaluation.simulation.states import START, States

JOB_CHANGE: Final = 0.02  # probability a month of going to another employer
EMPLOYERS: Final = 4000
JOB_KINDS: Final = (
    ("ordinaertArbeidsforhold", "frilanserOppdragstakerHonorarPersonerMm", "maritimtArbeidsforhold"),
    (0.96, 0.035, 0.005),
)
SECOND_JOB: Final = 0.08  # share of jobs of 60 per cent and more that are two jobs
SECOND_PERCENT: Final = 20.0
ODD_JOBS: Final = 0.04  # share of persons with a short job below four hours a week while otherwise without work
ODD_PERCENT: Final = 8.0
LATER_IN_MONTH: Final = 0.3  # share of jobs and measures that begin after the first of the month
SICK_BEFORE_AAP: Final = 0.6  # share of stays on AAP that sickness benefit came before
LONGEST_SICKNESS: Final = 12
AAP_SINCE: Final = np.datetime64("2010-03-01")
DEGREES_OF_DISABILITY: Final = ((50, 60, 80, 100), (0.2, 0.05, 0.05, 0.7))
MASTERS: Final = 0.2  # share of studies at NUS level 7
SCHOOL: Final = 0.06  # share of persons with a year of upper secondary education before the start
CAPACITY_CODES: Final = np.array(["IKVAL", "BFORM", "BATT", "VARIG"])


@dataclass(frozen=True)
class Registers:
    """Turns the states of persons into register rows, with `rng` for what the states leave open."""

    rng: np.random.Generator
    calendar: Calendar
    states: States

    def employment(self) -> pd.DataFrame:
        """A row a job and period of equal hours; two rows where somebody has two jobs at once."""
        rows = self._jobs(self._job_periods())
        second = self._second_jobs(rows)
        odd = self._odd_jobs()
        rows.loc[second.index, "position_percent"] -= SECOND_PERCENT
        frame = pd.concat([rows.drop(columns="job"), second.drop(columns="job"), odd], ignore_index=True)
        columns = ["participant_number", "start", "end", "full_time_hours", "position_percent", "employer", "kind"]
        return _sorted(frame)[columns]

    def _job_periods(self) -> Runs:
        """Stretches with one employer and one position; the state is employer x 16 + position + 1."""
        work = self.states.employed == 1
        moves = np.cumsum(self.rng.random(work.shape) < JOB_CHANGE, axis=1)
        return runs_of(self.calendar.covered(np.where(work, moves * 16 + self.states.position + 1, 0)))

    def _jobs(self, periods: Runs) -> pd.DataFrame:
        goes_on = np.zeros(len(periods), dtype=bool)
        goes_on[1:] = (
            (periods.person[1:] == periods.person[:-1])
            & (periods.begin[1:] == periods.end[:-1] + 1)
            & (periods.state[1:] // 16 == periods.state[:-1] // 16)
        )
        job = np.cumsum(~goes_on) - 1
        after = periods.begin > START
        full_time, percent = np.array(margins.POSITIONS)[(periods.state - 1) % 16].T
        return pd.DataFrame(
            {
                **self.calendar.spells(periods, self.rng, later=self._later(after & ~goes_on)),
                "full_time_hours": full_time,
                "position_percent": percent,
                "employer": self._employers(int(job.max(initial=-1)) + 1)[job],
                "kind": self.rng.choice(JOB_KINDS[0], int(job.max(initial=-1)) + 1, p=JOB_KINDS[1])[job],
                "job": job,
            }
        )

    def _second_jobs(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The smaller of two jobs held at once; the other one keeps the rest of the hours."""
        jobs = int(rows["job"].max()) + 1 if len(rows) else 0
        double = self.rng.random(jobs) < SECOND_JOB
        chosen = rows[double[rows["job"]] & (rows["position_percent"] >= 60)]
        employers = self._employers(jobs)[chosen["job"]]
        return chosen.assign(position_percent=SECOND_PERCENT, employer=employers)

    def _odd_jobs(self) -> pd.DataFrame:
        """A few hours a week, too few to count as employed, in months without other work."""
        persons, months = self.states.employed.shape
        some: Truth = self.rng.random((persons, 1)) < ODD_JOBS
        month = np.arange(months) - self.rng.integers(0, months, (persons, 1))
        holds = some & (month >= 0) & (month < self.rng.integers(2, 9, (persons, 1)))
        runs = runs_of(self.calendar.covered((holds & (self.states.employed == 0)).astype(np.int8)))
        return pd.DataFrame(
            {
                **self.calendar.spells(runs, self.rng),
                "full_time_hours": 37.5,
                "position_percent": ODD_PERCENT,
                "employer": self._employers(len(runs)),
                "kind": JOB_KINDS[0][0],
            }
        )

    def _employers(self, count: int) -> Any:
        return np.array([f"A{number:05d}" for number in self.rng.integers(0, EMPLOYERS, count)], dtype=object)

    def _later(self, may: Truth) -> Truth:
        return may & (self.rng.random(len(may)) < LATER_IN_MONTH)

    def benefits(self) -> pd.DataFrame:
        """AAP and disability benefit; sickness benefit before AAP; support of those in measures without a benefit."""
        health = runs_of(self.calendar.covered(self.states.benefit))
        sick = self._sickness(health)
        beside = self._support()
        parts = [
            self._benefit(health[health.state == 1], "AAP").pipe(_not_before, AAP_SINCE),
            self._benefit(health[health.state == 2], "UFORE").assign(degree=self._degrees),
            self._benefit(sick, "SYKEPENGER"),
            self._benefit(beside[beside.state == 1], "TILTAKSPENGER"),
            self._benefit(beside[beside.state == 2], "SOSIALHJELP"),
        ]
        return _sorted(pd.concat(parts, ignore_index=True))[["participant_number", "benefit", "start", "end", "degree"]]

    def _benefit(self, runs: Runs, benefit: str) -> pd.DataFrame:
        return pd.DataFrame({"benefit": benefit, **self.calendar.spells(runs, self.rng), "degree": 100})

    def _degrees(self, rows: pd.DataFrame) -> Ints:
        return self.rng.choice(DEGREES_OF_DISABILITY[0], len(rows), p=DEGREES_OF_DISABILITY[1])

    def _sickness(self, health: Runs) -> Runs:
        """Up to a year of sickness benefit before a stay on AAP that began before the start, after any earlier one."""
        before = np.zeros(len(health), dtype=np.int64)
        follows = health.person[1:] == health.person[:-1]
        before[1:] = np.where(follows, health.end[:-1] + 1, 0)
        begin = np.maximum(health.begin - self.rng.integers(3, LONGEST_SICKNESS + 1, len(health)), before)
        begin = np.maximum(begin, 1)  # one that began before the window would last longer than the law allows
        sick = Runs(health.person, health.state, begin, health.begin - 1)
        recent = (health.state == 1) & (health.begin <= START) & (self.rng.random(len(health)) < SICK_BEFORE_AAP)
        return sick[recent & (sick.begin <= sick.end)]

    def _support(self) -> Runs:
        """Stays in measures without work or health benefit: 1 measure allowance, 2 social assistance, or neither.

        Only there, so that it does not matter for any outcome whether such support counts as a benefit.
        """
        states = self.states
        alone = (states.benefit == 0) & (states.employed == 0) & (states.activity > 0) & (states.activity < STUDY)
        runs = runs_of(self.calendar.covered(alone.astype(np.int8)))
        kind = self.rng.choice(3, len(runs), p=(0.1, 0.65, 0.25))
        return Runs(runs.person, kind.astype(np.int64), runs.begin, runs.end)

    def measures(self) -> pd.DataFrame:
        """A row a stay in a measure; beside some stays in work practice another one in follow-up."""
        activity = self.states.activity
        runs = runs_of(self.calendar.covered(np.where(activity < STUDY, activity, 0)))
        rows = pd.DataFrame(self.calendar.spells(runs, self.rng, later=self._later(runs.begin > START)))
        practice = margins.KINDS.index("work_practice") + 1
        beside = (runs.state == practice) & (self.rng.random(len(runs)) < margins.FOLLOWED_UP_IN_PRACTICE)
        both = pd.concat([rows, rows[beside]], ignore_index=True)
        kind = np.concatenate([runs.state, np.full(int(beside.sum()), margins.KINDS.index("follow_up") + 1)])
        both.insert(1, "measure", codes_of(self.rng, kind - 1, both["start"].to_numpy()))
        return _sorted(both)

    def education(self) -> pd.DataFrame:
        """Studies at NUS level 6 or 7, and a year at level 4 of a few persons before the start."""
        runs = runs_of(self.calendar.covered((self.states.activity == STUDY).astype(np.int8)))
        level = np.where(self.rng.random(len(runs)) < MASTERS, 7, 6)
        person = np.flatnonzero(self.rng.random(len(self.calendar.numbers)) < SCHOOL)
        begin = self.rng.integers(1, START - 12, len(person))
        school = Runs(person, np.ones(len(person), dtype=np.int64), begin, begin + 9)
        both = Runs(*(np.concatenate(pair) for pair in zip(_parts(runs), _parts(school), strict=True)))
        frame = pd.DataFrame(self.calendar.spells(both, self.rng))
        frame.insert(1, "nus_level", np.concatenate([level, np.full(len(person), 4)]))
        return _sorted(frame)

    def work_capacity(self) -> pd.DataFrame:
        """Decisions on the need for assistance, by Arena's codes."""
        runs = runs_of(self.calendar.covered(self.states.capacity))
        frame = pd.DataFrame(self.calendar.spells(runs, self.rng))
        frame.insert(1, "group", CAPACITY_CODES[runs.state - 1])
        return _sorted(frame)


def _parts(runs: Runs) -> tuple[Ints, Ints, Ints, Ints]:
    return runs.person, runs.state, runs.begin, runs.end


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["participant_number", "start"], kind="stable", ignore_index=True)


def _not_before(frame: pd.DataFrame, day: np.datetime64) -> pd.DataFrame:
    """The benefit did not exist before this day: spells begin there at the earliest."""
    kept = frame[frame["end"].isna() | (frame["end"] >= pd.Timestamp(day))]
    return kept.assign(start=np.maximum(kept["start"].to_numpy(), day))
