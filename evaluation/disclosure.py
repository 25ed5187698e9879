"""What may leave: small counts are hidden, the rest is rounded, and shares follow from the rounded counts.

The rules are those of outputs from secure analysis rooms: OpenSAFELY redacts counts of at most 7 and rounds the rest to
the nearest 5; Statistics Norway hides counts below 3. A share is a count in disguise, and so is its complement: it is
hidden when either is small. What follows from a hidden number (its difference, its t, its effect) is hidden with it,
and what follows from a rounded one is computed from the rounded one, or rounded itself: a difference of shares with all
its digits would give the counts back, and sums of counts then the hidden ones. Means of hours, months and amounts, and
estimates from them, are not counts; nothing here holds a minimum or a maximum.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from math import floor, log10, sqrt
from types import MappingProxyType
from typing import Any, Final

from scipy.special import stdtr, stdtrit

from evaluation.errors import EvaluationError
from evaluation.figures import without_curve
from evaluation.labels import MARK, UNITS

PERCENT: Final = 100
FOLLOWS_FROM_SHARES: Final = ("difference", "se", "t", "p", "smd")
MISSING: Final = ("treated_missing", "control_missing")
LEVELS: Final = ("work_capacity_",)
"""How names of variables begin that are the levels of one: everyone has one of them."""
PARTS: Final = ("treated_n", "control_n")
FOLLOWS_FROM_MISSING: Final = ("effect", "se", "t", "p", "ci_low", "ci_high", "trimmed")
FOLLOWS_FROM_MONTH: Final = ("effect", "ci_low", "ci_high", "band_low", "band_high", "p")
PERSONS_A_STEP: Final = 10
ALPHA: Final = 0.05
SMALLEST: Final = "smallest"
"""The note that says, row by row, how few persons have or lack a state in an arm. It never leaves."""
INSIDE: Final = (SMALLEST, "determined", "one_arm")
"""Notes that never leave. `determined` names the covariates of which, as a rule, nobody in one arm has any, `one_arm`
the strata whose people are all of the same arm: who knows one of them would know the arm."""
LEAVING: Final = "leaving"
"""The note that holds, by rule, the rows and drawing of a finding that was made anew from rounded counts."""
COUNTS: Final = (
    *("n", "missing", "df2"),  # residual degrees of freedom are persons, less a few
    *("treated_n", "control_n", "drawn_persons", "rows", *MISSING),
)


@dataclass(frozen=True)
class Rule:
    """Counts up to `hides_up_to` are hidden, 0 included; the others are rounded to the nearest `rounds_to`."""

    name: str
    hides_up_to: int
    rounds_to: int

    def count(self, n: float | None) -> int | None:
        """A count as it may leave, None where it is hidden."""
        if n is None or n <= self.hides_up_to:
            return None
        return int(self.rounds_to * ((n + self.rounds_to / 2) // self.rounds_to))

    def share(self, share: float | None, n: float | None) -> float | None:
        """A share of `n` persons from rounded counts, None where it or its complement is small."""
        if share is None or n is None:
            return None
        holders = round(share * n)
        part, rest, whole = self.count(holders), self.count(n - holders), self.count(n)
        if part is None or rest is None or not whole:
            return None
        return min(part / whole, 1.0)


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.name: rule for rule in (Rule("opensafely", 7, 5), Rule("ssb3", 2, 3), Rule("strict10", 9, 10))}
)

Row = dict[str, Any]


def disclosed(content: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """A finding (as `Finding.to_dict` gives it) as it may leave; `notes` name the rule.

    Raises:
        EvaluationError: `unknown_rule`; `undisclosable` for a figure whose points no rule knows.
    """
    if rule not in RULES:
        raise EvaluationError("unknown_rule", f"no disclosure rule is called {rule}; known: {', '.join(RULES)}")
    columns, notes = content["columns"], content["notes"]
    if LEAVING in notes:
        kept = {name: value for name, value in notes.items() if name != LEAVING}
        return {**content, **notes[LEAVING][rule], "notes": kept | {"disclosure": rule}}
    if content["spec"] is not None and "outcome" not in columns:
        raise EvaluationError("undisclosable", f"{content['name']}: no rule says what of this figure may leave")
    hide = _hider(columns, notes, RULES[rule])
    given = [dict(zip(columns, row, strict=True)) for row in content["rows"]]
    fewest = notes.get(SMALLEST) or [None] * len(given)
    rows = [hide(row | {SMALLEST: few}) for row, few in zip(given, fewest, strict=True)]
    if "variable" in columns:
        rows = _levels_hidden(rows, {arm: notes[f"n_{arm}"] for arm in columns[1:3]}, RULES[rule])
    return {
        **content,
        "rows": [[row[key] for key in columns] for row in rows],
        "spec": _drawn(content["spec"], rows),
        "notes": _rounded_notes(notes, RULES[rule]) | _step_told(given, RULES[rule]) | {"disclosure": rule},
    }


def _step_told(given: Sequence[Row], rule: Rule) -> dict[str, str]:
    """For the reader of monthly effects: the widest step they were rounded to, in percentage points, if any was."""
    told = [
        step_of(row["n"], rule)
        for row in given
        if {"month", "effect"} <= set(row) and row["outcome"] not in UNITS and row["effect"] is not None
    ]
    return {"step": f"{float(PERCENT * max(told)):g}"} if told else {}


def disclosed_manifest(manifest: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """What results were made from, as it may leave: how many persons there were, or were left out, are counts."""
    counts = {name: _counted(manifest[name], RULES[rule]) for name in ("persons", "consent") if name in manifest}
    return {**manifest, **counts}


def _counted(value: Any, rule: Rule) -> Any:
    """A count as it may leave, or all counts of a mapping; nobody is no count of anybody."""
    if isinstance(value, Mapping):
        return {name: _counted(part, rule) for name, part in value.items()}
    return rule.count(value) if value else value


def far_enough(arms: Mapping[str, int], earlier: Iterable[Mapping[str, int]], rule: str) -> bool:
    """Whether results of so many persons by arm may leave beside earlier ones of the same trial.

    Where an arm of two releases differs by a few persons, what crosses a limit of rounding tells what these few are.
    """
    gaps = [abs(n - before.get(arm, n)) for before in earlier for arm, n in arms.items()]
    return all(gap == 0 or gap > RULES[rule].hides_up_to for gap in gaps)


def _hider(columns: Sequence[str], notes: Mapping[str, Any], rule: Rule) -> Callable[[Row], Row]:
    alpha = float(notes.get("alpha", ALPHA))
    if "variable" in columns:
        arms = {arm: notes[f"n_{arm}"] for arm in columns[1:3]}
        persons = {arm: notes.get(f"persons_{arm}", n) for arm, n in arms.items()}
        return lambda row: _baseline_row(row, arms, persons, rule)
    if "mean" in columns:
        return lambda row: _share_row(row, rule)
    if set(MISSING) <= set(columns):
        return lambda row: _of_many(_missing_row(row, rule, alpha), rule)
    if {"month", "effect"} <= set(columns):
        return lambda row: _month_row(row, rule, alpha)
    if "moved" in columns:
        return lambda row: _of_many(_counts_rounded(row | _coarse(row, ("moved",), row["n"], rule), rule), rule)
    return lambda row: _of_many(_counts_rounded(row, rule), rule)


def _of_many(row: Row, rule: Rule) -> Row:
    """A row of numbers that are no counts, hidden where they are of few persons: a mean may be what one of them had."""
    if row[SMALLEST] is None or row[SMALLEST] > rule.hides_up_to:
        return row
    told = {*COUNTS, "outcome", "subgroup", "level", "bounds", SMALLEST}
    return {key: value if key in told else "" if isinstance(value, str) else None for key, value in row.items()}


def _counts_rounded(row: Row, rule: Rule) -> Row:
    """Counts as they may leave: nobody missing is no count of anybody, and a sum is that of its rounded parts."""
    rounded = row | {key: rule.count(row[key]) for key in COUNTS if row.get(key)}
    if row.get("reason") in ("collinear", "all_followed") or ("subgroup" in row and row["reason"] == "no_contrast"):
        rounded["reason"] = ""  # nobody in one arm has the characteristic: a count like any other
    if "n" in row and set(PARTS) <= set(row):
        parts = [rounded[key] for key in PARTS]
        rounded["n"] = None if None in parts else sum(parts)
    return rounded


def _missing_row(row: Row, rule: Rule, alpha: float) -> Row:
    """A row that counts outcomes missing by arm: their difference, as a share, is a count in disguise."""
    small = any(row[key] and rule.count(row[key]) is None for key in MISSING)
    follows = [key for key in FOLLOWS_FROM_MISSING if key in row] if "lower" not in row else ["trimmed"]
    n = row["n"] if "n" in row else row["treated_n"] + row["control_n"]
    return _counts_rounded(row, rule) | (dict.fromkeys(follows) if small else _coarse(row, follows, n, rule, alpha))


def _month_row(row: Row, rule: Rule, alpha: float) -> Row:
    """The effect on a state in one month: a difference of two shares, hidden where one of them is."""
    rounded, follows = _counts_rounded(row, rule), [key for key in FOLLOWS_FROM_MONTH if key in row]
    if row["outcome"] in UNITS:
        return rounded
    few = row[SMALLEST]
    # The lowest counts shown have the fewest neighbours: beside a difference they could be told.
    if few is not None and few <= rule.hides_up_to + rule.rounds_to // 2:
        return rounded | dict.fromkeys(follows) | {key: "" for key in ("reason",) if key in row}
    return rounded | _coarse(row, follows, row["n"], rule, alpha)


def _coarse(row: Row, keys: Sequence[str], n: float | None, rule: Rule, alpha: float = 0.05) -> Row:
    """Differences of shares among `n` persons in steps that no count can be told from, and what follows from them.

    An interval's ends would tell the effect more closely than its step does: they are steps from the rounded effect.
    """
    step = step_of(n, rule)
    known = {key: Decimal(row[key]) for key in keys if row.get(key) is not None}
    if "effect" not in known:
        return {key: float(round(value / step) * step) for key, value in known.items()}
    effect = round(known["effect"] / step) * step
    ends = {key: value - known["effect"] for key, value in known.items() if key.endswith(("_low", "_high"))}
    far = {key: effect + (distance / step).to_integral_value(ROUND_UP) * step for key, distance in ends.items()}
    numbers = {"effect": float(effect)} | {key: float(value) for key, value in far.items()}
    persons, reach = rule.count(n), float(far.get("ci_high", effect) - effect)
    if persons and reach > 0:
        se = reach / float(stdtrit(persons - 2, 1 - alpha / 2))
        t = float(effect) / se
        numbers |= {"se": se, "t": t, "p": float(2 * stdtr(persons - 2, -abs(t)))}
    return {key: numbers.get(key) for key in known}


def step_of(n: float | None, rule: Rule) -> Decimal:
    """1, 2 or 5 of a decimal, and at least what ten persons shared out by the rule's rounding move in half of `n`.

    Rounded counts leave rounds_to^2 pairs of two arms' counts; a step of so many persons leaves some ten of them.
    """
    least = 2 * PERSONS_A_STEP / rule.rounds_to / n if n else 1.0
    place = Decimal(10) ** floor(log10(least))
    return next(times * place for times in (1, 2, 5, 10) if times * place >= least)


def _share_row(row: Row, rule: Rule) -> Row:
    """A mean by month and arm: a share of its n, or a mean of hours."""
    n = row["n"]
    rounded = _counts_rounded(row, rule)
    if rule.count(n) is None or (row[SMALLEST] is not None and row[SMALLEST] <= rule.hides_up_to):
        return rounded | {"mean": None}
    return rounded if row["outcome"] in UNITS else rounded | {"mean": rule.share(row["mean"], n)}


def _baseline_row(row: Row, arms: Mapping[str, int], persons: Mapping[str, int], rule: Rule) -> Row:
    """A row of the baseline table: the arms' shares or means (treated, control), and what follows from them. `persons`
    by arm differ from `arms` where units were drawn."""
    rounded = _counts_rounded(row, rule)
    if row["variable"] in UNITS:
        few = min(persons.values()) - (row["missing"] or 0) if row[SMALLEST] is None else row[SMALLEST]
        hidden = dict.fromkeys((*arms, *FOLLOWS_FROM_SHARES)) | {"reason": ""}
        return rounded | hidden if few <= rule.hides_up_to else rounded
    shares = {arm: _known_share(row[arm], n, row["missing"] or 0, rule) for arm, n in arms.items()}
    first, second = shares.values()
    if first is None or second is None:
        hidden = dict.fromkeys(shares) | dict.fromkeys(FOLLOWS_FROM_SHARES)
        return rounded | hidden | {key: "" for key in ("reason",) if key in row}
    return rounded | shares | _compared(second, first, [rule.count(n) or 0 for n in list(arms.values())[::-1]])


def _levels_hidden(rows: list[Row], arms: Mapping[str, int], rule: Rule) -> list[Row]:
    """Levels add up to everyone: where those shown leave nobody for the hidden, the smallest shown is hidden too."""
    levels = [row for row in rows if row["variable"].startswith(LEVELS)]
    while True:
        shown = [row for row in levels if row[next(iter(arms))] is not None]
        told = len(shown) in (0, len(levels)) or not any(_leaves_none(shown, arm, n, rule) for arm, n in arms.items())
        if told:
            return rows
        least = min(shown, key=lambda row: sum(row[arm] for arm in arms))
        least.update(dict.fromkeys((*arms, *FOLLOWS_FROM_SHARES)))


def _leaves_none(shown: Sequence[Row], arm: str, n: int, rule: Rule) -> bool:
    """Whether the least counts that could be shown so are everyone already."""
    counts = [round(row[arm] * (rule.count(n) or 0)) for row in shown]
    return sum(max(rule.hides_up_to + 1, count - rule.rounds_to // 2) for count in counts) >= n


def _known_share(share: float | None, n: int, missing: int, rule: Rule) -> float | None:
    """A share of those of `n` persons who have a value; `missing` may all be of this arm, so that few may have it."""
    if share is None or rule.share(share, max(n - missing, 0)) is None:
        return None
    return rule.share(share, n)


def _compared(control: float, treated: float, persons: Sequence[int]) -> Row:
    """The t test of two shares, from rounded counts: what their exact one would give away."""
    spreads = [share * (1 - share) * n / (n - 1) for share, n in zip((control, treated), persons, strict=True)]
    pooled = sum(spread * (n - 1) for spread, n in zip(spreads, persons, strict=True)) / (sum(persons) - 2)
    difference, se = control - treated, sqrt(pooled * sum(1 / n for n in persons))
    if se == 0:
        return {"difference": difference} | dict.fromkeys(FOLLOWS_FROM_SHARES[1:])
    t = difference / se
    p = float(2 * stdtr(sum(persons) - 2, -abs(t)))
    return {"difference": difference, "se": se, "t": t, "p": p, "smd": difference / sqrt(sum(spreads) / 2)}


def _drawn(spec: Mapping[str, Any] | None, rows: Sequence[Row]) -> dict[str, Any] | None:
    """A figure's specification with the disclosed numbers in its data, which stand in the order of the rows."""
    if spec is None:
        return None
    values = [_point(value, row) for value, row in zip(spec["data"]["values"], rows, strict=True)]
    return without_curve({**spec, "data": {"values": values}})


def _point(value: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """One point: figures draw shares in per cent, and mark the words that depend on the reader's language."""
    scale = 1 if row["outcome"] in UNITS else PERCENT
    return {
        key: old if isinstance(old, str) and old.startswith(MARK) else _scaled(key, row[key], scale)
        for key, old in value.items()
    }


def _scaled(key: str, number: Any, scale: int) -> Any:
    unscaled = key in ("month", "p", *COUNTS)
    return number if number is None or unscaled else scale * number


def _rounded_notes(notes: Mapping[str, Any], rule: Rule) -> dict[str, Any]:
    """Numbers of persons under a finding (n_<arm>, persons_<arm>, joint_n) are counts as well."""
    counts: dict[str, Any] = {
        key: rule.count(value) for key, value in notes.items() if key.startswith(("n_", "persons_")) or key == "joint_n"
    }
    if "joint_df" in notes:
        counts |= {"joint_df": [notes["joint_df"][0], rule.count(notes["joint_df"][1])]}
    return {key: value for key, value in notes.items() if key not in INSIDE} | counts
