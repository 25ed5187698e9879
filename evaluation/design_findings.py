"""A design's study as tables and figures: power curve, spread of the estimates, and how well draws can be foreseen."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.design_study import DesignStudy
from evaluation.figures import PANEL_HEIGHT, PANEL_WIDTH, Spec
from evaluation.findings import Finding, Results, plain_rows
from evaluation.labels import MARK, both

POWER: Final = (
    *("outcome", "effect", "truth", "mean", "bias", "bias_se", "sd", "mean_se"),
    *("coverage", "power", "power_se", "closed_form", "trials", "failed"),
)
FORESEEN: Final = ("stratum", "draws", "guess_share", "certain_share", "imbalance_sd", "run_out")
BINS: Final = (8, 40)


def design_results(study: DesignStudy) -> Results:
    """The findings of a study, to be written by `write_results`: two tables and three figures.

    The manifest's check is the largest distance between simulated and closed-form power, in standard errors of the
    simulation, over effects that the t test's form is meant for.
    """
    findings = (_power_table(study), _power_figure(study), _estimates_figure(study), _foreseen(study), _guesses(study))
    design = study.design
    manifest = {
        "trial": design.name,
        "plan": design.sha256,
        "reference": "",
        "program": f"navtrial {version('navtrial')}",
        "deliveries": {},
        "persons": design.persons,
        "seed": design.seed,
        "masked": False,
        "deviations": {},
        "check": {"engine": "t test, closed form", "fits": len(study.power), "largest": _largest_distance(study)},
    }
    return Results(findings, manifest)


def _largest_distance(study: DesignStudy) -> float:
    told = study.power.dropna(subset=["closed_form"])
    formula, simulated = (told[name].to_numpy(dtype=float) for name in ("closed_form", "power"))
    spread = np.sqrt(formula * (1 - formula) / told["trials"].to_numpy(dtype=float))
    return float((np.abs(simulated - formula) / np.maximum(spread, 1e-9)).max()) if len(told) else 0.0


def _notes(study: DesignStudy) -> dict[str, Any]:
    design = study.design
    return {"covariance": design.covariance, "simulated": design.trials, "persons": design.persons}


def _power_table(study: DesignStudy) -> Finding:
    title = both("Styrke, skjevhet og dekning", "Power, bias and coverage")
    frame = study.power.rename(columns={"effect": "multiple", "mean": "mean_estimate"})
    columns = tuple({"effect": "multiple", "mean": "mean_estimate"}.get(name, name) for name in POWER)
    return Finding("design-power", "table", title, columns, plain_rows(frame, columns), notes=_notes(study))


def _power_figure(study: DesignStudy) -> Finding:
    """Power by true effect: simulated with its interval, and the closed form."""
    frame = study.power.assign(
        power_low=lambda rows: (rows["power"] - 1.96 * rows["power_se"]).clip(lower=0),
        power_high=lambda rows: (rows["power"] + 1.96 * rows["power_se"]).clip(upper=1),
    )
    columns = ("outcome", "truth", "power", "power_low", "power_high", "closed_form")
    rows = plain_rows(frame, columns)
    values = [dict(zip(columns, row, strict=True)) | {"outcome": MARK + row[0]} for row in rows]
    x = {"field": "truth", "type": "quantitative", "title": MARK + "truth"}
    y = {"field": "power", "type": "quantitative", "title": MARK + "power", "scale": {"domain": [0, 1]}}
    layers: list[Mapping[str, Any]] = [
        {
            "mark": {"type": "rule"},
            "encoding": {"x": x, "y": y | {"field": "power_low"}, "y2": {"field": "power_high"}},
        },
        {"mark": {"type": "point", "filled": True}, "encoding": {"x": x, "y": y, "tooltip": _tips(columns[1:])}},
        {"mark": {"type": "line", "strokeDash": [4, 4]}, "encoding": {"x": x, "y": y | {"field": "closed_form"}}},
    ]
    title = both("Styrke etter virkelig effekt", "Power by true effect")
    return Finding("power-curve", "figure", title, columns, rows, _panels(values, layers), _notes(study))


def _estimates_figure(study: DesignStudy) -> Finding:
    """How the estimates of the simulated trials spread: their share in each bin, by true effect."""
    made = study.estimates.dropna(subset=["estimate"])
    parts = [
        _binned(found, made[made["outcome"] == outcome]["estimate"]).assign(
            outcome=str(outcome), multiple=f"{effect:g}"
        )
        for (outcome, effect), found in made.groupby(["outcome", "effect"], sort=False)
    ]
    columns = ("outcome", "multiple", "estimate", "share")
    rows = plain_rows(pd.concat(parts, ignore_index=True), columns) if parts else ()
    values = [dict(zip(columns, row, strict=True)) | {"outcome": MARK + row[0]} for row in rows]
    colour = {
        "field": "multiple",
        "type": "nominal",
        "title": MARK + "multiple",
        "legend": {"orient": "top", "titleLimit": 0},
    }
    line = {
        "mark": {"type": "line", "interpolate": "step"},
        "encoding": {
            "x": {"field": "estimate", "type": "quantitative", "title": MARK + "estimate"},
            "y": {"field": "share", "type": "quantitative", "title": MARK + "share_of_trials"},
            "color": colour,
            "strokeDash": colour,
        },
    }
    title = both("Anslagenes spredning", "The spread of the estimates")
    return Finding("estimates", "figure", title, columns, rows, _panels(values, [line]), _notes(study))


def _binned(found: pd.DataFrame, of_all: pd.Series) -> pd.DataFrame:
    """Shares in bins that the effects have in common; fewer bins for fewer trials."""
    bins = int(np.clip(np.sqrt(len(found)), *BINS))
    counts, edges = np.histogram(found["estimate"], bins=bins, range=(of_all.min(), of_all.max()))
    return pd.DataFrame({"estimate": (edges[:-1] + edges[1:]) / 2, "share": counts / counts.sum()})


def _foreseen(study: DesignStudy) -> Finding:
    rows = tuple(
        (stratum or "everyone", one.draws, one.guess_share, one.certain_share, one.imbalance_sd, one.run_out)
        for stratum, one in study.foreseen.items()
    )
    title = both("Hvor godt trekningene kan forutses", "How well the draws can be foreseen")
    return Finding("foreseen", "table", title, FORESEEN, rows, notes={})


def _guesses(study: DesignStudy) -> Finding:
    columns = ("stratum", "draw", "guess", "certain")
    rows = tuple(
        (stratum or "everyone", draw, guess, certain)
        for stratum, one in study.foreseen.items()
        for draw, (guess, certain) in enumerate(zip(one.guess_by_draw, one.certain_by_draw, strict=True), start=1)
    )
    values = [
        {"stratum": row[0] if row[0] != "everyone" else MARK + row[0], "draw": row[1], "guess": row[2]} for row in rows
    ]
    colour = {"field": "stratum", "type": "nominal", "title": None}
    spec: Spec = {
        "data": {"values": values},
        "width": 2 * PANEL_WIDTH,
        "height": PANEL_HEIGHT,
        "mark": {"type": "line"},
        "encoding": {
            "x": {"field": "draw", "type": "quantitative", "title": MARK + "draw"},
            "y": {
                "field": "guess",
                "type": "quantitative",
                "title": MARK + "guess",
                "scale": {"domain": [0, 1]},
            },
            "color": colour,
            "strokeDash": colour,
        },
    }
    title = both("Sjansen for å gjette neste gruppe", "The chance of guessing the next arm")
    return Finding("guesses", "figure", title, columns, rows, spec, {})


def _panels(values: list[dict[str, Any]], layers: list[Mapping[str, Any]]) -> Spec:
    """One panel an outcome."""
    outcomes = list(dict.fromkeys(value["outcome"] for value in values))
    return {
        "data": {"values": values},
        "columns": 2,
        "concat": [
            {
                "title": outcome,
                "width": PANEL_WIDTH,
                "height": PANEL_HEIGHT,
                "transform": [{"filter": {"field": "outcome", "equal": outcome}}],
                "layer": layers,
            }
            for outcome in outcomes
        ],
    }


def _tips(names: tuple[str, ...]) -> list[Spec]:
    return [{"field": name, "type": "quantitative", "title": MARK + name, "format": ".3f"} for name in names]
