"""An attack on released numbers: what counts could have given them?

The attacker knows the rule, the size of each arm and how counts belong together (a state with and without work adds up
to the state), and has everything that was released. Unknown counts are whole numbers under linear conditions; a hidden
one is pinned when only one number is left for it (Fischetti and Salazar 1999, the auditing problem). Where a difference
of two shares was released, every pair of counts is tried first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats
from scipy.optimize import Bounds, LinearConstraint, milp

from evaluation.disclosure import Rule

FAR = 10_000.0


@dataclass
class Secrets:
    """Unknown counts by name, and what must hold of them."""

    names: list[str] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    conditions: list[tuple[dict[str, float], float, float]] = field(default_factory=list)

    def count(self, name: str, low: float = 0, high: float = FAR) -> str:
        """A count between two ends; said again, the ends draw nearer."""
        if name not in self.names:
            self.names, self.low, self.high = [*self.names, name], [*self.low, low], [*self.high, high]
        place = self.names.index(name)
        self.low[place], self.high[place] = max(self.low[place], low), min(self.high[place], high)
        return name

    def released(self, name: str, shown: int | None, rule: Rule) -> None:
        """A count that was shown rounded, or hidden since it is small."""
        if shown is None:
            self.count(name, 0, rule.hides_up_to)
        else:
            self.count(name, *ends(shown, rule))

    def must(self, terms: Mapping[str, float], low: float, high: float) -> None:
        self.conditions.append((dict(terms), low, high))

    def adds_up(self, parts: Iterable[str], whole: str) -> None:
        self.must(dict.fromkeys(parts, 1.0) | {whole: -1.0}, 0, 0)

    def at_most(self, part: str, whole: str) -> None:
        self.must({part: 1.0, whole: -1.0}, -np.inf, 0)

    def either_few(self, name: str, whole: float, rule: Rule) -> None:
        """A hidden share: few have it, or few of `whole` lack it."""
        self.count(name, 0, whole)
        switch = self.count(f"{name} is large", 0, 1)
        self.must({name: 1.0, switch: -whole}, -np.inf, rule.hides_up_to)
        self.must({name: 1.0, switch: -(whole - rule.hides_up_to)}, 0, np.inf)

    def ends(self, name: str) -> tuple[float, float]:
        place = self.names.index(name)
        return self.low[place], self.high[place]

    def other_value(self, name: str, true: int) -> float | None:
        """A value of the count other than the true one under which everything released is the same; None if none."""
        for sign in (-1, 1):
            best = self._extreme(name, sign)
            if best is not None and round(best) != true:
                return best
        return None

    def holds(self, truth: Mapping[str, int]) -> bool:
        """Whether the true counts are among those that could have been: else the attack itself is wrong."""
        inside = all(low <= truth[name] <= high for name, low, high in self._ends() if name in truth)
        return inside and self._extreme(self.names[0], 1, truth) is not None

    def _ends(self) -> list[tuple[str, float, float]]:
        return list(zip(self.names, self.low, self.high, strict=True))

    def _extreme(self, name: str, sign: int, truth: Mapping[str, int] | None = None) -> float | None:
        place = {each: number for number, each in enumerate(self.names)}
        rows = np.zeros((len(self.conditions), len(place)))
        for row, (terms, _low, _high) in zip(rows, self.conditions, strict=True):
            for each, weight in terms.items():
                row[place[each]] = weight
        ends = [
            (truth.get(each, low), truth.get(each, high)) if truth else (low, high) for each, low, high in self._ends()
        ]
        conditions = (
            [LinearConstraint(rows, [one[1] for one in self.conditions], [one[2] for one in self.conditions])]
            if self.conditions
            else []
        )
        goal = np.zeros(len(place))
        goal[place[name]] = -sign
        found = milp(
            goal,
            integrality=np.ones(len(place)),
            bounds=Bounds(*zip(*ends, strict=True)),
            constraints=conditions,
        )
        return None if found.x is None else float(found.x[place[name]])


def ends(shown: int, rule: Rule) -> tuple[int, int]:
    """The counts that are shown as this number, found by asking the rule itself."""
    counts = [
        n for n in range(max(0, shown - 2 * rule.rounds_to), shown + 2 * rule.rounds_to) if rule.count(n) == shown
    ]
    return counts[0], counts[-1]


def intervals_left(
    row: Mapping[str, Any], sizes: tuple[int, ...], ranges: Sequence[tuple[float, float]], step: float
) -> Any:
    """What remains of the counts of two arms when every pair is tried against a released effect and its interval.

    `step`: what they were rounded to. The office is the only one, so that the effect is the difference of two shares,
    and its standard error theirs.
    """
    treated, control = (np.arange(low, high + 1) for low, high in ranges)
    shares = treated[:, None] / sizes[0], control[None, :] / sizes[1]
    persons, effect = sum(sizes), shares[0] - shares[1]
    spread = sum(size * share * (1 - share) for size, share in zip(sizes, shares, strict=True)) / (persons - 2)
    reach = stats.t.ppf(0.975, persons - 2) * np.sqrt(spread * (1 / sizes[0] + 1 / sizes[1]))
    fits = np.ones(effect.shape, dtype=bool)
    fits &= np.abs(effect - row["effect"]) <= 0.5 * step + 1e-12
    told = row["ci_high"] - row["effect"]  # rounded up
    fits &= (reach <= told + 1e-12) & (reach >= told - step - 1e-12)
    places = np.nonzero(fits)
    return [(side[place].min(), side[place].max()) for side, place in zip((treated, control), places, strict=True)]
