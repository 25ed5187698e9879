"""A finding: one table or figure with its numbers, its title in both languages, and what must stand under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm
from evaluation.labels import both


@dataclass(frozen=True)
class Finding:
    """`rows` follow `columns` (keys; their words are in `labels`); missing numbers are None. `spec`: Vega-Lite.

    `notes` holds facts about the whole finding: covariance convention, joint tests, who was left out.
    """

    name: str
    kind: Literal["table", "figure"]
    title: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    spec: Mapping[str, Any] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": dict(self.title),
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "spec": self.spec,
            "notes": dict(self.notes),
        }


@dataclass(frozen=True)
class Results:
    """`findings` in the order of the report; `manifest` says from what and how they were made."""

    findings: tuple[Finding, ...]
    manifest: Mapping[str, Any]

    def __getitem__(self, name: str) -> Finding:
        return next(finding for finding in self.findings if finding.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Every number, as JSON knows it."""
        return {"manifest": dict(self.manifest), "findings": [finding.to_dict() for finding in self.findings]}


def plain_rows(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
    """Rows of Python numbers and texts; what is missing or infinite is None, since JSON knows neither."""
    return tuple(tuple(_plain(value) for value in row) for row in frame[list(columns)].itertuples(index=False))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def baseline_finding(table: pd.DataFrame, notes: Mapping[str, Any], control: str) -> Finding:
    """Table 1 from `baseline_table().table`."""
    treated = next(name for name in table.columns if name not in (control, *_STATISTICS))
    columns = ("variable", treated, control, *_STATISTICS)
    title = both("Tabell 1. Kjennetegn ved start", "Table 1. Characteristics at start")
    return Finding("table-1", "table", title, columns, plain_rows(table.reset_index(), columns), notes=notes)


_STATISTICS = ("difference", "se", "t", "p", "smd", "missing")


def totals_finding(totals: pd.DataFrame, notes: Mapping[str, Any]) -> Finding:
    """Table 2 from `effects_on_totals`, with adjusted p-values where the plan asks for them."""
    columns = (
        "outcome",
        "treated_mean",
        "control_mean",
        "effect",
        "se",
        "t",
        "p",
        "adjusted_p",
        "ci_low",
        "ci_high",
        "n",
    )
    title = both("Tabell 2. Effekter over hele perioden", "Table 2. Effects over the whole period")
    return Finding("table-2", "table", title, columns, plain_rows(totals, columns), notes=notes)


def adjusted_finding(adjusted: pd.DataFrame, notes: Mapping[str, Any]) -> Finding:
    """The covariate-adjusted effect on the primary outcomes."""
    columns = ("outcome", "effect", "se", "t", "p", "ci_low", "ci_high", "n")
    title = both("Justert for kjennetegn ved start", "Adjusted for characteristics at start")
    return Finding("adjusted", "table", title, columns, plain_rows(adjusted, columns), notes=notes)


def subgroups_finding(effects: pd.DataFrame, notes: Mapping[str, Any]) -> Finding:
    """The effect on the primary outcomes by subgroup, from `subgroup_effects`."""
    columns = (
        "subgroup",
        "level",
        "outcome",
        "effect",
        "se",
        "t",
        "p",
        "ci_low",
        "ci_high",
        "n",
        "interaction_p",
        "reason",
    )
    title = both("Effekt etter undergruppe", "Effect by subgroup")
    return Finding("subgroups", "table", title, columns, plain_rows(effects, columns), notes=notes)


def pre_period_finding(rows: Sequence[Mapping[str, Any]], notes: Mapping[str, Any]) -> Finding:
    """The joint tests that the arms did not differ before the start."""
    columns = ("outcome", "F", "df1", "df2", "p", "n", "reason")
    title = both("Samlet test av forskjeller før start", "Joint test of differences before the start")
    return Finding("pre-period", "table", title, columns, plain_rows(pd.DataFrame(list(rows)), columns), notes=notes)


def arm_order(arms: pd.Series, control: str) -> list[str]:
    """The arms as figures list them: the treated one first."""
    return [treated_arm(arms, control), control]
