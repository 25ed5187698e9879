"""The risk-of-bias table of a review: one light a study and domain, told by sign as well as by colour."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.findings import Finding
from evaluation.labels import MARK, both

DOMAINS: Final = (
    "random_sequence",
    "allocation_concealment",
    "blinding_of_participants",
    "blinding_of_assessment",
    "incomplete_outcome_data",
    "selective_reporting",
    "other_bias",
)  # Cochrane's tool of 2011
SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "low_risk": ("+", "#06893a"),
    "unclear_risk": ("?", "#c77300"),
    "high_risk": ("–", "#a13a28"),
}
COLUMNS: Final = ("study", "domain", "judgement")
CELL: Final = 34
TITLE: Final = both("Risiko for skjevhet", "Risk of bias")


def risk_of_bias(judgements: pd.DataFrame, *, name: str = "risk-of-bias") -> Finding:
    """Draw the lights of all studies.

    Args:
        judgements: one row a study with `study` and any of DOMAINS, each low_risk, unclear_risk or high_risk.

    Returns:
        A figure whose rows are study, domain, judgement, in the order given.

    Raises:
        EvaluationError: `no_domains`; `bad_judgement` naming study and domain.
    """
    domains = [domain for domain in DOMAINS if domain in judgements]
    if not domains or "study" not in judgements:
        raise EvaluationError("no_domains", f"name the study and judge at least one of {', '.join(DOMAINS)}")
    rows = tuple(
        (str(judged["study"]), domain, _checked(judged, domain))
        for judged in judgements.to_dict("records")
        for domain in domains
    )
    return Finding(name, "figure", TITLE, COLUMNS, rows, _spec(rows, domains), {"domains": domains})


def _checked(judged: Mapping[Any, Any], domain: str) -> str:
    judgement = judged[domain]
    if judgement not in SIGNS:
        sentence = f"{judged['study']}, {domain}: {judgement!r} is none of {', '.join(SIGNS)}"
        raise EvaluationError("bad_judgement", sentence)
    return str(judgement)


def _spec(rows: tuple[tuple[str, str, str], ...], domains: list[str]) -> dict[str, Any]:
    values = [
        {"study": study, "domain": MARK + domain, "judgement": MARK + judgement, "sign": SIGNS[judgement][0]}
        for study, domain, judgement in rows
    ]
    studies = list(dict.fromkeys(study for study, _, _ in rows))
    across = {"labelAngle": -40, "orient": "top", "labelLimit": 260}
    place: dict[str, Any] = {
        "x": {
            "field": "domain",
            "type": "nominal",
            "sort": [MARK + name for name in domains],
            "title": None,
            "axis": across,
        },
        "y": {"field": "study", "type": "nominal", "sort": studies, "title": None, "axis": {"labelLimit": 240}},
    }
    colours = {"domain": [MARK + key for key in SIGNS], "range": [colour for _, colour in SIGNS.values()]}
    legend = {"field": "judgement", "type": "nominal", "scale": colours, "title": None, "legend": {"orient": "bottom"}}
    tips = [{"field": key, "title": MARK + key} for key in COLUMNS]
    return {
        "data": {"values": values},
        "width": {"step": CELL},
        "height": {"step": CELL},
        "encoding": place,
        "layer": [
            {
                "mark": {"type": "circle", "size": 560, "opacity": 1},
                "encoding": {"color": legend, "tooltip": tips},
            },
            {
                "mark": {"type": "text", "fontSize": 16, "fontWeight": "bold", "color": "white"},
                "encoding": {"text": {"field": "sign"}},
            },
        ],
    }
