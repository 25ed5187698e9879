"""What a measure costs, held against what it gives (Proba 2020, chapter 6)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers
from evaluation.shares import require_columns

POSITIVE: Final = ("total_cost", "participant_months", "months_in_first_year", "result")
OPTIONAL: Final = ("transaction_cost", "result_se")  # no cost a participant; not known how sure the result is
COMPARED: Final = (
    *("measure", "cost_per_month_ratio", "first_year_ratio", "first_year_extra", "result_difference", "result_ratio"),
    *("cost_per_result", "ci_low", "ci_high", "reason"),
)


@dataclass(frozen=True)
class CostEffectiveness:
    """`table`: what each measure costs. `comparison`: every other measure against the reference."""

    table: pd.DataFrame
    comparison: pd.DataFrame


def cost_effectiveness(measures: pd.DataFrame, *, reference: str) -> CostEffectiveness:
    """Cost a participant month and in the first year, and what one more result costs.

    Args:
        measures: one row a measure: measure, total_cost (NOK), participant_months, months_in_first_year (mean months
            in the measure in the first year), result (share from 0 to 1 with the result, such as in work), and
            optionally transaction_cost (NOK a participant, e.g. of a tender; 0 if left out) and result_se (standard
            error of the share).
        reference: the measure that the others are held against.

    Returns:
        table: measure, cost_per_month, first_year, transaction_cost, first_year_total (NOK a participant), result.
        comparison: measure, cost_per_month_ratio and first_year_ratio (1.36 is 36 per cent dearer), first_year_extra
        (NOK), result_difference (share), result_ratio, cost_per_result (NOK for each further person with the result),
        ci_low, ci_high (95 %, from the uncertainty of the results), reason. Where the results may be the same, no
        interval of a ratio is finite: it is missing with the reason `result_may_be_the_same`; `no_se` without
        result_se.

    Raises:
        EvaluationError: `unknown_measure`, `duplicate_measure`, `not_a_number`, `not_positive`, `bad_option` for a
            result that is no share.
    """
    require_columns(measures, ["measure", *POSITIVE])
    if reference not in list(measures["measure"]):
        raise EvaluationError("unknown_measure", f"no measure is called {reference}")
    if not measures["measure"].is_unique:
        raise EvaluationError("duplicate_measure", "each measure has one row")
    table = _costs(_checked(measures))
    base = table[table["measure"] == reference].iloc[0]
    rows = [_against(base, row) for _place, row in table.iterrows() if row["measure"] != reference]
    return CostEffectiveness(table.drop(columns="result_se"), pd.DataFrame(rows, columns=list(COMPARED)))


def _checked(measures: pd.DataFrame) -> pd.DataFrame:
    given = {name: as_numbers(measures[name]) for name in (*POSITIVE, *OPTIONAL) if name in measures}
    told = pd.DataFrame({"measure": measures["measure"], "transaction_cost": 0.0, "result_se": np.nan} | given)
    for name in POSITIVE:
        if not (told[name] > 0).all():
            raise EvaluationError("not_positive", f"{name} must be above 0 for every measure")
    for name in OPTIONAL:
        if (told[name] < 0).any() or (name == "transaction_cost" and told[name].isna().any()):
            raise EvaluationError("not_positive", f"{name} must be 0 or more for every measure")
    if (told["result"] > 1).any():
        raise EvaluationError("bad_option", "result is a share from 0 to 1, not per cent")
    return told


def _costs(measures: pd.DataFrame) -> pd.DataFrame:
    per_month = measures["total_cost"] / measures["participant_months"]
    first_year = per_month * measures["months_in_first_year"]
    return pd.DataFrame(
        {
            "measure": measures["measure"],
            "cost_per_month": per_month,
            "first_year": first_year,
            "transaction_cost": measures["transaction_cost"],
            "first_year_total": first_year + measures["transaction_cost"],
            "result": measures["result"],
            "result_se": measures["result_se"],
        }
    )


def _against(base: pd.Series, row: pd.Series) -> dict[str, object]:
    extra = float(row["first_year_total"] - base["first_year_total"])
    gain = float(row["result"] - base["result"])
    low, high, reason = _interval(extra, gain, float(np.hypot(row["result_se"], base["result_se"])))
    return {
        "measure": row["measure"],
        "cost_per_month_ratio": float(row["cost_per_month"] / base["cost_per_month"]),
        "first_year_ratio": float(row["first_year_total"] / base["first_year_total"]),
        "first_year_extra": extra,
        "result_difference": gain,
        "result_ratio": float(row["result"] / base["result"]),
        "cost_per_result": extra / gain if gain else np.nan,
        "ci_low": low,
        "ci_high": high,
        "reason": reason,
    }


def _interval(extra: float, gain: float, se: float) -> tuple[float, float, str]:
    """The ratio's interval follows from the gain's, as long as that does not hold 0."""
    if np.isnan(se):
        return np.nan, np.nan, "no_se"
    reach = float(stats.norm.ppf(0.975)) * se
    if abs(gain) <= reach:
        return np.nan, np.nan, "result_may_be_the_same"
    ends = sorted((extra / (gain - reach), extra / (gain + reach)))
    return ends[0], ends[1], ""
