"""Groups compared on many variables, from data or from published figures; relations within groups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers, is_number
from evaluation.shares import names_of, require_columns

Variance = Literal["pooled", "welch"]
Pair = Sequence[float] | Mapping[str, float] | pd.Series  # two groups' numbers, the first group's first
VARIANCES: Final = ("pooled", "welch")
STARS: Final = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


def compare_groups(
    data: pd.DataFrame, *, group: str, variables: str | Sequence[str], variance: Variance = "pooled"
) -> pd.DataFrame:
    """Compare two groups on each variable: numbers by t test, words and truth values by chi-square.

    Persons with the variable missing are left out of its row.

    Returns:
        variable, test (t or chi2), statistic, df, p, effect_size (Cohen's d, or Cramer's V), and for each group
        `n_<group>`, `mean_<group>` and `sd_<group>` (missing for chi-square). The t statistic is that of the first
        group less the second, in the order of the alphabet.

    Raises:
        EvaluationError: `not_two_groups`; `too_few`, `no_variance`, `not_a_number`, naming the variable;
            `unknown_variance`; `bad_option` when the group is to be compared with itself.
    """
    variables = names_of(variables)
    if variance not in VARIANCES:
        raise EvaluationError("unknown_variance", f"variance is one of {', '.join(VARIANCES)}")
    if group in variables:
        raise EvaluationError("bad_option", f"{group} makes the groups: it cannot be compared between them")
    require_columns(data, [group, *variables])
    names = sorted(data[group].dropna().unique(), key=str)
    if len(names) != 2:
        raise EvaluationError("not_two_groups", f"{group} has {len(names)} groups: {names}")
    return pd.DataFrame([_row(data, group, names, variable, variance) for variable in variables])


def _row(data: pd.DataFrame, group: str, names: list[Any], variable: str, variance: Variance) -> dict[str, Any]:
    known = data[[group, variable]].dropna()
    parts = [known.loc[known[group] == name, variable] for name in names]
    if min(map(len, parts)) < 2:
        raise EvaluationError("too_few", f"{variable}: fewer than two persons with a value in a group")
    counts = {f"n_{name}": len(part) for name, part in zip(names, parts, strict=True)}
    numbers = is_number(known[variable]) or pd.api.types.is_datetime64_any_dtype(known[variable])
    try:
        found = _of_numbers(parts, names, variance) if numbers else _of_words(known, group, variable)
    except EvaluationError as error:
        raise EvaluationError(error.code, f"{variable}: {error}") from error
    return {"variable": variable} | found | counts


def _of_numbers(given: list[pd.Series], names: list[Any], variance: Variance) -> dict[str, Any]:
    parts = [as_numbers(part) for part in given]
    means, sds = [float(part.mean()) for part in parts], [float(part.std(ddof=1)) for part in parts]
    found = compare_from_summary(mean=means, sd=sds, n=[len(part) for part in parts], variance=variance)
    described = {f"mean_{name}": mean for name, mean in zip(names, means, strict=True)}
    described |= {f"sd_{name}": sd for name, sd in zip(names, sds, strict=True)}
    return {
        "test": "t",
        "statistic": found["t"],
        "df": found["df"],
        "p": found["p"],
        "effect_size": found["cohens_d"],
    } | described


def _of_words(known: pd.DataFrame, group: str, variable: str) -> dict[str, Any]:
    table = pd.crosstab(known[variable], known[group])
    found = compare_from_counts(table.to_numpy())
    names = {"statistic": "chi2", "df": "df", "p": "p", "effect_size": "cramers_v"}
    return {"test": "chi2"} | {new: found[old] for new, old in names.items()}


def compare_from_summary(*, mean: Pair, sd: Pair, n: Pair, variance: Variance = "pooled") -> dict[str, float]:
    """The two-sample t test from two means, standard deviations and numbers of persons.

    Each is two numbers, the first group's first, or group -> number, the same groups in all three. `welch` does not
    assume the same variance (Satterthwaite's degrees of freedom).

    Returns:
        difference (first less second), se, t, df, p, ci_low, ci_high (95 %), cohens_d (by the pooled deviation).

    Raises:
        EvaluationError: `not_two_groups`, `not_a_number` for a missing number or a negative deviation, `too_few`,
            `no_variance`, `unknown_variance`.
    """
    if variance not in VARIANCES:
        raise EvaluationError("unknown_variance", f"variance is one of {', '.join(VARIANCES)}")
    mean, sd, n = _pairs(mean, sd, n)
    if not np.isfinite([mean, sd, n]).all() or min(sd) < 0:
        raise EvaluationError("not_a_number", "means, deviations (0 or more) and numbers of persons must all be known")
    if min(n) < 2:
        raise EvaluationError("too_few", "a t test needs two groups of at least two persons")
    parts = [deviation**2 / count for deviation, count in zip(sd, n, strict=True)]
    pooled = sum((count - 1) * deviation**2 for deviation, count in zip(sd, n, strict=True)) / (sum(n) - 2)
    if pooled == 0:
        raise EvaluationError("no_variance", "nobody differs from the group's mean")
    if variance == "pooled":
        se, df = np.sqrt(pooled * (1 / n[0] + 1 / n[1])), float(sum(n) - 2)
    else:
        se = np.sqrt(sum(parts))
        df = sum(parts) ** 2 / sum(part**2 / (count - 1) for part, count in zip(parts, n, strict=True))
    difference = mean[0] - mean[1]
    reach = stats.t.ppf(0.975, df) * se
    found = {
        "difference": difference,
        "se": se,
        "t": difference / se,
        "df": df,
        "p": 2 * stats.t.sf(abs(difference / se), df),
        "ci_low": difference - reach,
        "ci_high": difference + reach,
        "cohens_d": difference / np.sqrt(pooled),
    }
    return {name: float(value) for name, value in found.items()}


def _pairs(*given: Pair) -> list[list[float]]:
    """Each as two numbers, in the order of the first one's groups."""
    parts = [dict(part) if isinstance(part, Mapping | pd.Series) else dict(enumerate(part)) for part in given]
    groups = list(parts[0])
    if len(groups) != 2 or any(set(part) != set(groups) for part in parts):
        raise EvaluationError("not_two_groups", "mean, sd and n each need one number for each of the same two groups")
    try:
        return [[float(part[group]) for group in groups] for part in parts]
    except (TypeError, ValueError):
        raise EvaluationError("not_a_number", "means, deviations and numbers of persons are all numbers") from None


def compare_from_counts(counts: npt.ArrayLike) -> dict[str, float]:
    """Pearson's chi-square test of a table of counts (levels x groups), without continuity correction.

    Returns:
        chi2, df, p, cramers_v, smallest_expected (below 5 the approximation is doubtful).

    Raises:
        EvaluationError: `not_a_number` unless the counts are a table of numbers from 0, `no_variance` when fewer than
            two rows or columns hold anybody.
    """
    try:
        table = np.asarray(counts, dtype=float)
    except (TypeError, ValueError):  # words, or rows of different lengths
        table = np.full(1, np.nan)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise EvaluationError("not_a_number", "counts are a table of levels by groups, of numbers from 0")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        raise EvaluationError("no_variance", "a chi-square test needs two levels and two groups with persons")
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    chi2 = float(((table - expected) ** 2 / expected).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return {
        "chi2": chi2,
        "df": float(df),
        "p": float(stats.chi2.sf(chi2, df)),
        "cramers_v": float(np.sqrt(chi2 / table.sum() / (min(table.shape) - 1))),
        "smallest_expected": float(expected.min()),
    }


def correlations(data: pd.DataFrame, *, variables: str | Sequence[str], by: str | None = None) -> pd.DataFrame:
    """Pearson's correlation of every pair of variables, among all and in each group of `by`.

    Returns:
        group ("all" and the groups), first, second, r, n, p, ci_low, ci_high (95 %, Fisher's z), stars
        (* p < 0.05, ** p < 0.01, *** p < 0.001). Persons with one of the two missing are left out of the pair. With
        fewer than four persons or no variance the numbers are missing.

    Raises:
        EvaluationError: `too_few` variables to make a pair, `not_a_number`.
    """
    variables = names_of(variables)
    if len(variables) < 2:
        raise EvaluationError("too_few", "a correlation needs two variables")
    require_columns(data, [*variables, *([] if by is None else [by])])
    numbers = _as_numbers(data, variables, by)
    rows = []
    for name, part in _groups(numbers, by):
        for place, first in enumerate(variables):
            for second in variables[place + 1 :]:
                rows.append({"group": name, "first": first, "second": second} | _pearson(part[[first, second]]))
    return pd.DataFrame(rows)


def _as_numbers(data: pd.DataFrame, variables: Sequence[str], by: str | None) -> pd.DataFrame:
    groups = {} if by is None else {by: data[by]}
    return pd.DataFrame({name: as_numbers(data[name]) for name in variables} | groups)


def _groups(data: pd.DataFrame, by: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "all", data
    if by is not None:
        for name, part in data.groupby(by, sort=True, observed=True):
            yield str(name), part


def _pearson(pair: pd.DataFrame) -> dict[str, Any]:
    known = pair.dropna().astype(float)
    n = len(known)
    if n < 4 or (known.nunique() < 2).any():
        return dict.fromkeys(("r", "p", "ci_low", "ci_high"), np.nan) | {"n": n, "stars": ""}
    r = float(np.clip(np.corrcoef(known.to_numpy().T)[0, 1], -1, 1))
    t = r * np.sqrt((n - 2) / (1 - r**2)) if abs(r) < 1 else np.inf
    p = float(2 * stats.t.sf(abs(t), n - 2))
    z, reach = (np.arctanh(r), stats.norm.ppf(0.975) / np.sqrt(n - 3)) if abs(r) < 1 else (np.inf * r, 0.0)
    return {
        "r": r,
        "n": n,
        "p": p,
        "ci_low": float(np.tanh(z - reach)),
        "ci_high": float(np.tanh(z + reach)),
        "stars": next((mark for limit, mark in STARS if p < limit), ""),
    }


def bivariate(
    data: pd.DataFrame, *, outcome: str, predictors: str | Sequence[str], by: str | None = None
) -> pd.DataFrame:
    """The outcome regressed on one predictor at a time, among all and in each group of `by`.

    Returns:
        group, predictor, beta (outcome units a predictor unit), se, t, p, ci_low, ci_high (95 %), r2, n. With fewer
        than three persons or a predictor without variance the numbers are missing.

    Raises:
        EvaluationError: `not_a_number`, `bad_option` when the outcome is a predictor.
    """
    predictors = names_of(predictors)
    if outcome in predictors:
        raise EvaluationError("bad_option", f"{outcome} is the outcome: it cannot explain itself")
    require_columns(data, [outcome, *predictors, *([] if by is None else [by])])
    numbers = _as_numbers(data, [outcome, *predictors], by)
    return pd.DataFrame(
        {"group": name, "predictor": predictor} | _line(part[[predictor, outcome]])
        for name, part in _groups(numbers, by)
        for predictor in predictors
    )


def _line(pair: pd.DataFrame) -> dict[str, float]:
    known = pair.dropna().to_numpy(dtype=float)
    n = len(known)
    if n < 3 or np.ptp(known[:, 0]) == 0:
        return dict.fromkeys(("beta", "se", "t", "p", "ci_low", "ci_high", "r2"), np.nan) | {"n": n}
    fit = stats.linregress(known[:, 0], known[:, 1])
    reach = stats.t.ppf(0.975, n - 2) * fit.stderr
    return {
        "beta": float(fit.slope),
        "se": float(fit.stderr),
        "t": float(fit.slope / fit.stderr) if fit.stderr else np.nan,
        "p": float(fit.pvalue),
        "ci_low": float(fit.slope - reach),
        "ci_high": float(fit.slope + reach),
        "r2": float(fit.rvalue**2),
        "n": n,
    }
