"""Linear probability models of the size of Proba's (26,294 starters, 300 offices, clustered) against pyfixest.

Run by name: ``pytest -m benchmark tests/benchmarks/test_linear_speed.py -n 0 -s``. Both take turns in one process, and
the quickest of each is held against the other: seconds are this machine's, the ratio is what counts.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from evaluation import linear_probability
from evaluation.nesting import nested_models

ROWS, OFFICES, MONTHS, ROUNDS = 26_294, 300, 20, 15
NUMBERS = [f"x{number}" for number in range(8)]
STATA = pf.ssc(k_fixef="full")
STEPS = ((), ("month",), ("diagnosis",), (*NUMBERS, "age", "age_squared", "education"), ("office",))

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore:The inplace keyword")]


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


def test_one_model(starters: pd.DataFrame) -> None:
    covariates = (*NUMBERS, "age", "age_squared", "education", "diagnosis")
    formula = f"employed ~ treated + {' + '.join(NUMBERS)} + age + age_squared + C(education) + C(diagnosis)"
    ours, peer = in_turns(
        lambda: linear_probability(
            starters,
            outcome="employed",
            treatment="treated",
            covariates=covariates,
            absorb=("office", "month"),
            cluster="office",
        ),
        lambda: pf.feols(f"{formula} | office + month", starters, vcov={"CRV1": "office"}, ssc=STATA),
    )
    print(f"\none model: ours {ours:.3f} s, pyfixest {peer:.3f} s, ratio {ours / peer:.2f} (to reach: 0.5)")


def test_five_nested_models(starters: pd.DataFrame) -> None:
    numbers = " + ".join([*NUMBERS, "age", "age_squared", "C(education)"])
    formulas = (
        "employed ~ treated",
        "employed ~ treated + C(month)",
        "employed ~ treated + C(month) + C(diagnosis)",
        f"employed ~ treated + C(month) + C(diagnosis) + {numbers}",
        f"employed ~ treated + C(diagnosis) + {numbers} | office + month",
    )
    ours, peer = in_turns(
        lambda: nested_models(starters, outcome="employed", treatment="treated", steps=STEPS, cluster="office"),
        lambda: [pf.feols(formula, starters, vcov={"CRV1": "office"}, ssc=STATA) for formula in formulas],
    )
    print(f"\nfive nested models: ours {ours:.3f} s, pyfixest {peer:.3f} s, ratio {ours / peer:.2f} (to reach: 0.2)")
