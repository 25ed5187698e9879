"""Options as people mistype them: every public analysis takes them as they are meant or says what is wrong with them.

Whatever stands in an option's place - a bare value, a list, nothing, another type - the answer is a result or an
`EvaluationError` with a sentence, and never an error of Python's own.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest

import evaluation
from evaluation import EvaluationError

# A model of so few persons may well lie at the edge of what it can be, which statsmodels warns of.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NAN: Final = float("nan")
ODD: Final[Mapping[str, tuple[Any, ...]]] = {
    "name": (["{}"], ["{}", "{}"], [], None, 12, 1.5, "no such thing", {"{}": 1}, ("{}",)),
    "names": ("{}", (), None, 12, "no such thing", ["no such thing"], [["{}"]], [None], {"{}"}),
    "months": (12, (), (1,), (3, 1), None, ("a", "b"), (1.5, 3.5), "1-3", (1, 2, 3), (None, 3)),
    "some_months": (1, 1.0, (), None, "1", ("1",), (1, 1), (1.5,), [[1]]),
    "number": ("many", None, -1, 0, NAN, float("inf"), [], [1], "0.1", True),
    "choice": ("no such thing", None, [], 12, ["{}"], ""),
}


def _panel() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    number = np.arange(24)
    people = pd.DataFrame(
        {
            "participant_number": [f"P{one:02}" for one in number],
            "office": np.array(["Moss", "Rygge", "Hurum"])[number % 3],
            "arm": np.where(number % 2, "control", "intervention"),
            "age": rng.normal(40, 9, 24),
            "men": (rng.random(24) < 0.5).astype(float),
            "took": (rng.random(24) < np.where(number % 2, 0.2, 0.8)).astype(float),
        }
    )
    panel = people.merge(pd.DataFrame({"month": range(-7, 6)}), how="cross")
    states = {
        name: (rng.random(len(panel)) < share).astype(float)
        for name, share in {"employed": 0.4, "wage_subsidy": 0.1, "disability_benefit": 0.1, "training": 0.2}.items()
    }
    began = panel["month"].between(0, 2).astype(float)
    return panel.assign(hours=states["employed"] * rng.uniform(4, 38, len(panel)), follow_up=began, **states)


PANEL: Final = _panel()
PEOPLE: Final = PANEL[PANEL["month"] == 1].assign(treated=lambda d: (d["arm"] == "intervention").astype(float))
WAVES: Final = PANEL[PANEL["month"].isin([1, 2, 3])]
STUDIES: Final = pd.DataFrame(
    {
        "study": ["a", "b", "c", "d", "e"],
        "effect": [0.1, 0.3, -0.1, 0.2, 0.4],
        "se": [0.1, 0.2, 0.15, 0.1, 0.3],
        "kind": ["x", "y", "x", "y", "x"],
        "year": [2001.0, 2004.0, 2010.0, 2012.0, 2020.0],
    }
)
MEASURES: Final = pd.DataFrame(
    {"measure": ["a", "b"], "total_cost": [9, 8], "participant_months": [3, 2], "months_in_first_year": [7, 8]}
).assign(result=[0.3, 0.4])
DRAWS: Final = pd.DataFrame({"extra_cost": [1.0, 2.0], "extra_result": [0.1, 0.2]})

_OUTCOMES = {"outcomes": ("names", ["employed"])}
_DRAWN = {"strata": ("name", "office"), "control": ("choice", "control")}
_ALPHA = {"alpha": ("number", 0.05)}
_ESTIMATED = _OUTCOMES | _DRAWN | _ALPHA | {"covariance": ("choice", "classical")}
_MONTHS = {"months": ("months", (1, 3))}
_WAVES = {
    "subject": ("name", "participant_number"),
    "between": ("name", "arm"),
    "within": ("name", "month"),
    "outcome": ("name", "hours"),
    "covariates": ("names", ["age"]),
}
_MODEL = {"outcome": ("name", "employed"), "treatment": ("name", "treated"), "cluster": ("name", "office")}
_WEIGHTED = {"treatment": ("name", "treated"), "covariates": ("names", ["age"])}
_REVIEW = {"measure": ("choice", "generic")}

Options = Mapping[str, tuple[str, Any]]
CALLS: Final[Mapping[str, tuple[Any, Options]]] = {
    "baseline_table": (PEOPLE, {"variables": ("names", ["age"]), "arm": ("name", "arm"), "control": _DRAWN["control"]}),
    "monthly_shares": (PANEL, _OUTCOMES | {"by": ("name", "arm")}),
    "person_totals": (PANEL, _OUTCOMES | _MONTHS | {"keep": ("names", ["office"])}),
    "effects_on_totals": (PANEL, _ESTIMATED | _MONTHS),
    "effects_by_month": (PANEL, _ESTIMATED | _MONTHS),
    "cells_of": (PANEL, _OUTCOMES | _DRAWN | _MONTHS),
    "adjusted_effects": (PEOPLE, _OUTCOMES | _DRAWN | _ALPHA | {"covariates": ("names", ["age"])}),
    "adjusted_effects_by_month": (PANEL, _ESTIMATED | _MONTHS | {"covariates": ("names", ["age"])}),
    "subgroup_effects": (PEOPLE, _OUTCOMES | _DRAWN | _ALPHA | {"subgroups": ("names", ["men"])}),
    "complier_effects": (PEOPLE, _ESTIMATED | {"received": ("name", "took")}),
    "differences_in_differences": (PANEL, _ESTIMATED | _MONTHS | {"before": ("months", (-3, -1))}),
    "pre_period_test": (PANEL, _DRAWN | {"outcome": ("name", "employed"), "months": ("months", (-3, -1))}),
    "joint_effects_by_month": (
        PANEL,
        _ESTIMATED | _MONTHS | {"seed": ("number", 1), "draws": ("number", 50)},
    ),
    "attrition": (PEOPLE, _ESTIMATED | {"unit": ("name", "office")}),
    "lee_bounds": (PEOPLE, _OUTCOMES | _DRAWN | _ALPHA),
    "manski_bounds": (PEOPLE, _OUTCOMES | _DRAWN | _MONTHS),
    "likeness": (PEOPLE, _OUTCOMES | {"unit": ("name", "office"), "control": _DRAWN["control"]}),
    "drawn_units": (PANEL, _OUTCOMES | {"unit": ("name", "participant_number"), "keep": ("names", ["office"])}),
    "retention": (PANEL, {"outcome": ("name", "employed"), "months": ("some_months", (1, 3)), "by": ("name", "arm")}),
    "transitions": (PANEL, {"month": ("number", 1), "by": ("name", "arm"), "full_time": ("number", 30)}),
    "time_in_measure": (PANEL, {"measure": ("name", "follow_up"), "by": ("name", "arm"), "months": ("number", 3)}),
    "concurrent_measures": (
        PANEL,
        {"measure": ("name", "follow_up"), "by": ("name", "arm"), "others": ("names", ["training"])},
    ),
    "linear_probability": (
        PEOPLE,
        _MODEL
        | {"covariates": ("names", ["age"]), "interactions": ("names", ["men"]), "absorb": ("names", ["office"])}
        | {"factor": ("choice", "stata")},
    ),
    "nested_models": (PEOPLE, _MODEL | {"steps": ("names", ["age", "men"])}),
    "selection_model": (PEOPLE, _WEIGHTED),
    "weighted_difference": (
        PEOPLE,
        _WEIGHTED | {"outcome": ("name", "employed"), "cluster": ("name", "office")},
    ),
    "compare_groups": (
        PEOPLE,
        {"group": ("name", "arm"), "variables": ("names", ["age"]), "variance": ("choice", "pooled")},
    ),
    "correlations": (PEOPLE, {"variables": ("names", ["age", "hours"]), "by": ("name", "arm")}),
    "bivariate": (
        PEOPLE,
        {"outcome": ("name", "hours"), "predictors": ("names", ["age"]), "by": ("name", "arm")},
    ),
    "repeated_measures": (WAVES, _WAVES),
    "mixed_measures": (WAVES, _WAVES),
    "cost_effectiveness": (MEASURES, {"reference": ("choice", "a")}),
    "acceptability": (DRAWS, {"thresholds": ("some_months", [1.0])}),
    "meta_analysis": (
        STUDIES,
        _REVIEW
        | {"model": ("choice", "random"), "tau2": ("choice", "DL"), "subgroup": ("name", "kind")}
        | {"weights": ("choice", "IV")},
    ),
    "meta_regression": (STUDIES, _REVIEW | {"moderators": ("names", ["year"]), "tau2": ("choice", "REML")}),
    "trial_as_study": (
        PANEL,
        {"outcome": ("name", "employed"), "month": ("number", 1), "measure": ("choice", "RR"), "study": ("choice", "x")}
        | {"arm": ("name", "arm"), "control": _DRAWN["control"]},
    ),
    "adjust_p_values": ([0.01, 0.2], {"method": ("choice", "holm")}),
    "detectable_effect": (1.0, {"df": ("number", 10), "power": ("number", 0.8), "alpha": ("number", 0.05)}),
    "size_of": (0.3, {"measure": ("choice", "pearson_r")}),
}


def _usual(name: str) -> dict[str, Any]:
    return {option: value for option, (_kind, value) in CALLS[name][1].items()}


def _analysis(name: str) -> Callable[..., Any]:
    return getattr(evaluation, name)  # type: ignore[no-any-return]


def _instead(odd: Any, usual: Any) -> Any:
    """The odd value, with the usual one's name where it stands for it."""
    own = str(usual[0] if isinstance(usual, list) else usual)
    if isinstance(odd, str):
        return odd.replace("{}", own)
    if isinstance(odd, dict):
        return {_instead(key, usual): value for key, value in odd.items()}
    return type(odd)(_instead(one, usual) for one in odd) if isinstance(odd, list | tuple | set) else odd


@pytest.mark.parametrize("name", CALLS)
def test_an_odd_option_is_meant_or_named(name: str) -> None:
    first, options = CALLS[name]
    _analysis(name)(first, **_usual(name))  # the usual ones are no fault
    raw = []
    for option, (kind, usual) in options.items():
        for odd in ODD[kind]:
            given = _usual(name) | {option: _instead(odd, usual)}
            try:
                _analysis(name)(first, **given)
            except EvaluationError as error:
                raw += [] if error.code and len(str(error)) > 10 else [f"{option}: {error}"]
            except Exception as error:
                raw.append(f"{option}={given[option]!r}: {type(error).__name__}: {error}"[:160])
    assert not raw, "\n".join(raw)
