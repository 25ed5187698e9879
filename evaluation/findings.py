"""A finding: one table or figure with its numbers, its title in both languages, and what must stand under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from evaluation.arms import treated_arm


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


def arm_order(arms: pd.Series, control: str) -> list[str]:
    """The arms as figures list them: the treated one first."""
    return [treated_arm(arms, control), control]
