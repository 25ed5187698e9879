"""Linear probability models of the size of Proba's (26,294 starters, 300 offices, clustered) against pyfixest.

Run by name: ``pytest -m benchmark tests/benchmarks/test_linear_speed.py -n 0 -s``. Both take turns in one process, and
the quickest of each is held against the other: seconds are this machine's, the ratio is what counts. What was measured
is written to tests/evidence/linear-speed.json.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from evaluation import linear_probability
from evaluation.nesting import nested_models
from tests.evidence import keep

ROWS, OFFICES, MONTHS, ROUNDS = 26_294, 300, 20, 15
NUMBERS = [f"x{number}" for number in range(8)]
STATA = pf.ssc(k_fixef="full")
STEPS = ((), ("month",), ("diagnosis",), (*NUMBERS, "age", "age_squared", "education"), ("office",))

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore:The inplace keyword")]


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, dict[str, float]]]:
    """What each test measures, kept when all have."""
    figures: dict[str, dict[str, float]] = {}
    yield figures
    if len(figures) == 2:  # all of them
        keep("linear-speed", rows=ROWS, offices=OFFICES, months=MONTHS, rounds=ROUNDS, **figures)


def compared(ours: float, peer: float, apart: float, reach: float) -> dict[str, float]:
    """Seconds of both, their ratio, the most it may be, and how far apart the numbers are (relative)."""
    assert apart < 1e-8
    return {"ours": round(ours, 4), "pyfixest": round(peer, 4), "ratio": round(ours / peer, 3), "reach": reach,
            "apart": float(f"{apart:.1e}")}  # fmt: skip


@pytest.fixture(scope="module")
def starters() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    age = rng.integers(18, 62, ROWS).astype(float)
    words = {"education": list("abcdef"), "diagnosis": ["mental", "musculoskeletal", "none", "other"]}
    return pd.DataFrame(
        {name: rng.normal(size=ROWS) for name in NUMBERS}
        | {name: rng.choice(levels, ROWS) for name, levels in words.items()}
        | {
            "age": age,
            "age_squared": age**2,
            "office": rng.integers(0, OFFICES, ROWS),
            "month": [f"m{number:02}" for number in rng.integers(0, MONTHS, ROWS)],
            "treated": (rng.random(ROWS) < 0.2).astype(float),
            "employed": (rng.random(ROWS) < 0.3).astype(float),
        }
    )


def in_turns(*doing: Callable[[], object]) -> list[float]:
    """The quickest of several rounds of each, one after the other in every round."""
    took: list[list[float]] = [[] for _ in doing]
    for _round in range(ROUNDS):
        for place, what in enumerate(doing):
            began = perf_counter()
            what()
            took[place].append(perf_counter() - began)
    return [min(times) for times in took]


def test_one_model(starters: pd.DataFrame, measured: dict[str, dict[str, float]]) -> None:
    covariates = (*NUMBERS, "age", "age_squared", "education", "diagnosis")
    formula = f"employed ~ treated + {' + '.join(NUMBERS)} + age + age_squared + C(education) + C(diagnosis)"

    def ours() -> pd.Series:
        found = linear_probability(
            starters,
            outcome="employed",
            treatment="treated",
            covariates=covariates,
            absorb=("office", "month"),
            cluster="office",
        )
        return found.table.iloc[0]

    def theirs() -> Any:
        return pf.feols(f"{formula} | office + month", starters, vcov={"CRV1": "office"}, ssc=STATA)

    mine, fit = ours(), theirs()
    apart = max(abs(mine["estimate"] / fit.coef()["treated"] - 1), abs(mine["se"] / fit.se()["treated"] - 1))
    measured["one_model"] = compared(*in_turns(ours, theirs), apart, 0.5)
    print(f"\none model: {measured['one_model']}")
    assert measured["one_model"]["ratio"] <= 0.5


def test_five_nested_models(starters: pd.DataFrame, measured: dict[str, dict[str, float]]) -> None:
    numbers = " + ".join([*NUMBERS, "age", "age_squared", "C(education)"])
    formulas = (
        "employed ~ treated",
        "employed ~ treated + C(month)",
        "employed ~ treated + C(month) + C(diagnosis)",
        f"employed ~ treated + C(month) + C(diagnosis) + {numbers}",
        f"employed ~ treated + C(diagnosis) + {numbers} | office + month",
    )

    def ours() -> pd.DataFrame:
        return nested_models(starters, outcome="employed", treatment="treated", steps=STEPS, cluster="office").table

    def theirs() -> list[Any]:
        return [pf.feols(formula, starters, vcov={"CRV1": "office"}, ssc=STATA) for formula in formulas]

    mine, fits = ours(), theirs()
    apart = max(
        max(abs(row["estimate"] / fit.coef()["treated"] - 1), abs(row["se"] / fit.se()["treated"] - 1))
        for row, fit in zip(mine.to_dict("records"), fits, strict=True)
    )
    measured["five_nested"] = compared(*in_turns(ours, theirs), apart, 0.2)
    print(f"\nfive nested models: {measured['five_nested']}")
    assert measured["five_nested"]["ratio"] <= 0.2
