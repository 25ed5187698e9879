"""Effects by month adjusted for covariates, from cross-sums by month and stratum.

With covariates the cells of `monthly_cells` are not enough, but the cross-sums of treatment, covariates and outcome
within each stratum are: less their stratum's means they give the coefficients, the classical standard errors and those
clustered on strata (Frisch and Waugh 1933, Lovell 1963). Robust standard errors need the persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.arms import treated_arm
from evaluation.cell_effects import COLUMNS
from evaluation.effects import NOTHING
from evaluation.errors import EvaluationError
from evaluation.given import given, in_months, month_span, one_name, two_sided
from evaluation.regression import Covariance, covariance_called
from evaluation.shares import names_of, require_columns, some_names

Array = npt.NDArray[np.float64]

FROM_SUMS: Final = ("classical", "cluster")


def adjusted_effects_by_month(
    panel: pd.DataFrame | Path,
    *,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    months: tuple[int, int] = (-36, 36),
    strata: str = "office",
    covariance: Covariance = "classical",
    control: str = "control",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Regress each outcome on treatment, covariates and stratum effects, month by month.

    Args:
        panel: person-months with the covariates as columns; or the path of a Parquet file with them, which is read in
            one scan for each outcome. Rows with a covariate missing are left out.
        covariance: classical, or cluster (CR1 on the strata).

    Returns:
        As `effects_by_month`; `reason` may also be `collinear`, where a covariate follows from the others that month.

    Raises:
        EvaluationError: `needs_persons` for another covariance, `unknown_outcome` for a column that is not there.
    """
    covariance = covariance_called(covariance)
    if covariance not in FROM_SUMS:
        raise EvaluationError("needs_persons", f"with covariates only {' and '.join(FROM_SUMS)} follow from sums")
    outcomes, covariates, span = some_names(outcomes), names_of(covariates), month_span(months)
    strata = one_name(strata, "strata")
    used = list(dict.fromkeys([*outcomes, *covariates, "month", "arm", strata]))
    rows = []
    for outcome in outcomes:
        columns = [*covariates, outcome]
        if isinstance(panel, Path):
            sums = _of_file(panel, columns, span, strata, control, used)
        else:
            panel = given(panel, numbers=columns, keys=["month", "arm", strata])
            sums = _of_frame(panel, columns, span, strata, control)
        for place, month in enumerate(span):
            found = _estimate(sums[place], covariance, alpha)
            rows.append({"outcome": outcome, "month": month, "covariance": covariance} | found)
    return pd.DataFrame(rows)[list(COLUMNS)]


@dataclass(frozen=True)
class _Sums:
    """Of one month: strata x terms x terms, the terms being 1, treatment, covariates, outcome."""

    gram: Array


def _of_frame(panel: pd.DataFrame, columns: list[str], span: Any, strata: str, control: str) -> list[_Sums]:
    known = in_months(panel.dropna(subset=columns), span)[0]
    treated = treated_arm(panel["arm"], control)
    # Products of numbers around their month's mean keep the digits that products of large numbers lose.
    values = (known[columns] - known.groupby("month")[columns].transform("mean")).to_numpy(dtype=float)
    terms = np.column_stack([np.ones(len(known)), (known["arm"] == treated).to_numpy(dtype=float), values])
    codes, names = pd.factorize(known[strata], sort=True)
    place = (known["month"].to_numpy(dtype=np.int64) - span[0]) * len(names) + codes
    size, width = len(span) * len(names), terms.shape[1]
    gram = np.zeros((size, width, width))
    for one in range(width):
        for other in range(one, width):
            gram[:, one, other] = np.bincount(place, terms[:, one] * terms[:, other], minlength=size)
            gram[:, other, one] = gram[:, one, other]
    return [_Sums(part) for part in gram.reshape(len(span), len(names), width, width)]


def _of_file(path: Path, columns: list[str], span: Any, strata: str, control: str, used: list[str]) -> list[_Sums]:
    with duckdb.connect(config={"threads": 1}) as connection:  # sums of fractions depend on how threads share the rows
        rows = connection.from_parquet(str(path))
        require_columns(rows.limit(0).df(), used)
        arms = rows.query("panel", "SELECT DISTINCT arm FROM panel").df()["arm"]
        table = rows.query("panel", _scan(columns, strata, treated_arm(arms, control), span)).fetchnumpy()
    width = len(columns) + 2
    names, codes = np.unique(np.asarray(table["stratum"]).astype(str), return_inverse=True)
    gram = np.zeros((len(span), len(names), width, width))
    for one in range(width):
        for other in range(one, width):
            sums = np.ma.filled(table[f"s{one}_{other}"], 0).astype(float)
            gram[np.asarray(table["month"]) - span[0], codes, one, other] = sums
            gram[np.asarray(table["month"]) - span[0], codes, other, one] = sums
    return [_Sums(part) for part in gram]


def _scan(columns: Sequence[str], strata: str, treated: str, span: Any) -> str:
    arm = treated.replace("'", "''")
    terms = ["1.0", f"(arm = '{arm}')::DOUBLE", *(f"{_quoted(name)}::DOUBLE" for name in columns)]
    named = ", ".join(f"{term} AS t{place}" for place, term in enumerate(terms))
    sums = ", ".join(
        f"sum(t{one} * t{other}) AS s{one}_{other}" for one in range(len(terms)) for other in range(one, len(terms))
    )
    whole = " AND ".join(f"isfinite(t{place + 2})" for place in range(len(columns)))
    return (
        f"SELECT month, stratum, {sums} FROM (SELECT month, {_quoted(strata)} AS stratum, {named} FROM panel "  # noqa: S608
        f"WHERE month BETWEEN {int(span[0])} AND {int(span[-1])}) WHERE {whole} GROUP BY ALL ORDER BY ALL"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _estimate(sums: _Sums, covariance: Covariance, alpha: float) -> dict[str, Any]:
    size = sums.gram[:, 0, 0]
    present = sums.gram[size > 0]
    means = present[:, 0, 1:] / size[size > 0][:, None]
    within = present[:, 1:, 1:] - means[:, :, None] * present[:, 0, 1:][:, None, :]
    whole = within.sum(axis=0) if len(within) else np.zeros((sums.gram.shape[1] - 1,) * 2)
    n, k = int(size.sum()), len(present) + whole.shape[0] - 1
    terms, crossed = whole[:-1, :-1], whole[:-1, -1]
    if not len(present) or terms[0, 0] <= 1e-12 * n:
        return NOTHING | {"n": 0, "reason": "no_contrast"}
    if n <= k or (covariance == "cluster" and len(present) < 2):
        return NOTHING | {"n": 0, "reason": "too_few"}
    scale = np.sqrt(np.diag(terms))
    if scale.min() == 0 or np.linalg.cond(terms / np.outer(scale, scale)) > 1e10:
        return NOTHING | {"n": 0, "reason": "collinear"}
    inverse = np.linalg.inv(terms / np.outer(scale, scale)) / np.outer(scale, scale)
    estimates = inverse @ crossed
    left = max(float(whole[-1, -1] - crossed @ estimates), 0.0)
    if left <= 1e-12 * max(float(present[:, -1, -1].sum()), np.finfo(float).tiny):
        return NOTHING | {"effect": float(estimates[0]), "se": 0.0, "n": n, "reason": "no_variance"}
    if covariance == "classical":
        variance, df = inverse * left / (n - k), n - k
    else:
        score = within[:, :-1, -1] - within[:, :-1, :-1] @ estimates
        groups = len(present)
        factor = groups / (groups - 1) * (n - 1) / (n - k)
        variance, df = inverse @ (score.T @ score) @ inverse * factor, groups - 1
    return _inference(float(estimates[0]), float(variance[0, 0]) ** 0.5, df, alpha) | {"n": n, "reason": ""}


def _inference(effect: float, se: float, df: int, alpha: float) -> dict[str, float]:
    reach = float(stats.t.ppf(two_sided(alpha), df)) * se
    numbers = {"effect": effect, "se": se, "t": effect / se, "p": float(2 * stats.t.sf(abs(effect / se), df))}
    return numbers | {"ci_low": effect - reach, "ci_high": effect + reach, "df": float(df)}
