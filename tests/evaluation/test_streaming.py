"""A panel made a part at a time is the panel made at once; a national trial is written without growing in memory."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, person_months, person_totals, validate
from evaluation.monthly_cells import cells_of
from evaluation.outcomes import OUTCOMES
from evaluation.published import TABLE_2
from evaluation.simulation import national, write_national
from evaluation.simulation.margins import ARMS
from evaluation.streaming import write_person_months
from tests.evaluation.trials import people, registers

pytestmark = pytest.mark.slow


def files(folder: Path, frames: dict[str, pd.DataFrame]) -> dict[str, Path]:
    paths = {name: folder / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        frame.to_parquet(paths[name], index=False)
    return paths


@pytest.mark.parametrize("at_once", [7, 60, 1000])
def test_parts_make_the_whole(tmp_path: Path, at_once: int) -> None:
    rng = np.random.default_rng(4)
    participants = people(rng, 60).assign(municipality=rng.choice(["0104", "0136"], 60))
    frames = {"participants": participants} | registers(rng, participants)
    rates = pd.DataFrame(
        {"municipality": "0104", "month": pd.date_range("2012-01-01", "2020-01-01", freq="MS"), "rate": 3.2}
    )
    options = {"months": (-5, 9), "data_to": date(2016, 2, 29)}
    told: list[tuple[int, int]] = []
    rows = write_person_months(
        files(tmp_path, frames | {"unemployment": rates}),
        tmp_path / "panel.parquet",
        persons_at_once=at_once,
        progress=lambda done, of: told.append((done, of)),
        **options,
    )
    whole = person_months(**frames, unemployment=rates, **options)
    stored = pd.read_parquet(tmp_path / "panel.parquet")
    assert (len(stored), told[-1]) == (rows, (60, 60))
    for name in ("participant_number", "office", "arm", "month"):
        assert stored[name].astype(whole[name].dtype).tolist() == whole[name].tolist()
    for name in (*OUTCOMES, "unemployment_rate"):
        np.testing.assert_array_equal(stored[name].astype(float), whole[name], err_msg=name)


def test_cells_of_the_file_are_the_cells_of_the_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    participants = people(rng, 80)
    frames = {"participants": participants} | registers(rng, participants)
    write_person_months(files(tmp_path, frames), tmp_path / "panel.parquet", persons_at_once=33, months=(-3, 3))
    ours = cells_of(tmp_path / "panel.parquet", outcomes=OUTCOMES, months=(-3, 3))
    theirs = cells_of(person_months(**frames, months=(-3, 3)), outcomes=OUTCOMES, months=(-3, 3))
    np.testing.assert_array_equal(ours.n, theirs.n)


def test_a_panel_without_participants_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="participants"):
        write_person_months({}, tmp_path / "panel.parquet")


def test_a_national_trial_is_written_piece_by_piece_and_passes_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(national, "CHUNK", 400)
    paths = write_national(tmp_path / "first", persons=1000, seed=3)
    again = write_national(tmp_path / "again", persons=1000, seed=3)
    numbers = pd.read_parquet(paths["participants"])["participant_number"]
    assert numbers.is_unique
    assert len(numbers) == 1000
    for register, path in paths.items():
        assert path.read_bytes() == again[register].read_bytes()
        report = validate(register, path, participants=set(numbers), today=date(2020, 1, 1))
        assert (report.refused, report.rejected) == (None, ())
    arms = pd.read_parquet(paths["participants"]).groupby("office")["arm"].value_counts().unstack(fill_value=0)
    assert (arms["intervention"] - arms["control"]).abs().max() <= 3  # one for each piece
    panel = person_months(
        pd.read_parquet(paths["participants"]), unemployment=pd.read_parquet(paths["unemployment"]), months=(-36, 0)
    )
    assert panel["unemployment_rate"].notna().all()


def test_a_national_trial_has_the_means_of_table_2(tmp_path: Path) -> None:
    paths = write_national(tmp_path, persons=6000, seed=5)
    frames = {name: pd.read_parquet(path) for name, path in paths.items() if name != "unemployment"}
    outcomes = ["employed", "mean_hours_per_week", "aap", "disability_benefit", "any_measure", "none_of_these"]
    totals = person_totals(person_months(**frames), outcomes=outcomes).groupby("arm")[outcomes].agg(["mean", "sem"])
    for outcome in outcomes:
        for arm, published in zip(ARMS, TABLE_2[outcome], strict=False):
            mean, error = totals.loc[arm, outcome]
            assert mean == pytest.approx(published, abs=4 * error + 0.06), (outcome, arm)
    treated, control = (totals.loc[arm, "employed"] for arm in ARMS)
    assert treated["mean"] - control["mean"] > 4 * np.hypot(
        treated["sem"], control["sem"]
    )  # swapped, they would not fit
    assert frames["participants"]["start_date"].between("2014-01-01", "2016-12-31").all()
    assert frames["employment"]["start"].max() <= pd.Timestamp("2019-12-31")
