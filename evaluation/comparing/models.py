"""The linear probability models of a comparison: step by step, with AAP, by age, and for other outcomes.

Every model has office and year-month effects and the municipality's unemployment unless it says otherwise; standard
errors are clustered on office with Stata's factors.
"""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.linear_models import LinearModel, linear_probability
from evaluation.nesting import NestedModels, nested_models

TIME: Final = ("year_month", "unemployment")
DIAGNOSIS: Final = ("diagnosis",)
PERSONAL: Final = (
    "age",
    "age_squared",
    "women",
    "immigrant",
    "education",
    "employed_at_start",
    "months_employed",
    "reduced_capacity",
)
OFFICE: Final = ("office",)
# The numbers of table V1 came to us without what each step adds; table 4.4 tells which one AAP is. That model is AAP,
# time and office without anything else of the person: its R² of 0.157 and mean difference of 0.039 are those of step 3
# (0.135 and 0.0397) with office effects, which add 0.018 to R² at the end. What else people are must then be step 4, at
# which the coefficient falls to 0.0185. Time before AAP is a guess: step 2 moves little.
STEPS: Final = ((), TIME, DIAGNOSIS, PERSONAL, OFFICE)
OUTCOMES: Final = ("employed", "unsubsidised", "later", "both", "at_least_min_hours", "any_job")
YOUNG: Final = 30


def step_by_step(people: pd.DataFrame, outcome: str = "employed") -> NestedModels:
    """Table V1: the treatment alone; with time; with diagnosis; with who else people are; with office effects."""
    return nested_models(people, outcome=outcome, treatment="treated", steps=STEPS, cluster="office")


def full_model(people: pd.DataFrame, outcome: str = "employed") -> LinearModel:
    """Table 4.3: everything at once."""
    return _fit(people, outcome, [*DIAGNOSIS, *PERSONAL])


def with_aap(people: pd.DataFrame, outcome: str = "employed") -> dict[str, Any]:
    """Table 4.4: the effect among those without AAP, its difference for those with, and their sum with its own error.

    Returns:
        rows: term (treated, treated:aap, with_aap), estimate, se, t, p, ci_low, ci_high; `r2`, `n`, `mean`.
    """
    model = _fit(people, outcome, ["aap"], interactions=["aap"])
    asked = model.table[model.table["term"].isin(["treated", "treated:aap"])]
    together = {"term": "with_aap"} | model.combination({"treated": 1, "treated:aap": 1})
    rows = pd.concat([asked, pd.DataFrame([together])], ignore_index=True)
    return {"rows": rows, "r2": model.r2, "n": model.n, "mean": model.mean}


def by_age(people: pd.DataFrame, outcome: str = "employed") -> dict[str, dict[str, Any]]:
    """Table 4.5: the same for those under thirty and for the others."""
    young = people["age"] < YOUNG
    return {"under_30": with_aap(people[young], outcome), "30_or_more": with_aap(people[~young], outcome)}


def variants(people: pd.DataFrame, outcomes: Sequence[str] = OUTCOMES) -> pd.DataFrame:
    """The full model's treatment coefficient for each way of being in work.

    Returns:
        outcome, estimate, se, t, p, ci_low, ci_high, mean, r2, n, reason: an outcome that cannot be estimated has its
        reason and no numbers.
    """
    return pd.DataFrame([_variant(people, outcome) for outcome in outcomes])


def _variant(people: pd.DataFrame, outcome: str) -> dict[str, Any]:
    try:
        model = full_model(people, outcome)
    except EvaluationError as error:
        if error.code not in ("no_variance", "too_few"):
            raise
        return {"outcome": outcome, "reason": error.code}
    told: dict[str, Any] = {"outcome": outcome, "mean": model.mean, "r2": model.r2, "n": model.n, "reason": ""}
    row = model.table.set_index("term").loc["treated"]
    return told | {str(name): value for name, value in row.items()}


def _fit(people: pd.DataFrame, outcome: str, covariates: Sequence[str], **options: Any) -> LinearModel:
    return linear_probability(
        people,
        outcome=outcome,
        treatment="treated",
        covariates=["unemployment", *covariates],
        absorb=("office", "year_month"),
        cluster="office",
        **options,
    )
