"""How numbers are written: decimals of the paper, and in which unit a table's numbers are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from evaluation.labels import UNITS

DECIMALS: Final[Mapping[str, int]] = {
    "share": 1,
    "months": 1,
    "years": 1,
    "hours_per_week": 1,
    "hours_total": 0,
    "nok": 0,
    "coefficient": 5,
    "ratio": 2,
    "standard_deviations": 2,
}
IN_MONTHS: Final = frozenset(
    {"table-2", "adjusted", "subgroups", "differences", "compliers", "weighted", "bounds", "precision", "randomisation"}
)
"""Tables whose effects are months in a state, unless the outcome has a unit of its own; else they are shares."""
OF_TABLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("table-4-3", "table-4-4", "table-4-5", "table-4-6", "table-4-7", "table-v1", "table-v1-terms"), "coefficient"
    ),
    **dict.fromkeys(("table-6-1", "table-6-2", "table-6-3"), "nok"),
    **dict.fromkeys(("variants", "weighted-difference", "oster"), "coefficient"),
    "balance": "standard_deviations",
    **dict.fromkeys(("questionnaire-2", "questionnaire-3", "questionnaire-4", "questionnaire-5"), "ratio"),
    **dict.fromkeys(("selection", "earlier-trials", "summary-of-findings"), "ratio"),
}
"""Tables of comparisons and reviews, whose numbers all have one unit."""
ALWAYS_SHARES: Final = (
    "result_difference",
    "moved",
    "trimmed",
    "coverage",
    "power",
    "power_low",
    "power_high",
    "closed_form",
    "guess_share",
    "certain_share",
    "run_out",
)
PLAIN: Final[Mapping[str, int]] = {
    "t": 2,
    "F": 2,
    "smd": 2,
    "p": 3,
    "adjusted_p": 3,
    "interaction_p": 3,
    "p_band": 3,
    "p_max_t": 3,
    "p_equivalence": 3,
    "critical": 2,
    "first_stage_f": 1,
    "icc": 3,
    "design_effect": 2,
    "df": 1,
    "power_se": 3,
    "multiple": 2,
    "imbalance_sd": 2,
    **dict.fromkeys(("truth", "mean_estimate", "bias", "bias_se", "sd", "mean_se"), 2),
    "z": 2,
    "r2": 3,
    "tau2": 3,
    "delta": 2,
    **dict.fromkeys(("months_in_first_year", "cost_per_month_ratio", "first_year_ratio", "result_ratio"), 2),
    **dict.fromkeys(
        (
            "n",
            "missing",
            "month",
            "df1",
            "df2",
            "level",
            "draws",
            "trials",
            "failed",
            "units",
            "rows",
            "drawn_persons",
            "treated_n",
            "control_n",
            "treated_missing",
            "control_missing",
            "studies",
            "participants",
            "control_per_1000",
            "treated_per_1000",
            "treated_low",
            "treated_high",
            "model",
            "coefficients",
            "clusters",
            "asked",
            "answered",
            "first_n",
            "second_n",
            "left_out",
            "participant_months",
        ),
        0,
    ),
}
TEXTS: Final = (
    "variable",
    "outcome",
    "arm",
    "subgroup",
    "reason",
    "step",
    "register",
    "stratum",
    "bounds",
    "window",
    "verdict",
    "review",
    "measure",
    "effect_measure",
    "certainty",
    "kind",
    "at",
    "term",
    "added",
    "estimator",
    "sample",
    "start",
    "stars",
    "wave",
    "group",
    "test",
    "size",
    "predictor",
    "first",
    "second",
)


def unit_of(table: str, row: Mapping[str, Any], column: str) -> str:
    """The unit of a number in a table: that of its row's variable or outcome, else the table's own."""
    if column in ALWAYS_SHARES:
        return "share"
    subject = str(row.get("variable") or row.get("outcome") or "")
    if table == "attrition":
        return "share"
    return OF_TABLES.get(table) or UNITS.get(subject, "months" if table in IN_MONTHS else "share")


def told_columns(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns that say something: why numbers are missing is shown only where some are."""
    return tuple(key for key in columns if key != "reason" or any(row[key] for row in rows))
