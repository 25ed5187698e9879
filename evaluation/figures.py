"""Figures as Vega-Lite specifications: one serves the page, the report and print. Colours and fonts are the page's.

Texts that depend on the reader's language are marked (`labels.localise` fills them in). A figure has one panel an
outcome, with its unit on its own vertical axis; panels stand two abreast. The data lie at the top, in the order of the
finding's rows, so that whoever changes the rows (disclosure) can change the points with them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from evaluation.findings import Finding, plain_rows
from evaluation.labels import MARK, UNITS, both

COLUMNS: Final = 2
PANEL_HEIGHT: Final = 200
PANEL_WIDTH: Final = 300
NOT_DRAWN: Final = {"outcome", "month", "arm", "n", "p"}  # of a point: what it is of, and what only its tip tells
HIDDEN: Final = "nothing_to_draw"
Spec = dict[str, Any]

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "1": ("Nedsatt arbeidsevne og tiltak", "Reduced work capacity and measures"),
    "2": ("Arbeidspraksis, lønnstilskudd, oppfølging og opplæring", "Work practice, wage subsidy, follow-up, training"),
    "3": ("Jobb eller høyere utdanning, og arbeidstid", "Employment or higher education, and hours"),
    "4": ("Helserelaterte ytelser, med og uten jobb", "Health benefits, with and without work"),
    "5": ("Bare jobb, og ingen av delene", "Employed only, and none of the states"),
    "6": ("Effekt på jobb eller utdanning, og på arbeidstid", "Effect on employment or education, and on hours"),
    "7": ("Effekt på helserelaterte ytelser", "Effect on health benefits"),
    "8": ("Effekt på bare jobb, og på ingen av delene", "Effect on employed only, and on none of the states"),
    "V1": ("Avklaring, skjermet arbeid og andre tiltak", "Clarification, sheltered work and other measures"),
}


def shares_figure(number: str, shares: pd.DataFrame, arms: Sequence[str], notes: Mapping[str, Any]) -> Finding:
    """Lines of the arms' means by month, from `monthly_shares`."""
    return lines_figure(f"figure-{number.lower()}", _title(number), shares, arms, notes)


def lines_figure(
    name: str, title: Mapping[str, str], shares: pd.DataFrame, arms: Sequence[str], notes: Mapping[str, Any]
) -> Finding:
    """Lines of the means (shares 0-1, or hours) by month, a panel an outcome: outcome, month, arm, mean, n."""
    rows = plain_rows(shares, ("outcome", "month", "arm", "mean", "n"))
    values = [
        {"outcome": MARK + outcome, "month": month, "arm": MARK + arm, "mean": _percent(outcome, mean), "n": n}
        for outcome, month, arm, mean, n in rows
    ]
    by_arm = arm_channel(arms)
    line = {
        "mark": {"type": "line"},
        "encoding": {
            "x": _months(),
            "y": {"field": "mean", "type": "quantitative"},
            "color": by_arm,
            "strokeDash": by_arm,
            "tooltip": [_tip("month"), _tip("arm", "nominal"), _tip("mean", decimals=1), _tip("n")],
        },
    }
    columns = ("outcome", "month", "arm", "mean", "n")
    return Finding(name, "figure", title, columns, rows, _panels(values, [line, _start()], "percent"), notes)


def arm_channel(arms: Sequence[str]) -> Spec:
    """The arms by colour (and dash): said alike for both channels, so that they share one legend."""
    domain = {"domain": [MARK + arm for arm in arms]}
    return {"field": "arm", "type": "nominal", "title": None, "scale": domain, "legend": {"orient": "top"}}


def effects_figure(number: str, effects: pd.DataFrame, notes: Mapping[str, Any]) -> Finding:
    """The effect by month with its interval, from `effects_by_month`; a band of the whole curve where it has one."""
    ends = ("ci_low", "ci_high", *(name for name in ("band_low", "band_high") if name in effects))
    columns = ("outcome", "month", "effect", *ends, "p", "n", "reason")
    rows = plain_rows(effects, columns)
    values = [_effect_point(dict(zip(columns, row, strict=True)), ends) for row in rows]
    bands = [_band("ci_low", "ci_high", 0.3)]
    if "band_low" in ends:
        bands.insert(0, _band("band_low", "band_high", 0.15))
    tips = [_tip("month"), *(_tip(name, decimals=1) for name in ("effect", *ends)), _tip("n")]
    line = {
        "mark": {"type": "line"},
        "encoding": {"x": _months(), "y": {"field": "effect", "type": "quantitative"}, "tooltip": tips},
    }
    zero = {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"y": {"datum": 0}}}
    spec = _panels(values, [*bands, line, zero, _start()], "percentage_points")
    return Finding(f"figure-{number.lower()}", "figure", _title(number), columns, rows, spec, notes)


def _effect_point(row: Mapping[str, Any], ends: Sequence[str]) -> dict[str, Any]:
    scaled = {name: _percent(row["outcome"], row[name]) for name in ("effect", *ends)}
    return {"outcome": MARK + row["outcome"], "month": row["month"], "p": row["p"], "n": row["n"]} | scaled


def _band(low: str, high: str, opacity: float) -> Spec:
    return {
        "mark": {"type": "area", "opacity": opacity},
        "encoding": {
            "x": _months(),
            "y": {"field": low, "type": "quantitative"},
            "y2": {"field": high},
        },
    }


def _title(number: str) -> dict[str, str]:
    nb, en = TITLES.get(number, ("", ""))
    return both(f"Figur {number}. {nb}".rstrip(". "), f"Figure {number}. {en}".rstrip(". "))


def _panels(values: list[dict[str, Any]], layers: list[Spec], of_shares: str) -> Spec:
    """One panel an outcome; `of_shares` is the unit of those that are shares."""
    outcomes = list(dict.fromkeys(value["outcome"] for value in values))
    return {
        "data": {"values": values},
        "columns": COLUMNS,
        "concat": [_panel(outcome, layers, of_shares) for outcome in outcomes],
        "resolve": {"scale": {"color": "shared", "strokeDash": "shared"}},
    }


def _panel(outcome: str, layers: list[Spec], of_shares: str) -> Spec:
    unit = MARK + UNITS.get(outcome.removeprefix(MARK), of_shares)
    return {
        "title": outcome,
        "width": PANEL_WIDTH,
        "height": PANEL_HEIGHT,
        "transform": [{"filter": {"field": "outcome", "equal": outcome}}],
        "layer": [_titled(layer, unit) for layer in layers],
    }


def without_curve(spec: Spec) -> Spec:
    """The figure, with a line under the title of every panel in which nothing is left to draw."""
    if "concat" not in spec:
        return spec
    points = spec["data"]["values"]
    drawn = {point["outcome"] for point in points if any(point[name] is not None for name in point.keys() - NOT_DRAWN)}
    panels = [
        panel if panel["title"] in drawn else panel | {"title": {"text": panel["title"], "subtitle": MARK + HIDDEN}}
        for panel in spec["concat"]
    ]
    return {**spec, "concat": panels}


def _titled(layer: Spec, unit: str) -> Spec:
    """Every layer names the axis alike, since Vega-Lite would join different names."""
    encoding = layer["encoding"]
    return {**layer, "encoding": encoding | {"y": encoding["y"] | {"title": unit}}} if "y" in encoding else layer


def _months() -> Spec:
    return {
        "field": "month",
        "type": "quantitative",
        "title": MARK + "month",
        "scale": {"nice": False},
        "axis": {"values": [-36, -24, -12, 0, 12, 24, 36], "labelOverlap": False},
    }


def _start() -> Spec:
    """A line where the trial began for everyone."""
    return {"mark": {"type": "rule", "opacity": 0.5}, "encoding": {"x": {"datum": 0}}}


def _tip(name: str, kind: str = "quantitative", decimals: int = 0) -> Spec:
    tip = {"field": name, "type": kind, "title": MARK + name}
    return tip | ({"format": f".{decimals}f"} if kind == "quantitative" else {})


def _percent(outcome: str, value: float | None) -> float | None:
    """Shares are drawn in per cent; hours as they are."""
    return value if value is None or outcome in UNITS else 100 * value
