"""Named columns of a regression: numbers as they are, words as one column a level, products of two."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.linalg import lapack

from evaluation.errors import EvaluationError
from evaluation.given import as_numbers

CONTROL = "control"


def model_columns(
    data: pd.DataFrame, *, treatment: str, covariates: Sequence[str], interactions: Sequence[str | tuple[str, str]]
) -> pd.DataFrame:
    """The columns of ``treatment + covariates + interactions``, one a term.

    Numbers and truth values give a term of their own name. Words give ``name[level]`` for every level but the first in
    the alphabet, or in the order of a categorical's levels; but ``control`` always comes first. An interaction is a
    covariate, which is multiplied by the treatment, or a pair of names; it gives ``a:b`` and brings the main effects
    that are not there yet.

    Raises:
        EvaluationError: `no_contrast` when the treatment has one level, `collinear` when a covariate of words has,
            `not_a_number` for times and infinite values.
    """
    pairs = [(treatment, part) if isinstance(part, str) else part for part in interactions]
    names = list(dict.fromkeys([treatment, *covariates, *(name for pair in pairs for name in pair)]))
    if data[treatment].nunique() < 2:
        raise EvaluationError("no_contrast", f"{treatment} is the same in every row: there is nothing to compare")
    parts = {name: terms_of(data[name]) for name in names}
    refuse_one_level(parts)
    columns = {term: values for name in names for term, values in parts[name].items()}
    for one, other in pairs:
        columns |= {f"{a}:{b}": x * y for a, x in parts[one].items() for b, y in parts[other].items()}
    return pd.DataFrame(columns)


def terms_of(column: pd.Series) -> dict[str, pd.Series]:
    """The terms of one variable: itself, or one column a level but the first, as `model_columns` says."""
    name = str(column.name)
    if column.dtype == object:
        column = column.infer_objects()
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return {name: as_numbers(column)}
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        return {name: as_numbers(column)}  # refuses it
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories().cat
        codes, found = used.codes.to_numpy(), used.categories
        order = sorted(range(len(found)), key=lambda place: str(found[place]) != CONTROL)
    else:
        codes, found = pd.factorize(column)
        order = sorted(range(len(found)), key=lambda place: (str(found[place]) != CONTROL, str(found[place])))
    levels = {f"{name}[{found[place]}]": (codes == place).astype(float) for place in order[1:]}
    return {term: pd.Series(values, index=column.index, copy=False) for term, values in levels.items()}


def refuse_one_level(parts: Mapping[str, Mapping[str, pd.Series]]) -> None:
    """Name a variable of words that has one level only: it says nothing beside the constant.

    Raises:
        EvaluationError: `collinear`.
    """
    for name, terms in parts.items():
        if not terms:
            raise EvaluationError("collinear", f"{name} has one level only: it follows from the constant")


def refuse_collinear(columns: np.ndarray, terms: Iterable[str]) -> None:
    """Name the first term that those before it (and the absorbed effects) determine.

    Raises:
        EvaluationError: `collinear`.
    """
    if term := first_collinear(columns, terms):
        raise EvaluationError("collinear", f"{term} follows from the other terms or the absorbed effects")


def first_collinear(columns: np.ndarray, terms: Iterable[str], tolerance: float = 1e-9) -> str:
    """The first term that those before it determine, or nothing."""
    basis = np.empty((len(columns), 0))
    for term, column in zip(terms, columns.T, strict=True):
        length = float(np.linalg.norm(column))
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        if np.linalg.norm(left) <= tolerance * max(length, 1e-300):
            return term
        basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return ""


def named_inverse(gram: np.ndarray, terms: Sequence[str], given: np.ndarray, tolerance: float = 1e-7) -> np.ndarray:
    """The inverse of the cross-products of columns, or the name of the first that those before it determine.

    Args:
        gram: terms x terms, of the columns less what was absorbed.
        terms: their names.
        given: each column's sum of squares before anything was absorbed: a column of which a ten millionth is left
            follows from what was absorbed.
        tolerance: how much of a column's length must be left beside the terms before it.

    Raises:
        EvaluationError: `collinear`.
    """
    lengths = np.sqrt(np.diag(gram))
    lengths = np.where(lengths > tolerance * np.sqrt(given), lengths, 0.0)
    scale = np.where(lengths > 0, lengths, 1.0)
    alike = gram / np.outer(scale, scale)
    alike[lengths == 0] = 0.0
    factor, failed = lapack.dpotrf(alike, lower=1)
    done = np.diag(factor)[: failed - 1 if failed else len(terms)]
    weak = np.flatnonzero(done <= tolerance)
    if failed or len(weak):
        term = terms[int(weak[0]) if len(weak) else failed - 1]
        raise EvaluationError("collinear", f"{term} follows from the other terms or the absorbed effects")
    # dtrtri and no solver of a system: that one wakes every core for a small matrix, and waits for a busy machine.
    root = lapack.dtrtri(factor, lower=1)[0] / scale
    return np.asarray(root.T @ root)
