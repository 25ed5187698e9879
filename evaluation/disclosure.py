"""What may leave: small counts are hidden, the rest is rounded, and shares follow from the rounded counts.

The rules are those of outputs from secure analysis rooms: OpenSAFELY redacts counts of at most 7 and rounds the rest to
the nearest 5; Statistics Norway hides counts below 3. A share is a count in disguise, and so is its complement: it is
hidden when either is small. What follows from a hidden number (its difference, its t) is hidden with it. Means of
hours, months and amounts, and regression estimates, are not counts; nothing here holds a minimum or a maximum.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from evaluation.errors import EvaluationError
from evaluation.labels import MARK, UNITS

PERCENT: Final = 100
FOLLOWS_FROM_SHARES: Final = ("difference", "se", "t", "p", "smd")
MISSING: Final = ("treated_missing", "control_missing")
FOLLOWS_FROM_MISSING: Final = ("effect", "se", "t", "p", "ci_low", "ci_high", "trimmed")
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
        EvaluationError: `unknown_rule`.
    """
    if rule not in RULES:
        raise EvaluationError("unknown_rule", f"no disclosure rule is called {rule}; known: {', '.join(RULES)}")
    columns, notes = content["columns"], content["notes"]
    hide = _hider(columns, notes, RULES[rule])
    rows = [hide(dict(zip(columns, row, strict=True))) for row in content["rows"]]
    return {
        **content,
        "rows": [[row[key] for key in columns] for row in rows],
        "spec": _drawn(content["spec"], rows),
        "notes": _rounded_notes(notes, RULES[rule]) | {"disclosure": rule},
    }


def _hider(columns: Sequence[str], notes: Mapping[str, Any], rule: Rule) -> Callable[[Row], Row]:
    if "variable" in columns:
        arms = {arm: notes[f"n_{arm}"] for arm in columns[1:3]}
        return lambda row: _baseline_row(row, arms, rule)
    if "mean" in columns:
        return lambda row: _share_row(row, rule)
    if set(MISSING) <= set(columns):
        return lambda row: _missing_row(row, rule)
    return lambda row: _counts_rounded(row, rule)


def _counts_rounded(row: Row, rule: Rule) -> Row:
    """Counts as they may leave; nobody missing is no count of anybody, and stays."""
    return row | {key: rule.count(row[key]) for key in COUNTS if row.get(key)}


def _missing_row(row: Row, rule: Rule) -> Row:
    """A row that counts outcomes missing by arm: their difference, as a share, is a count in disguise."""
    small = any(row[key] and rule.count(row[key]) is None for key in MISSING)
    follows = [key for key in FOLLOWS_FROM_MISSING if key in row] if "lower" not in row else ["trimmed"]
    return _counts_rounded(row, rule) | (dict.fromkeys(follows) if small else {})


def _share_row(row: Row, rule: Rule) -> Row:
    """A mean by month and arm: a share of its n, or a mean of hours."""
    n = row["n"]
    rounded = _counts_rounded(row, rule)
    if rule.count(n) is None:
        return rounded | {"mean": None}
    return rounded if row["outcome"] in UNITS else rounded | {"mean": rule.share(row["mean"], n)}


def _baseline_row(row: Row, arms: Mapping[str, int], rule: Rule) -> Row:
    """A row of the baseline table: the arms' shares (treated, control), and what follows from them."""
    rounded = _counts_rounded(row, rule)
    if row["variable"] in UNITS:
        return rounded
    shares = {arm: rule.share(row[arm], n) for arm, n in arms.items()}
    first, second = shares.values()
    if first is None or second is None:
        return rounded | dict.fromkeys(shares) | dict.fromkeys(FOLLOWS_FROM_SHARES)
    return rounded | shares | {"difference": second - first}


def _drawn(spec: Mapping[str, Any] | None, rows: Sequence[Row]) -> dict[str, Any] | None:
    """A figure's specification with the disclosed numbers in its data, which stand in the order of the rows."""
    if spec is None:
        return None
    values = [_point(value, row) for value, row in zip(spec["data"]["values"], rows, strict=True)]
    return {**spec, "data": {"values": values}}


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
    """Numbers of persons under a finding (n_<arm>, joint_n) are counts as well."""
    counts: dict[str, Any] = {
        key: rule.count(value) for key, value in notes.items() if key.startswith("n_") or key == "joint_n"
    }
    if "joint_df" in notes:
        counts |= {"joint_df": [notes["joint_df"][0], rule.count(notes["joint_df"][1])]}
    return {**notes, **counts}
