"""The whole monthly analysis from one scan, against reading the file alone, pyfixest and a plain matrix product.

Run by name: ``pytest -m benchmark tests/benchmarks/test_month_speed.py -n 0 -s``; a million people need ``-m release``.
Both sides take turns in one process, and the quickest of each counts: seconds are this machine's, the ratio tells.
What was measured is written to tests/evidence/month-speed.json and, for a million people, month-speed-xl.json.
"""

import resource
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from evaluation import Design, cells_of, effects_by_month, effects_from_cells, person_months, randomisation_test
from evaluation.simulation import simulate_seklar
from tests.evidence import keep

OUTCOMES = ("employed", "hours", "aap", "disability_benefit", "health_benefit", "employed_only", "any_measure")
SPELLS = ("employment", "benefits", "measures", "education", "work_capacity")
MONTHS = 73

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, dict[str, float]]]:
    """What each test measures, kept when all have."""
    figures: dict[str, dict[str, float]] = {}
    yield figures
    if len(figures) == 4:  # all of them
        keep("month-speed", **figures)


def quickest(*doing: Callable[[], object], rounds: int = 5) -> list[float]:
    """The quickest of several rounds of each, one after the other in every round."""
    took: list[list[float]] = [[] for _ in doing]
    for _round in range(rounds):
        for place, what in enumerate(doing):
            began = perf_counter()
            what()
            took[place].append(perf_counter() - began)
    return [min(times) for times in took]


def person_month_file(path: Path, persons: int, offices: int) -> Path:
    """Person-months as a file of small whole numbers, sorted by office and person."""
    states = ", ".join(
        f"(hash(p.id * 100 + m.month + {place}000003) % 100 < {30 + place})::UTINYINT AS {name}"
        for place, name in enumerate(OUTCOMES)
        if name != "hours"
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT m.month::TINYINT AS month, p.office, p.arm, {states}, "  # noqa: S608 - numbers of this file
            "(hash(p.id * 100 + m.month) % 76 / 2)::FLOAT AS hours "
            f"FROM (SELECT range AS id, 'office ' || range * {offices} // {persons} AS office, "
            "CASE WHEN hash(range) % 8 < 5 THEN 'intervention' ELSE 'control' END AS arm "
            f"FROM range({persons})) p, (SELECT unnest(range(-36, 37)) AS month) m) TO '{path}' (FORMAT parquet)"
        )
    return path


def only_reading(path: Path) -> None:
    """What any scan must do: unpack the same columns once."""
    columns = ", ".join(f"sum({name})" for name in ("month", *OUTCOMES)) + ", count(office), count(arm)"
    with duckdb.connect() as connection:
        connection.from_parquet(str(path)).query("panel", f"SELECT {columns} FROM panel").fetchall()  # noqa: S608


def scanned(path: Path, persons: int, reach: float) -> dict[str, Any]:
    """One scan of a file, in turns with only reading its columns."""
    ours, floor = quickest(lambda: effects_by_month(path, outcomes=OUTCOMES), lambda: only_reading(path))
    made = cells_of(path, outcomes=OUTCOMES)
    from_cells = quickest(lambda: effects_from_cells(made))[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "rows": persons * MONTHS,
        "outcomes": len(OUTCOMES),
        "ours": round(ours, 3),
        "reading": round(floor, 3),
        "ratio": round(ours / floor, 2),
        "reach": reach,
        "from_cells": round(from_cells, 4),
        "process_peak_mb": peak,
    }


@pytest.mark.benchmark
def test_one_scan_against_only_reading(tmp_path: Path, measured: dict[str, Any]) -> None:
    path = person_month_file(tmp_path / "panel.parquet", 37_777, 300)
    measured["L"] = scanned(path, 37_777, 3.0)
    print("\n", measured["L"])
    assert measured["L"]["ratio"] <= 3.0


@pytest.mark.release
def test_a_million_people(tmp_path: Path) -> None:
    found = scanned(person_month_file(tmp_path / "panel.parquet", 1_000_000, 300), 1_000_000, 2.5)
    keep("month-speed-xl", **found)
    print("\n", found)
    assert found["ratio"] <= 2.5


@pytest.mark.benchmark
def test_one_scan_against_pyfixest(tmp_path: Path, measured: dict[str, Any]) -> None:
    """pyfixest fits four of the months; its time is counted for all."""
    path = person_month_file(tmp_path / "panel.parquet", 37_777, 300)
    some = pd.read_parquet(path, filters=[("month", "in", [-3, 3, 12, 36])])
    some["treated"] = (some["arm"] == "intervention").astype(int)

    def theirs() -> None:
        for _month, frame in some.groupby("month"):
            for outcome in OUTCOMES:
                pf.feols(f"{outcome} ~ treated | office", frame, vcov="iid")

    ours, peer = quickest(lambda: effects_by_month(path, outcomes=OUTCOMES), theirs, rounds=3)
    peer = peer * MONTHS / 4
    found = {"ours": round(ours, 3), "pyfixest": round(peer, 1), "times": round(peer / ours)}
    measured["pyfixest"] = found | {"reach": 60}
    print("\n", measured["pyfixest"])
    assert peer / ours >= 60


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    frames = simulate_seklar(seed=1)
    return person_months(frames["participants"], **{name: frames[name] for name in SPELLS}, data_to=date(2020, 12, 31))


@pytest.mark.benchmark
def test_the_small_trial(panel: pd.DataFrame, measured: dict[str, Any]) -> None:
    (ours,) = quickest(lambda: effects_by_month(panel, outcomes=OUTCOMES), rounds=9)
    measured["S"] = {"rows": len(panel), "outcomes": len(OUTCOMES), "ours": round(ours, 4), "reach": 0.02}
    print("\n", measured["S"])
    assert ours <= 0.02


@pytest.mark.benchmark
def test_the_randomisation_test_against_one_matrix_product(panel: pd.DataFrame, measured: dict[str, Any]) -> None:
    """10,000 lists of the trial's own design x 73 months x 8 outcomes; the product is what no test can do without."""
    design = Design({"kind": "permuted_blocks", "multipliers": [1, 2]}, (("intervention", 5), ("control", 3)))
    outcomes = (*OUTCOMES, "aap_only")
    options = {"design": design, "outcomes": outcomes, "months": (-36, 36), "by_month": True, "seed": 1}
    rng = np.random.default_rng(1)
    lists, values = rng.random((10_000, 268)) < 0.6, rng.normal(size=(268, MONTHS * len(outcomes)))
    ours, product = quickest(
        lambda: randomisation_test(panel, **options), lambda: lists.astype(float) @ values, rounds=7
    )
    found = {"lists": 10_000, "outcomes": values.shape[1], "ours": round(ours, 3), "product": round(product, 3)}
    measured["randomisation"] = found | {"ratio": round(ours / product, 2), "reach": 0.2}
    print("\n", measured["randomisation"])
    assert ours <= 0.2
