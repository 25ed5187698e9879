"""The step-by-step models once more, by statsmodels: nothing is told that the two engines do not agree on."""

from typing import Any, Final

import numpy as np
import pandas as pd
import statsmodels.api as sm

from evaluation.comparing.models import STEPS, step_by_step
from evaluation.errors import EvaluationError
from evaluation.model_matrix import terms_of

WORST: Final = 1e-8  # relative to the estimate's standard error
CLUSTER: Final = "office"


def check_steps(people: pd.DataFrame, outcome: str = "employed") -> dict[str, Any]:
    """Every step but the one with office effects, by statsmodels' least squares with clustered errors.

    Returns:
        engine, fits, largest (difference of an estimate or standard error of the treatment, in standard errors).

    Raises:
        EvaluationError: `engines_differ`.
    """
    ours = step_by_step(people, outcome)
    rows = people.dropna(subset=[outcome, "treated", *ours.names])
    columns = {"constant": np.ones(len(rows)), "treated": rows["treated"].to_numpy()}
    largest, fits = 0.0, 0
    for step in STEPS:
        if CLUSTER in step:
            break
        columns |= {term: values.to_numpy() for name in step for term, values in terms_of(rows[name]).items()}
        theirs = sm.OLS(rows[outcome].to_numpy(), np.column_stack(list(columns.values()))).fit(
            cov_type="cluster", cov_kwds={"groups": pd.factorize(rows[CLUSTER])[0]}
        )
        mine = ours.table.iloc[fits]
        apart = np.abs([theirs.params[1] - mine["estimate"], theirs.bse[1] - mine["se"]]) / mine["se"]
        largest, fits = max(largest, float(apart.max())), fits + 1
    if largest > WORST:
        raise EvaluationError("engines_differ", f"statsmodels differs by {largest:.1e} standard errors")
    return {"engine": "statsmodels", "fits": fits, "largest": largest}
