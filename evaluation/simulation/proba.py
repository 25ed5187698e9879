"""A comparison without a draw, like Proba's: who starts in which measure depends on who they are."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import special

from evaluation.simulation import margins
from evaluation.simulation import proba_margins as proba
from evaluation.simulation.joint import FIRST_MONTH
from evaluation.simulation.latent import Floats, Groups, loadings, normal, pinned
from evaluation.simulation.margins import Knots, Persistence
from evaluation.simulation.money import unemployment
from evaluation.simulation.proba_people import Starters, draw_starters
from evaluation.simulation.registers import Registers
from evaluation.simulation.spells import Calendar, Runs, Truth, runs_of
from evaluation.simulation.states import START, States

Frames = dict[str, pd.DataFrame]

MONTHS: Final = START + 1 + 32  # columns from FIRST_MONTH to the last one that anybody is followed to
SETTLED: Final = START + 3  # the first column in which somebody can have left the measure for work
LEAST, MOST = 0.005, 0.98  # no probability of employment is beyond these
AAP_MONTHS: Final = 30  # mean months that AAP goes on after the start
SUBSIDY_MONTHS: Final = 12
BESIDE_MONTHS: Final = 4
FULL_TIME_HOURS: Final = 30
ALIKE: Final = 40  # persons of an arm with nearly the same probability, among whom employment is spread evenly


def simulate_proba(persons: int = sum(proba.PERSONS), *, seed: int, effect: float = 1.0) -> Frames:
    """Register deliveries of starters in extended follow-up and in follow-up, without a draw between them.

    Shares by arm are those of table 3.2, employment in months 12, 18 and 24 those of tables 4.2 and figure 4.1. People
    in the extended arm are less often on AAP: of the raw difference of 3.9 points in month 12, 1.5 remain between
    people alike in the same office: 3.4 without AAP and 0.9 less than nothing with it.

    Args:
        persons: how many starters in all; 37,777 were published.
        seed: the same arguments give the same frames.
        effect: the difference between people alike, as a multiple of the published one.

    Returns:
        participants (arm `extended_follow_up` or `follow_up`), employment, benefits, measures, education,
        work_capacity and unemployment (EVALUATION, section 1), to September 2019. "Employed" by the report's rule is
        `person_months(..., exclude_in_measure=True)`.
    """
    rng = np.random.default_rng(seed)
    starters = draw_starters(rng, persons)
    people = starters.frame()
    last = np.datetime64(proba.LAST_MONTH, "M")
    calendar = Calendar(people["participant_number"].to_numpy(), starters.start + FIRST_MONTH, last)
    course = _course(rng, starters, effect)
    registers = Registers(rng, calendar, _states(rng, starters, course))
    places = sorted(people["municipality"].unique())
    return {
        "participants": people,
        "employment": registers.employment(),
        "benefits": registers.benefits(),
        "measures": _measures(rng, calendar, starters, course),
        "education": registers.education(),
        "work_capacity": registers.work_capacity(),
        "unemployment": unemployment(rng, places, calendar),
    }


@dataclass(frozen=True)
class _Course:
    """Persons x months. at_work: any job of four hours or more; settled: work after the measure; inside: in it."""

    at_work: Truth
    settled: Truth
    inside: Truth


def _course(rng: np.random.Generator, starters: Starters, effect: float) -> _Course:
    history = _paths(rng, starters.arm, proba.HISTORY)
    before = history > _cut(proba.EMPLOYED_BEFORE, starters.arm)
    probability = _probabilities(starters, before[:, : START + 1], effect)
    settled = _even_paths(rng, starters, probability) > special.ndtri(1 - probability)
    settled[:, :SETTLED] = False
    inside = _inside(rng, starters.arm, settled)
    beside = inside & (history > _cut(proba.EMPLOYED_IN_MEASURE, starters.arm))
    at_work = settled | beside
    at_work[:, : START + 1] = before[:, : START + 1]
    return _Course(at_work, settled, inside)


def _paths(rng: np.random.Generator, arm: Groups, persistence: Persistence) -> Floats:
    factors = loadings(MONTHS, persistence)
    return normal(rng, arm, factors.shape[1], even=False) @ factors.T


def _even_paths(rng: np.random.Generator, starters: Starters, probability: Floats) -> Floats:
    """Paths of employment that are spread evenly in month 12 among those of an arm who are alike and as long followed.

    Without it the difference between the arms has a standard error of 0.8 points from one seed to the next.
    """
    month = START + proba.EFFECT_MONTH
    kind = 2 * starters.arm + starters.followed(proba.EFFECT_MONTH)
    order = np.lexsort((probability[:, month], kind))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    first = np.searchsorted(kind[order], kind)  # of each person's kind
    alike = kind * len(order) + (rank - first) // ALIKE
    paths = _paths(rng, starters.arm, proba.EMPLOYMENT)
    return pinned(paths, loadings(MONTHS, proba.EMPLOYMENT), month, alike, paths[:, month])


def _by_month(knots: tuple[Knots, Knots]) -> Floats:
    """Arm x month."""
    month = np.arange(MONTHS) + FIRST_MONTH
    return np.stack([np.interp(month, list(line), list(line.values())) for line in knots])


def _cut(knots: tuple[Knots, Knots], arm: Groups) -> Floats:
    return special.ndtri(1 - _by_month(knots))[arm]


def _probabilities(starters: Starters, before: Truth, effect: float) -> Floats:
    """Each person's probability of settled work by month: the arm's level and what the model of table 4.3 explains.

    The level of each arm is found so that its mean among those followed to month 12, of whom the report tells, is the
    published share. How far offices that use the extended measure more have more work is found so that the levels
    differ by the published effect in that month.
    """
    level = _by_month(proba.EMPLOYED)
    explained = starters.explained() + proba.EMPLOYED_AT_START * before[:, START]
    explained = explained + proba.MONTHS_EMPLOYED * before[:, START - 24 : START].sum(axis=1)
    month = START + proba.EFFECT_MONTH
    wanted = level[0, month] - level[1, month] - proba.EFFECT
    known, arm = starters.followed(proba.EFFECT_MONTH), starters.arm
    use = _gap(starters.office_use[known], arm[known])
    if use != 0:
        explained = explained + starters.office_use * (wanted - _gap(explained[known], arm[known])) / use
    course = level[1] / level[1, month]  # characteristics matter less while few have settled
    own = explained[:, None] * np.minimum(course, 1) + effect * _less_on_aap(starters)
    shift = np.stack([_level_shift(own[known & (arm == one)], level[one]) for one in (0, 1)])
    shift[0] = shift[1] + effect * (shift[0] - shift[1])
    return np.clip(own + shift[arm], LEAST, MOST)


def _less_on_aap(starters: Starters) -> Floats:
    """Person x month: how much less of the difference those on AAP have, and the others more, so that its mean stays
    what it is."""
    on_aap = (starters.diagnosis > 0).astype(float)
    known = starters.followed(proba.EFFECT_MONTH) & (starters.arm == 0)
    middle = on_aap[known].mean() if known.any() else 0.0
    by_month = _by_month((proba.AAP_INTERACTION, {0: 0.0}))
    return np.asarray((on_aap - middle)[:, None] * by_month[starters.arm])


def _gap(values: Floats, arm: Groups) -> float:
    """Mean of the extended arm less that of the other; 0 where an arm is empty."""
    groups = [values[arm == one] for one in (0, 1)]
    return float(groups[0].mean() - groups[1].mean()) if all(len(group) for group in groups) else 0.0


def _level_shift(own: Floats, level: Floats) -> Floats:
    """What to add in each month so that the mean of the probabilities is the level (bisection)."""
    low, high = np.full(len(level), -2.0), np.full(len(level), 2.0)
    for _step in range(30 if len(own) else 0):
        shift = (low + high) / 2
        below = np.clip(own + shift, LEAST, MOST).mean(axis=0) < level
        low, high = np.where(below, shift, low), np.where(below, high, shift)
    return (low + high) / 2


def _inside(rng: np.random.Generator, arm: Groups, settled: Truth) -> Truth:
    """Who is still in the measure: work ends it, and as many others leave as the published share still in it says."""
    staying = np.ones(len(arm), dtype=bool)
    inside = np.zeros(settled.shape, dtype=bool)
    target = _by_month(proba.STILL_IN_MEASURE)
    for column in range(START, MONTHS):
        staying &= ~settled[:, column]
        for one in (0, 1):
            share = staying[arm == one].mean() if (arm == one).any() else 0.0
            leaving = 1 - min(1.0, target[one, column] / share) if share else 0.0
            staying &= (arm != one) | (rng.random(len(arm)) >= leaving)
        inside[:, column] = staying
    return inside


def _states(rng: np.random.Generator, starters: Starters, course: _Course) -> States:
    persons = len(starters.arm)
    hours = np.array([full_time * percent / 100 for full_time, percent in margins.POSITIONS])
    full = rng.random(persons) < np.array(proba.FULL_TIME)[starters.arm]
    part_time, full_time = np.flatnonzero(hours < FULL_TIME_HOURS), np.flatnonzero(hours >= FULL_TIME_HOURS)
    position = np.where(full, rng.choice(full_time, persons), rng.choice(part_time, persons))
    others = rng.choice([0, 1, 2], persons, p=(0.3, 0.5, 0.2))  # no decision, IKVAL, BFORM
    capacity = np.where(starters.disability == 1, 4, np.where(starters.reduced == 1, 3, others))
    wide = np.ones(MONTHS, dtype=np.int8)
    return States(
        benefit=_benefits(rng, starters),
        employed=course.at_work.astype(np.int8),
        activity=np.zeros((persons, MONTHS), dtype=np.int8),
        capacity=(capacity[:, None] * wide).astype(np.int8),
        position=(position[:, None] * wide).astype(np.int8),
        standing=np.zeros(persons),
    )


def _benefits(rng: np.random.Generator, starters: Starters) -> Any:
    """AAP from some months before the start until some after it; disability benefit throughout."""
    persons, column = len(starters.arm), np.arange(MONTHS)
    since = START - rng.integers(0, START, (persons, 1))
    until = START + rng.geometric(1 / AAP_MONTHS, (persons, 1))
    on_aap = (starters.diagnosis > 0)[:, None] & (column >= since) & (column < until)
    return np.where(starters.disability[:, None] == 1, 2, on_aap).astype(np.int8)


def _measures(rng: np.random.Generator, calendar: Calendar, starters: Starters, course: _Course) -> pd.DataFrame:
    """The measure itself, others beside it, and wage subsidies in work after it."""
    main = runs_of(calendar.covered(course.inside.astype(np.int8)))
    rows = pd.DataFrame(calendar.spells(main, rng)).assign(measure=np.array(proba.CODES)[starters.arm[main.person]])
    rows["start"] = starters.frame()["start_date"].to_numpy()[main.person]
    parts = [rows, *(_beside(rng, calendar, starters, main, code) for code in proba.BESIDE)]
    parts.append(_subsidies(rng, calendar, starters, course))
    both = pd.concat(parts, ignore_index=True)[["participant_number", "measure", "start", "end"]]
    return both.sort_values(["participant_number", "start"], kind="stable", ignore_index=True)


def _beside(rng: np.random.Generator, calendar: Calendar, starters: Starters, main: Runs, code: str) -> pd.DataFrame:
    """Another measure between the second and the second-last month of the stay, of the share of table 2.1 among those
    whose stay has such months."""
    share = np.array(proba.BESIDE[code])[starters.arm[main.person]] / 100
    chosen = (main.end - main.begin >= 2) & (rng.random(len(main)) < share)
    stays = main[chosen]
    begin = stays.begin + 1 + np.floor(rng.random(len(stays)) * (stays.end - stays.begin - 1)).astype(np.int64)
    end = np.minimum(begin + rng.poisson(BESIDE_MONTHS - 1, len(stays)), stays.end - 1)
    return pd.DataFrame(calendar.spells(replace(stays, begin=begin, end=end), rng)).assign(measure=code)


def _subsidies(rng: np.random.Generator, calendar: Calendar, starters: Starters, course: _Course) -> pd.DataFrame:
    runs = runs_of(calendar.covered(course.settled.astype(np.int8)))
    chosen = runs[rng.random(len(runs)) < np.array(proba.SUBSIDISED)[starters.arm[runs.person]]]
    shortened = replace(chosen, end=np.minimum(chosen.end, chosen.begin + SUBSIDY_MONTHS - 1))
    return pd.DataFrame(calendar.spells(shortened, rng)).assign(measure="MIDLONTIL")
