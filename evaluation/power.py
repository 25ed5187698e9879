"""How many persons a design needs, and what a given number can show: closed forms with noncentral distributions.

t test and analysis of variance: Cohen (1988). Repeated measures: the noncentrality of Faul et al. (2007, G*Power) with
the standard deviation of the population's means over the standard deviation within a measurement as effect size f.
Two shares: Fleiss, Levin and Paik (2003, ch. 4), without continuity correction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from numbers import Real
from typing import Final, Literal, Protocol

import numpy as np
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.given import number_between, two_sided

MOST: Final = 10_000_000
PARTS: Final = ("between", "within", "interaction")


class PlannedTest(Protocol):
    """A planned test: its power with `units` allocation units, and how many persons a unit is in each group."""

    def power(self, units: int, alpha: float) -> float: ...
    def persons(self, units: int) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class SampleSize:
    """`by_group`: persons of each group, the control first; `power`: what they give."""

    total: int
    by_group: tuple[int, ...]
    power: float


@dataclass(frozen=True)
class TTest:
    """Two means, `effect` standard deviations apart (Cohen's d); `ratio` treated persons for each control."""

    effect: float
    ratio: float = 1.0

    def __post_init__(self) -> None:
        _require(isfinite(self.effect), "effect is a number of standard deviations")
        _require(0 < self.ratio < MOST, "ratio is how many treated persons there are for each control, above 0")

    def persons(self, units: int) -> tuple[int, ...]:
        return units, ceil(self.ratio * units - 1e-9)

    def power(self, units: int, alpha: float) -> float:
        control, treated = self.persons(units)
        df = control + treated - 2
        if df < 1:
            return 0.0
        noncentrality = abs(self.effect) * sqrt(control * treated / (control + treated))
        reach = stats.t.ppf(1 - alpha / 2, df)
        wrong_way = np.nan_to_num(stats.nct.cdf(-reach, df, noncentrality))  # too far off for SciPy to tell it from 0
        return float(stats.nct.sf(reach, df, noncentrality) + wrong_way)


@dataclass(frozen=True)
class Proportions:
    """Two shares, of the control and of the treated arm; `ratio` treated persons for each control."""

    control: float
    treated: float
    ratio: float = 1.0

    def __post_init__(self) -> None:
        _require(0 <= self.control <= 1 and 0 <= self.treated <= 1, "control and treated are shares from 0 to 1")
        _require(0 < self.ratio < MOST, "ratio is how many treated persons there are for each control, above 0")

    def persons(self, units: int) -> tuple[int, ...]:
        return units, ceil(self.ratio * units - 1e-9)

    def power(self, units: int, alpha: float) -> float:
        first, second = self.persons(units)
        pooled = (first * self.control + second * self.treated) / (first + second)
        without = sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
        within = sqrt(self.control * (1 - self.control) / first + self.treated * (1 - self.treated) / second)
        beyond = abs(self.control - self.treated) - float(stats.norm.ppf(1 - alpha / 2)) * without
        if within == 0:  # nobody differs from the rest of the group: the test finds it surely or never
            return float(beyond > 0)
        return float(stats.norm.cdf(beyond / within))


@dataclass(frozen=True)
class Anova:
    """Means of `groups` of the same size; `effect` is Cohen's f."""

    effect: float
    groups: int = 2

    def __post_init__(self) -> None:
        _require(0 <= self.effect < MOST, "effect is Cohen's f, from 0")
        _require(self.groups >= 2, "groups: at least two are compared")

    def persons(self, units: int) -> tuple[int, ...]:
        return (units,) * self.groups

    def power(self, units: int, alpha: float) -> float:
        n = units * self.groups
        return _f_power(self.effect**2 * n, self.groups - 1, n - self.groups, alpha)


@dataclass(frozen=True)
class RepeatedMeasures:
    """`groups` of the same size, each person measured `measurements` times with one `correlation` between any two.

    `part`: which effect is tested: between the groups, within persons over time, or their interaction. `epsilon` is
    the departure from sphericity (1 none, 1 / (measurements - 1) the most).
    """

    effect: float
    part: Literal["between", "within", "interaction"]
    groups: int = 2
    measurements: int = 2
    correlation: float = 0.5
    epsilon: float = 1.0

    def __post_init__(self) -> None:
        m = self.measurements
        _require(0 <= self.effect < MOST, "effect is Cohen's f, from 0")
        _require(self.part in PARTS, f"part is one of {', '.join(PARTS)}")
        _require(self.groups >= (1 if self.part == "within" else 2), f"groups: {self.part} needs at least two")
        _require(m >= 2, "measurements: a person is measured at least twice")
        _require(-1 / (m - 1) < self.correlation < 1, f"correlation lies between -1/{m - 1} and 1")
        _require(1 / (m - 1) - 1e-9 <= self.epsilon <= 1, f"epsilon lies from 1/{m - 1} to 1")

    def persons(self, units: int) -> tuple[int, ...]:
        return (units,) * self.groups

    def power(self, units: int, alpha: float) -> float:
        n, k, m = units * self.groups, self.groups, self.measurements
        strength = self.effect**2 * n * m
        if self.part == "between":
            return _f_power(strength / (1 + (m - 1) * self.correlation), k - 1, n - k, alpha)
        steps = (m - 1) * self.epsilon
        df1 = steps if self.part == "within" else steps * (k - 1)
        return _f_power(strength * self.epsilon / (1 - self.correlation), df1, (n - k) * steps, alpha)


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise EvaluationError("bad_option", sentence)


def _f_power(noncentrality: float, df1: float, df2: float, alpha: float) -> float:
    if df2 <= 0:
        return 0.0
    return float(stats.ncf.sf(stats.f.ppf(1 - alpha, df1, df2), df1, df2, noncentrality))


def power_of(test: PlannedTest, *, n: int, alpha: float = 0.05) -> float:
    """The chance that a two-sided test at level alpha finds the effect with at most `n` persons in all.

    Raises:
        EvaluationError: `too_few` when `n` does not fill one person a group, `bad_option` for alpha.
    """
    alpha = number_between(alpha, "alpha", 0, 1)
    units = _largest(lambda count: sum(test.persons(count)) <= n)
    if units < 1:
        raise EvaluationError("too_few", f"{n} persons do not fill every group")
    return test.power(units, alpha)


def required_sample(test: PlannedTest, *, power: float = 0.8, alpha: float = 0.05) -> SampleSize:
    """The smallest number of persons that gives the power, in groups of the test's sizes.

    Raises:
        EvaluationError: `never` when ten million persons a group would not be enough, `bad_option` for power or alpha.
    """
    alpha, power = number_between(alpha, "alpha", 0, 1), number_between(power, "power", 0, 1)
    units = 1 + _largest(lambda count: test.power(count, alpha) < power)
    if units > MOST:
        raise EvaluationError("never", f"more than {MOST} persons a group: the effect is too small to be planned for")
    by_group = test.persons(units)
    return SampleSize(sum(by_group), by_group, test.power(units, alpha))


def _largest(holds: Callable[[int], bool]) -> int:
    """The largest count from 1 for which a condition that stops holding once still holds; 0 if it never does."""
    high = 1
    while high <= MOST and holds(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def detectable_effect(se: float, *, df: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """The true effect, in the unit of `se`, that an estimate with this standard error would have shown.

    For use after the fact: (t of 1 - alpha / 2 plus t of the power) standard errors (Bloom 1995).

    Raises:
        EvaluationError: `bad_option`.
    """
    df, power = number_between(df, "df", 0), number_between(power, "power", 0, 1)
    _require(isinstance(se, Real) and se >= 0, "se is a number from 0")
    return float((stats.t.ppf(two_sided(alpha), df) + stats.t.ppf(power, df)) * se)
