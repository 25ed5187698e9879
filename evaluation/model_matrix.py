"""Named columns of a regression: numbers as they are, words as one column a level, products of two."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from evaluation.errors import EvaluationError

CONTROL = "control"


def model_columns(
    data: pd.DataFrame, *, treatment: str, covariates: Sequence[str], interactions: Sequence[str | tuple[str, str]]
) -> pd.DataFrame:
    """The columns of ``treatment + covariates + interactions``, one a term.

    Numbers and truth values give a term of their own name. Words give ``name[level]`` for every level but the first in
    the alphabet (but ``control`` comes first). An interaction is a covariate, which is multiplied by the treatment, or
    a pair of names; it gives ``a:b`` and brings the main effects that are not there yet.
    """
    pairs = [(treatment, part) if isinstance(part, str) else part for part in interactions]
    names = list(dict.fromkeys([treatment, *covariates, *(name for pair in pairs for name in pair)]))
    parts = {name: terms_of(data[name]) for name in names}
    columns = {term: values for name in names for term, values in parts[name].items()}
    for one, other in pairs:
        columns |= {f"{a}:{b}": x * y for a, x in parts[one].items() for b, y in parts[other].items()}
    return pd.DataFrame(columns)


def terms_of(column: pd.Series) -> dict[str, pd.Series]:
    """The terms of one variable: itself, or one column a level but the first, as `model_columns` says."""
    name = str(column.name)
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return {name: column.astype(float)}
    levels = sorted(column.dropna().unique(), key=lambda level: (str(level) != CONTROL, str(level)))
    return {f"{name}[{level}]": (column == level).astype(float) for level in levels[1:]}


def refuse_collinear(columns: np.ndarray, terms: Iterable[str], tolerance: float = 1e-9) -> None:
    """Name the first term that those before it (and the absorbed effects) determine.

    Raises:
        EvaluationError: `collinear`.
    """
    basis = np.empty((len(columns), 0))
    for term, column in zip(terms, columns.T, strict=True):
        length = float(np.linalg.norm(column))
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        if np.linalg.norm(left) <= tolerance * max(length, 1e-300):
            raise EvaluationError("collinear", f"{term} follows from the other terms or the absorbed effects")
        basis = np.column_stack([basis, left / np.linalg.norm(left)])
