"""The forest plot: one line a study with its interval and weight, a diamond for every sum, a bar for the next study."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.findings import Finding, plain_rows
from evaluation.labels import MARK, both
from evaluation.review.meta import MetaAnalysis
from evaluation.review.pooling import Pooled

Spec = dict[str, Any]

COLUMNS: Final = (
    "row", "kind", "study", "subgroup", "effect", "ci_low", "ci_high", "weight", "studies", "tau2", "i2", "reason",
)  # fmt: skip
ROW_HEIGHT: Final = 24
PLOT_WIDTH: Final = 300
JOINED: Final = ("earlier_trials", "this_trial")  # the subgroups that `joining` makes
WIDEST_RATIO: Final = 50.0  # a longer interval is cut at the edge of the panel, as is usual; the text gives it whole
# Texts beside the plot. `comma` is the reader's decimal sign.
NUMBER: Final = "replace(format({}, '.2f'), '.', comma)"
INTERVAL: Final = " + ".join(["'['", NUMBER.format("datum.ci_low"), "'; '", NUMBER.format("datum.ci_high"), "']'"])
EFFECT: Final = f"isValid(datum.effect) ? {NUMBER.format('datum.effect')} + ' ' : ''"
BESIDE: Final[Mapping[str, Spec]] = {
    "study": {"width": 200, "align": "left", "text": "datum.study"},
    "weight": {
        "width": 60,
        "align": "right",
        "text": "datum.weight > 0 ? " + NUMBER.replace(".2f", ".1f").format("100 * datum.weight") + " : ''",
    },
    "effect_ci": {"width": 150, "align": "right", "text": f"isValid(datum.ci_low) ? ({EFFECT}) + {INTERVAL} : ''"},
}


def forest_plot(found: MetaAnalysis, *, title: Mapping[str, str] | None = None, name: str = "forest") -> Finding:
    """Draw a meta-analysis: studies (within their subgroups), sums as diamonds, the prediction interval as a bar.

    Args:
        found: what `meta_analysis` found, with or without subgroups.
        title: nb and en; by default the measure's.
        name: the finding's name, which its files get.

    Returns:
        A figure whose rows are row (from the top), kind (heading, study, sum, total, prediction), study, subgroup,
        effect, ci_low, ci_high (ratios as ratios), weight (share of 1), studies, tau2, i2, reason.
    """
    rows = plain_rows(_lines(found), COLUMNS)
    values = [dict(zip(COLUMNS, row, strict=True)) | {"study": _marked(row[1], row[2])} for row in rows]
    title = title or both("Metaanalyse", "Meta-analysis")
    return Finding(name, "figure", title, COLUMNS, rows, _spec(values, found), _notes(found))


def _lines(found: MetaAnalysis) -> pd.DataFrame:
    lines: list[Spec] = []
    for group, studies in found.table.groupby("subgroup", sort=False):
        if found.subgroups:
            lines.append({"kind": "heading", "study": group})
        lines += studies.assign(kind="study").to_dict("records")  # type: ignore[arg-type]
        if group in found.subgroups:  # one in which no study has an effect has no sum
            lines.append(_sum("sum", found.rule.model, found.subgroups[str(group)]) | {"subgroup": group})
    lines.append(_sum("total", found.rule.model, found.pooled))
    if np.isfinite(found.pooled.prediction).all():
        low, high = found.pooled.prediction
        lines.append({"kind": "prediction", "study": "prediction_interval", "ci_low": low, "ci_high": high})
    return pd.DataFrame(lines, columns=list(COLUMNS)).assign(row=range(len(lines)))


def _sum(kind: str, model: str, pooled: Pooled) -> Spec:
    numbers = {"ci_low": pooled.ci_low, "ci_high": pooled.ci_high, "tau2": pooled.tau2, "i2": pooled.i2}
    return {
        "kind": kind,
        "study": f"{model}_effects_{kind}",
        "effect": pooled.estimate,
        "studies": pooled.studies,
    } | numbers


def _marked(kind: str, study: Any) -> str:
    """Sums, the prediction interval and a joined trial's headings are words of ours; the rest is the review's own."""
    ours = kind in ("sum", "total", "prediction") or (kind == "heading" and study in JOINED)
    return MARK + str(study) if ours else str(study)


def _notes(found: MetaAnalysis) -> dict[str, Any]:
    pooled = found.pooled
    facts = {"convention": found.convention, "q": pooled.q, "q_df": pooled.q_df, "q_p": pooled.q_p, "i2": pooled.i2}
    facts |= {"tau2": pooled.tau2, "between_p": found.between.get("p")}
    return {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in facts.items()}


def _spec(values: list[Spec], found: MetaAnalysis) -> Spec:
    size = {"height": ROW_HEIGHT * len(values)}
    down = _Down(len(values))
    beside = {name: _texts(name, down, **column) | size for name, column in BESIDE.items()}
    plot = {"width": PLOT_WIDTH, "layer": _layers(found, down)} | size
    return {
        "params": [{"name": "comma", "value": f"{MARK}decimal_sign"}],
        "data": {"values": values},
        "spacing": 8,
        "hconcat": [beside["study"], plot, beside["weight"], beside["effect_ci"]],
    }


@dataclass(frozen=True)
class _Down:
    """The vertical axis: rows from the top, as numbers, so that a diamond can reach above and below its own."""

    rows: int

    def __call__(self, field: str = "row") -> Spec:
        scale = {"domain": [-0.5, self.rows - 0.5], "reverse": True, "nice": False, "zero": False}
        return {"field": field, "type": "quantitative", "axis": None, "scale": scale}


def _texts(name: str, down: _Down, *, width: int, align: str, text: str) -> Spec:
    """A column of texts beside the plot; headings and sums are bold."""
    encoding = {"x": {"value": width if align == "right" else 0}, "y": down(), "text": {"field": "text"}}
    weights = {"normal": "datum.kind === 'study'", "bold": "datum.kind !== 'study'"}
    return {
        "title": {"text": MARK + name, "anchor": "end" if align == "right" else "start", "fontSize": 11},
        "width": width,
        "transform": [{"calculate": text, "as": "text"}],
        "layer": [
            {
                "transform": [{"filter": rows}],
                "mark": {"type": "text", "align": align, "limit": width, "fontWeight": weight},
                "encoding": encoding,
            }
            for weight, rows in weights.items()
        ],
    }


def _layers(found: MetaAnalysis, down: _Down) -> list[Spec]:
    """No effect, intervals, squares as large as the weights, diamonds, and the prediction interval."""
    across = _across(found)
    ends = {"x": across("ci_low"), "x2": {"field": "ci_high"}, "y": down()}
    tips = {"tooltip": [{"field": key, "title": MARK + key} for key in ("study", "effect", "ci_low", "ci_high")]}
    point = {"x": across("effect"), "y": down(), **tips}
    area = {"field": "weight", "type": "quantitative", "legend": None, "scale": {"range": [12, 260], "zero": True}}
    return [
        {"mark": {"type": "rule", "opacity": 0.5}, "encoding": {"x": {"datum": found.rule.nothing}}},
        {"transform": [_only("study")], "mark": {"type": "rule", "clip": True}, "encoding": ends},
        {
            "transform": [_only("study"), {"filter": "datum.weight > 0"}],
            "mark": {"type": "point", "shape": "square", "filled": True, "opacity": 1, "clip": True},
            "encoding": {**point, "size": area},
        },
        _diamonds(across, down),
        {
            "transform": [_only("prediction")],
            "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.6, "clip": True},
            "encoding": ends,
        },
    ]


def _diamonds(across: "Across", down: _Down) -> Spec:
    """Each sum's interval from end to end, thickest at the estimate."""
    corners = {
        "px": "[datum.ci_low, datum.effect, datum.ci_high, datum.effect]",
        "py": "[datum.row, datum.row - 0.32, datum.row, datum.row + 0.32]",
        "corner": "[0, 1, 2, 3]",
    }
    return {
        "transform": [
            _only("sum", "total"),
            *({"calculate": places, "as": name} for name, places in corners.items()),
            {"flatten": list(corners)},
        ],
        "mark": {"type": "line", "interpolate": "linear-closed", "filled": True, "clip": True},
        "encoding": {
            "x": across("px"),
            "y": down("py"),
            "detail": {"field": "row"},
            "order": {"field": "corner", "type": "quantitative"},
        },
    }


def _only(*kinds: str) -> Spec:
    return {"filter": {"field": "kind", "oneOf": list(kinds)}}


Across = Callable[[str], Spec]


def _across(found: MetaAnalysis) -> Across:
    """The horizontal axis: logarithmic for ratios, wide enough for no effect and every interval that is not endless."""
    told = found.table[found.table["weight"] > 0]
    low = float(np.nanmin([*told["ci_low"], found.pooled.prediction[0]]))
    high = float(np.nanmax([*told["ci_high"], found.pooled.prediction[1]]))
    low, high = min(low, found.rule.nothing), max(high, found.rule.nothing)
    if found.rule.ratio:
        low, high = max(low, 1 / WIDEST_RATIO), min(high, WIDEST_RATIO)
    scale = {"type": "log" if found.rule.ratio else "linear", "domain": [low, high], "nice": False}
    axis = {"tickCount": 5, "format": "~g", "labelExpr": "replace(datum.label, '.', comma)"}
    return lambda name: {
        "field": name,
        "type": "quantitative",
        "title": MARK + found.measure,
        "scale": scale,
        "axis": axis,
    }
