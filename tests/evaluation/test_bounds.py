"""Bounds of an effect when outcomes are missing: they hold the truth, and only the truth can make them meet."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from evaluation import lee_bounds, manski_bounds


def trial(rng: np.random.Generator, persons: int = 600, effect: float = 2.0) -> pd.DataFrame:
    """Persons with low values are missed more often, and only in the control arm: the plain difference is off."""
    treated = rng.random(persons) < 0.5
    level = rng.normal(0, 3, persons)
    gone = ~treated & (rng.random(persons) < np.where(level < 0, 0.3, 0.1))
    y = np.where(gone, np.nan, 10 + level + effect * treated)
    office = rng.choice(["Moss", "Rygge"], persons)
    return pd.DataFrame({"office": office, "arm": np.where(treated, "intervention", "control"), "y": y})


def test_lee_trims_what_the_other_arm_lacks() -> None:
    """Ten treated, all seen; ten controls, eight seen: a fifth is trimmed, the two largest or the two smallest."""
    y = [*range(1, 11), *range(1, 9), np.nan, np.nan]
    persons = pd.DataFrame({"office": "Moss", "arm": ["intervention"] * 10 + ["control"] * 10, "y": y})
    row = lee_bounds(persons, outcomes=["y"]).iloc[0]
    assert row["lower"] == pytest.approx(4.5 - 4.5)
    assert row["upper"] == pytest.approx(6.5 - 4.5)
    assert row["trimmed"] == pytest.approx(0.2)
    assert (row["treated_missing"], row["control_missing"]) == (0, 2)
    mirrored = persons.assign(arm=persons["arm"].map({"intervention": "control", "control": "intervention"}))
    other = lee_bounds(mirrored, outcomes=["y"]).iloc[0]
    assert (other["lower"], other["upper"]) == pytest.approx((-row["upper"], -row["lower"]))


def test_lee_cuts_through_a_person_where_the_share_does() -> None:
    y = [1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 2.0, 3.0, np.nan]
    persons = pd.DataFrame({"office": "Moss", "arm": ["intervention"] * 5 + ["control"] * 4, "y": y})
    row = lee_bounds(persons, outcomes=["y"]).iloc[0]
    assert row["lower"] == pytest.approx((1 + 2 + 3 + 0.75 * 4) / 3.75 - 2)


@pytest.mark.slow
def test_lee_covers_the_effect_and_its_standard_errors_are_those_of_repetition() -> None:
    rng = np.random.default_rng(6)
    rows = pd.concat([lee_bounds(trial(rng), outcomes=["y"]) for _trial in range(400)])
    assert ((rows["ci_low"] <= 2) & (rows["ci_high"] >= 2)).mean() >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 400)
    for end in ("lower", "upper"):
        assert rows[f"{end}_se"].mean() == pytest.approx(rows[end].std(), rel=0.12)


def test_manski_is_the_least_and_the_most_of_every_completion() -> None:
    y = [3, 0, 2, np.nan, 1, 2, np.nan, 0]
    arm = ["intervention", "intervention", "control", "control"] * 2
    persons = pd.DataFrame({"office": ["Moss"] * 4 + ["Rygge"] * 4, "arm": arm, "employed": y})
    row = manski_bounds(persons, outcomes=["employed"], months=(1, 3)).iloc[0]
    possible = []
    for values in product(range(4), repeat=2):
        whole = persons.assign(employed=np.where(persons["employed"].isna(), 0, persons["employed"]))
        whole.loc[persons["employed"].isna(), "employed"] = values
        means = whole.groupby(["office", "arm"])["employed"].mean().unstack()
        possible.append((means["intervention"] - means["control"]).mean())
    assert (row["lower"], row["upper"]) == pytest.approx((min(possible), max(possible)))


def test_without_gaps_the_bounds_meet_at_the_effect() -> None:
    persons = trial(np.random.default_rng(1)).dropna().assign(employed=lambda f: (f["y"] > 10).astype(float))
    for row in (
        lee_bounds(persons, outcomes=["employed"]).iloc[0],
        manski_bounds(persons, outcomes=["employed"], months=(1, 1)).iloc[0],
    ):
        assert row["lower"] == pytest.approx(row["upper"])
        assert row["reason"] == "nothing_missing"


def test_what_has_no_bounds_is_named() -> None:
    persons = trial(np.random.default_rng(1)).rename(columns={"y": "total_hours"})
    assert manski_bounds(persons, outcomes=["total_hours"])["reason"].item() == "no_limits"
    apart = persons[(persons["office"] == "Moss") == (persons["arm"] == "control")]
    assert lee_bounds(apart, outcomes=["total_hours"])["reason"].item() == "no_contrast"
    few = persons.assign(total_hours=persons["total_hours"].where(persons["office"] == "Moss"))
    assert lee_bounds(few, outcomes=["total_hours"])["reason"].item() == "too_few"
