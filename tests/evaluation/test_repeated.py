"""The split-plot analysis of variance: equal to regression on dummies (Type III), with groups of unequal size."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import AnovaRM

from evaluation import EvaluationError, repeated_measures


def study(seed: int, sizes: dict[str, int], waves: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for group, size in sizes.items():
        for person in range(size):
            level = rng.normal(10, 4)
            for wave in range(waves):
                drift = wave * (1.5 if group == "extended" else 0.5)
                rows.append((f"{group}{person}", group, f"T{wave + 1}", level + drift + rng.normal(0, 3)))
    return pd.DataFrame(rows, columns=["person", "group", "wave", "hours"])


def analysed(data: pd.DataFrame) -> pd.DataFrame:
    return repeated_measures(data, subject="person", between="group", within="wave", outcome="hours").set_index("term")


def left_over(data: pd.DataFrame, formula: str) -> float:
    return float(smf.ols(formula, data).fit().ssr)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [{"extended": 14, "other": 9}, {"extended": 8, "other": 6, "third": 11}])
def test_the_terms_within_persons_equal_regression_on_dummies(sizes: dict[str, int]) -> None:
    data = study(3, sizes, 3)
    found = analysed(data)
    # Sum-to-zero columns of group x wave beside a dummy for every person; a term goes by leaving its columns out.
    coded = data.assign(**_sum_columns(data))
    wave = [name for name in coded if name.startswith("w_")]
    both = [name for name in coded if name.startswith("gw_")]
    whole = left_over(coded, f"hours ~ C(person) + {' + '.join(wave + both)}")
    for term, kept in (("wave", both), ("group:wave", wave)):
        extra = left_over(coded, f"hours ~ C(person) + {' + '.join(kept)}") - whole
        row = found.loc[term]
        np.testing.assert_allclose(row["F"], extra / row["df1"] / (whole / row["df2"]), rtol=1e-8)
        np.testing.assert_allclose(row["partial_eta_squared"], extra / (extra + whole), rtol=1e-8)


def _sum_columns(data: pd.DataFrame) -> dict[str, pd.Series]:
    waves, groups = sorted(data["wave"].unique()), sorted(data["group"].unique())
    columns = {f"w_{w}": (data["wave"] == w).astype(int) - (data["wave"] == waves[-1]) for w in waves[:-1]}
    sums = {g: (data["group"] == g).astype(int) - (data["group"] == groups[-1]) for g in groups[:-1]}
    return columns | {f"gw_{g}_{w[2:]}": sums[g] * columns[w] for g in sums for w in list(columns)}


def test_the_groups_are_compared_on_the_persons_means() -> None:
    data = study(5, {"extended": 12, "other": 7, "third": 9}, 4)
    means = data.groupby(["group", "person"])["hours"].mean()
    expected = stats.f_oneway(*(part.to_numpy() for _name, part in means.groupby("group")))
    row = analysed(data).loc["group"]
    np.testing.assert_allclose([row["F"], row["p"]], [expected.statistic, expected.pvalue], rtol=1e-9)


def test_with_two_waves_the_interaction_is_the_t_test_of_the_change() -> None:
    """As in table 3 of the questionnaire study: 52 and 27 persons, 1 and 77 degrees of freedom."""
    data = study(7, {"extended": 52, "other": 27}, 2)
    wide = data.pivot(index=["person", "group"], columns="wave", values="hours")
    change = (wide["T2"] - wide["T1"]).reset_index(name="change")
    t = stats.ttest_ind(*(part["change"] for _name, part in change.groupby("group")))
    row = analysed(data).loc["group:wave"]
    assert (row["df1"], row["df2"]) == (1, 77)
    np.testing.assert_allclose([row["F"], row["p"]], [t.statistic**2, t.pvalue], rtol=1e-9)


def test_groups_of_the_same_size_and_course_equal_anovarm_for_time() -> None:
    data = study(8, {"extended": 10, "other": 10}, 4)
    centred = data.assign(
        hours=data["hours"]
        - data.groupby(["group", "wave"])["hours"].transform("mean")
        + data.groupby("wave")["hours"].transform("mean")
    )
    expected = AnovaRM(centred, "hours", "person", ["wave"]).fit().anova_table.iloc[0]
    row = analysed(centred).loc["wave"]
    # AnovaRM does not know the groups, so its error has (k - 1)(m - 1) = 3 degrees of freedom more.
    np.testing.assert_allclose(row["F"] / row["df2"], expected["F Value"] / expected["Den DF"], rtol=1e-8)


def test_sphericity_is_corrected_for() -> None:
    data = study(9, {"extended": 12, "other": 12}, 3)
    found = analysed(data)
    assert 0.5 <= found.loc["wave", "epsilon"] < 1
    assert found.loc["group", "epsilon"] == 1
    assert found.loc["wave", "p_corrected"] > found.loc["wave", "p"]


def test_a_person_without_a_wave_is_left_out_and_counted() -> None:
    data = study(1, {"extended": 6, "other": 6}, 3).drop(index=[0, 20])
    found = analysed(data)
    assert set(found["n"]) == {10}
    assert set(found["left_out"]) == {2}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: pd.concat([data, data.iloc[:1]]), "duplicate_measurement"),
        (lambda data: data.assign(group=data["wave"]), "changed_group"),
        (lambda data: data[data["group"] == "other"], "too_few"),
        (lambda data: data.assign(hours=1.0), "no_variance"),
    ],
)
def test_what_cannot_be_analysed_is_named(change, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        analysed(change(study(2, {"extended": 5, "other": 5}, 3)))
    assert caught.value.code == code
