"""Sums by month, stratum and arm give what the regressions on persons give, from a frame or a file of any size."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, effects_by_month, monthly_shares, person_months
from evaluation.cell_effects import effects_from_cells, shares_from_cells
from evaluation.monthly_cells import Cells, cells_of
from evaluation.regression import COVARIANCES, treatment_effects
from tests.evaluation.trials import people, registers

pytestmark = pytest.mark.slow

OUTCOMES = ["employed", "hours", "aap_and_employed", "none_of_these"]
NUMBERS = ["effect", "se", "t", "p", "ci_low", "ci_high", "df"]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    rng = np.random.default_rng(41)
    participants = people(rng, 150)
    participants.loc[149, "office"] = "Alone"
    panel = person_months(participants, **registers(rng, participants), data_to=pd.Timestamp("2018-06-30").date())
    return panel.drop(columns="calendar_month")


@pytest.fixture(scope="module")
def file(panel: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("panel") / "panel.parquet"
    panel.to_parquet(path)
    return path


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("source", ["frame", "file"])
def test_every_month_equals_the_regression_on_persons(
    panel: pd.DataFrame, file: Path, covariance: Any, source: str
) -> None:
    cells = cells_of(panel if source == "frame" else file, outcomes=OUTCOMES, months=(-36, 36))
    found = effects_from_cells(cells, covariance=covariance)
    for row in found[found["reason"] == ""].to_dict("records"):
        month = panel[(panel["month"] == row["month"]) & panel[row["outcome"]].notna()]
        persons = treatment_effects(
            month[[row["outcome"]]].to_numpy(),
            (month["arm"] == "intervention").to_numpy(),
            month["office"].to_numpy(),
            covariance,
        )
        expected = [persons.effect[0], persons.se[0], persons.t[0], persons.p[0], *np.ravel(persons.interval())]
        np.testing.assert_allclose([row[name] for name in NUMBERS], [*expected, persons.df], rtol=1e-10, atol=1e-13)
        assert row["n"] == persons.n


def test_a_file_says_the_same_whatever_its_types_and_the_number_of_threads(
    panel: pd.DataFrame, file: Path, tmp_path: Path
) -> None:
    small = panel.assign(employed=panel["employed"].astype("Int8"), aap_and_employed=panel["aap_and_employed"] > 0)
    small.to_parquet(tmp_path / "small.parquet")
    small.iloc[::-1].to_parquet(tmp_path / "backwards.parquet")
    first = cells_of(tmp_path / "small.parquet", outcomes=["employed", "hours"], threads=1)
    for again in (
        cells_of(file, outcomes=["employed", "hours"], threads=2),
        cells_of(tmp_path / "backwards.parquet", outcomes=["employed", "hours"], threads=2),
    ):
        for name in ("n", "total", "square"):
            assert getattr(again, name).tobytes() == getattr(first, name).tobytes()
    assert cells_of(tmp_path / "small.parquet", outcomes=["aap_and_employed"]).total.sum() > 0


def test_cells_of_two_groups_of_persons_add_up(panel: pd.DataFrame, tmp_path: Path) -> None:
    number = panel["participant_number"]
    parts = {name: panel[number.isin(number.unique()[part::2])] for part, name in enumerate(("even", "odd"))}
    for name, part in parts.items():
        part.to_parquet(tmp_path / f"{name}.parquet")
    panel.to_parquet(tmp_path / "whole.parquet")
    options = {"outcomes": OUTCOMES, "months": (0, 12)}
    even = cells_of(tmp_path / "even.parquet", **options)
    odd = cells_of(tmp_path / "odd.parquet", **options)
    if even.strata != odd.strata:
        with pytest.raises(EvaluationError):
            _ = even + odd
        even, odd = (_with_strata(one, tuple(sorted({*even.strata, *odd.strata}))) for one in (even, odd))
    found, whole = effects_from_cells(even + odd), effects_from_cells(cells_of(tmp_path / "whole.parquet", **options))
    pd.testing.assert_frame_equal(found, whole)
    by_pattern = effects_from_cells(cells_of(tmp_path / "[eo]*.parquet", **options))
    pd.testing.assert_frame_equal(by_pattern, whole)


def _with_strata(cells: Cells, strata: tuple[str, ...]) -> Cells:
    shape = (*cells.n.shape[:2], len(strata), 2)
    sums = {name: np.zeros(shape) for name in ("n", "total", "square")}
    for name, whole in sums.items():
        whole[:, :, [strata.index(one) for one in cells.strata]] = getattr(cells, name)
    return Cells(cells.outcomes, cells.months, strata, cells.arms, **sums, shift=cells.shift)


def test_shares_are_those_of_persons(panel: pd.DataFrame, file: Path) -> None:
    expected = monthly_shares(panel, outcomes=OUTCOMES)
    for source in (panel, file):
        found = shares_from_cells(cells_of(source, outcomes=OUTCOMES))
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)


def test_the_public_function_reads_files(panel: pd.DataFrame, file: Path) -> None:
    ours, theirs = (effects_by_month(source, outcomes=OUTCOMES, covariance="HC3") for source in (file, panel))
    np.testing.assert_allclose(ours[NUMBERS], theirs[NUMBERS], rtol=1e-9, atol=1e-12)
    assert list(ours["reason"]) == list(theirs["reason"])


@pytest.mark.parametrize("source", ["frame", "file"])
def test_what_cannot_be_estimated_says_why(panel: pd.DataFrame, tmp_path: Path, source: str) -> None:
    late = panel["month"] == 5
    apart = ~late | ((panel["office"] == "Moss") == (panel["arm"] == "control"))
    some: Any = panel.assign(
        employed=panel["employed"].where(apart),
        hours=panel["hours"].where(~late, 7.3),
        aap_and_employed=panel["aap_and_employed"].where(~late),
    )
    if source == "file":
        some.to_parquet(tmp_path / "some.parquet")
        some = tmp_path / "some.parquet"
    found = effects_by_month(some, outcomes=["employed", "hours", "aap_and_employed"], months=(5, 5))
    assert list(found["reason"]) == ["no_contrast", "no_variance", "no_contrast"]
    assert found["effect"].fillna(-1).tolist() == [-1, 0, -1]
    clustered = panel[panel["office"].isin(["Moss", "Alone"])]
    few = effects_by_month(clustered, outcomes=["employed"], months=(1, 1), covariance="CR2")
    assert few["reason"].item() == "too_few"


def test_a_column_that_is_not_there_and_an_arm_too_many_are_named(panel: pd.DataFrame, file: Path) -> None:
    for source in (panel, file):
        with pytest.raises(EvaluationError, match="happiness"):
            cells_of(source, outcomes=["happiness"])
    with pytest.raises(EvaluationError) as caught:
        effects_by_month(file, outcomes=["employed"], control="nobody")
    assert caught.value.code == "no_control"


def test_a_name_with_a_quote_is_a_name(panel: pd.DataFrame, tmp_path: Path) -> None:
    odd = 'employed"; DROP'
    panel.rename(columns={"employed": odd}).to_parquet(tmp_path / "odd.parquet")
    assert cells_of(tmp_path / "odd.parquet", outcomes=[odd]).n.sum() > 0
