"""The funnel plot: effects against their standard errors, with the room that chance alone would fill."""

from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.findings import Finding, plain_rows
from evaluation.labels import MARK, both
from evaluation.review.meta import MetaAnalysis, study_names
from evaluation.review.small_studies import TrimAndFill

COLUMNS: Final = ("kind", "study", "effect", "se")
TITLE: Final = both("Traktdiagram", "Funnel plot")
REACH: Final = 1.959964


def funnel_plot(
    studies: pd.DataFrame, found: MetaAnalysis, *, filled: TrimAndFill | None = None, name: str = "funnel"
) -> Finding:
    """Draw a review's funnel.

    Args:
        studies: the rows that `found` was made from.
        found: the meta-analysis; its sum is the middle of the funnel.
        filled: what `trim_and_fill` added, drawn hollow.

    Returns:
        A figure whose rows are kind (study, filled, limit), study, effect (ratios as ratios), se (additive scale).
        Limits are the corners of the triangle that holds 95 % of studies with one effect.
    """
    sizes = found.rule.sizes(studies)[1]
    parts = [pd.DataFrame({"kind": "study", "study": study_names(sizes.studies), "y": sizes.y, "se": sizes.v**0.5})]
    parts[0]["effect"] = found.rule.back(parts[0].pop("y"))
    if filled is not None:
        parts.append(filled.filled[["effect", "se"]].assign(kind="filled", study=None))
    parts.append(_limits(found, 1.05 * max(part["se"].max() for part in parts if len(part))))
    rows = plain_rows(pd.concat([part for part in parts if len(part)], ignore_index=True), COLUMNS)
    values = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    return Finding(name, "figure", TITLE, COLUMNS, rows, _spec(values, found), {"convention": found.convention})


def _limits(found: MetaAnalysis, widest: float) -> pd.DataFrame:
    middle = np.log(found.pooled.estimate) if found.rule.ratio else found.pooled.estimate
    se = np.array([widest, 0.0, widest])
    effect = found.rule.back(middle + REACH * se * np.array([-1, 0, 1]))
    return pd.DataFrame({"kind": "limit", "study": None, "effect": effect, "se": se})


def _spec(values: list[dict[str, Any]], found: MetaAnalysis) -> dict[str, Any]:
    scale = {"type": "log"} if found.rule.ratio else {"zero": False}
    axis = {"tickCount": 5, "format": "~g", "labelExpr": "replace(datum.label, '.', comma)"}
    shared = {"type": "quantitative", "axis": axis}
    across = {"field": "effect", "title": MARK + found.measure, "scale": scale} | shared
    down = {"field": "se", "title": f"{MARK}se", "scale": {"reverse": True, "zero": True, "nice": False}} | shared
    tips = [{"field": key, "title": MARK + key} for key in ("study", "effect", "se")]
    dots = {"x": across, "y": down, "tooltip": tips}
    return {
        "params": [{"name": "comma", "value": f"{MARK}decimal_sign"}],
        "data": {"values": values},
        "width": 420,
        "height": 280,
        "layer": [
            {
                "transform": [{"filter": "datum.kind === 'limit'"}],
                "mark": {"type": "line", "strokeDash": [4, 4], "opacity": 0.7},
                "encoding": {"x": across, "y": down, "order": {"field": "effect"}},
            },
            {
                "transform": [{"filter": "datum.kind === 'limit' && datum.se === 0"}],
                "mark": {"type": "rule", "opacity": 0.5},
                "encoding": {"x": across},
            },
            *(
                {
                    "transform": [{"filter": f"datum.kind === '{kind}'"}],
                    "mark": {"type": "point", "filled": kind == "study", "size": 60, "opacity": 1},
                    "encoding": dots,
                }
                for kind in ("study", "filled")
            ),
        ],
    }
