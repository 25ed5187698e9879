"""A design tried out: the simulated people are those of the deliveries, and theory says what must come out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, TrialDesign, person_months, person_totals, simulate_design
from evaluation.__main__ import main
from evaluation.design_findings import design_results
from evaluation.design_study import DesignStudy
from evaluation.labels import LABELS
from evaluation.simulation.joint import tables
from evaluation.simulation.outcomes import SIMULATED, expected, totals_of
from evaluation.simulation.registers import Registers
from evaluation.simulation.spells import calendar_of
from evaluation.simulation.states import START, Model, draw_states

pytestmark = pytest.mark.slow

DESIGN: dict[str, Any] = {
    "method": {"kind": "permuted_blocks", "multipliers": [1, 2]},
    "arms": [["intervention", 5], ["control", 3]],
    "strata": {"Hurum": 40, "Moss": 60},
    "outcomes": ["employed", "mean_hours_per_week"],
    "effects": [0, 1],
    "trials": 200,
}


@pytest.fixture(scope="module")
def study() -> DesignStudy:
    return simulate_design(TrialDesign.from_dict(DESIGN), processes=1)


def test_totals_of_states_are_what_the_panel_finds_in_their_registers() -> None:
    rng, n = np.random.default_rng(5), 60
    participants = pd.DataFrame(
        {
            "participant_number": [f"P{i:02d}" for i in range(n)],
            "office": "Moss",
            "arm": np.where(np.arange(n) % 2 == 0, "intervention", "control"),
            "start_date": pd.Timestamp("2014-03-10"),
        }
    )
    calendar = calendar_of(participants, np.datetime64("2017-03", "M"))
    model = Model(tables(effect=1, imbalance=0), calendar.columns)
    states = draw_states(rng, (participants["arm"] == "control").to_numpy().astype(int), model, even=False)
    registers = Registers(rng, calendar, states)
    spells = {name: getattr(registers, name)() for name in ("employment", "benefits", "measures", "education")}
    panel = person_months(participants, **spells)
    found = person_totals(panel, outcomes=list(SIMULATED)).set_index("participant_number")
    for outcome in SIMULATED:
        ours = totals_of(states, outcome, (1, 36))
        np.testing.assert_allclose(found.loc[participants["participant_number"], outcome], ours, err_msg=outcome)


@pytest.mark.parametrize("outcome", SIMULATED)
def test_the_expected_effect_is_the_mean_of_many_people(outcome: str) -> None:
    model = Model(tables(effect=1, imbalance=0), START + 37)
    arm = np.repeat([0, 1], 6_000)
    values = totals_of(draw_states(np.random.default_rng(3), arm, model, even=False), outcome, (1, 36))
    for one, mean in enumerate(expected(model, outcome, (1, 36))):
        mine = values[arm == one]
        assert mine.mean() == pytest.approx(mean, abs=5 * mine.std() / np.sqrt(len(mine)))


def test_bias_coverage_level_and_power_are_what_theory_says(study: DesignStudy) -> None:
    power = study.power.set_index(["outcome", "effect"])
    assert (power["bias"].abs() < 5 * power["bias_se"]).all()
    assert (power["coverage"] > 0.95 - 5 * np.sqrt(0.95 * 0.05 / 200)).all()
    assert (power["mean_se"] / power["sd"]).between(0.75, 1.25).all()
    none = power.xs(0.0, level="effect")
    assert (none["truth"] == 0).all()
    assert (none["power"] < 0.05 + 5 * np.sqrt(0.05 * 0.95 / 200)).all()
    spread = np.sqrt(power["closed_form"] * (1 - power["closed_form"]) / 200)
    assert ((power["power"] - power["closed_form"]).abs() < 5 * spread).all()


def test_no_number_depends_on_the_number_of_processes(study: DesignStudy) -> None:
    told: list[tuple[int, int, str]] = []
    small = TrialDesign.from_dict(DESIGN | {"trials": 160, "outcomes": ["employed"]})
    one = simulate_design(small, processes=1)
    two = simulate_design(small, processes=2, progress=lambda *step: told.append(step))
    pd.testing.assert_frame_equal(one.estimates, two.estimates)
    assert [step[0] for step in told] == list(range(1, told[-1][1] + 1))
    other = simulate_design(TrialDesign.from_dict(DESIGN | {"trials": 10, "seed": 2}), processes=1)
    assert not np.allclose(other.estimates["estimate"][:10], study.estimates["estimate"][:10])


def test_outcomes_that_go_missing_leave_persons_out_and_power_with_them(study: DesignStudy) -> None:
    half = simulate_design(TrialDesign.from_dict(DESIGN | {"attrition": 0.5, "trials": 50}), processes=1)
    assert half.estimates["n"].mean() == pytest.approx(50, abs=5)
    assert half.power["mean_se"].iloc[0] > 1.2 * study.power["mean_se"].iloc[0]
    assert half.power["closed_form"].iloc[1] < study.power["closed_form"].iloc[1]


@pytest.mark.parametrize(
    "method",
    [
        {"kind": "simple"},
        {"kind": "big_stick", "bound": 3},
        {"kind": "minimisation", "factors": {"sex": 1}, "probability": [4, 5]},
    ],
)
def test_every_method_can_be_tried_out(method: dict[str, Any]) -> None:
    even = {"method": method, "arms": [["intervention", 1], ["control", 1]], "trials": 10, "strata": {"Moss": 30}}
    found = simulate_design(TrialDesign.from_dict(DESIGN | even), processes=1)
    assert found.power["trials"].sum() == 40
    assert 0.5 <= next(iter(found.foreseen.values())).guess_share <= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", {"kind": "magic"}),
        ("method", []),
        ("arms", [["intervention", 1]]),
        ("arms", "two"),
        ("control", "nobody"),
        ("strata", {}),
        ("strata", {"Moss": 0}),
        ("strata", {"Moss": 50_000}),
        ("outcomes", ["happiness"]),
        ("outcomes", []),
        ("months", [1, 90]),
        ("months", [1]),
        ("effects", []),
        ("effects", [9]),
        ("effects", ["one"]),
        ("covariance", "HC9"),
        ("alpha", 2),
        ("attrition", 1),
        ("trials", 3),
        ("trials", 1.5),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(field: str, value: object) -> None:
    with pytest.raises(EvaluationError) as caught:
        simulate_design(TrialDesign.from_dict(DESIGN | {field: value}), processes=1)
    assert caught.value.code == "design_invalid"
    assert str(caught.value).startswith(f"{field}:")


def test_what_must_be_given_is_asked_for() -> None:
    for missing in ("method", "arms", "strata"):
        with pytest.raises(EvaluationError, match=missing):
            TrialDesign.from_dict({name: value for name, value in DESIGN.items() if name != missing})
    with pytest.raises(EvaluationError, match="object"):
        TrialDesign.from_dict([])


def test_the_findings_hold_words_and_plain_numbers(study: DesignStudy) -> None:
    results = design_results(study)
    text = json.dumps(results.to_dict(), allow_nan=False)
    columns = {column for finding in json.loads(text)["findings"] for column in finding["columns"]}
    assert columns <= set(LABELS)
    assert results.manifest["plan"] == study.design.sha256


def test_the_command_writes_tables_figures_and_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    design = tmp_path / "design.json"
    design.write_text(json.dumps(DESIGN | {"trials": 20, "outcomes": ["employed"]}))
    assert main(["simulate", str(design), "--out", str(tmp_path / "power"), "--processes", "1"]) == 0
    told = capsys.readouterr()
    assert "Styrke" in told.out
    assert "1/2 design" in told.err
    for name in ("report.html", "tables/design-power.csv", "figures/power-curve.svg", "figures/guesses.png"):
        assert (tmp_path / "power" / name).stat().st_size > 0
    design.write_text(json.dumps(DESIGN | {"trials": 1}))
    assert main(["simulate", str(design), "--out", str(tmp_path / "power")]) == 1
    assert "trials:" in capsys.readouterr().err
