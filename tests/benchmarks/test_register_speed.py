"""Registers to person-months, and files to verdicts: how long and how much memory, beside the peers in the same run.

Run by name: ``pytest -m benchmark tests/benchmarks/test_register_speed.py -n 0 -s``. Seconds are this machine's; the
ratios are what counts. ``REGISTER_PERSONS=1000000`` makes the large panel of 73 million person-months (a tenth if left
out), ``REGISTER_CSV_MB=2000`` the large file (200 if left out). What was measured is written to tests/evidence.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import duckdb
import numpy as np
import pandas as pd
import pytest

from evaluation import person_months
from evaluation.simulation import write_national
from tests.evaluation.slow_panel import slow_panel

pytestmark = pytest.mark.benchmark

PERSONS, SPELLS = 37_777, 400_000
MONTHS = (-36, 36)
SLOW_PERSONS = 100
XL_PERSONS = int(os.environ.get("REGISTER_PERSONS", "100000"))
CSV_MB = int(os.environ.get("REGISTER_CSV_MB", "200"))
PANDAS_MB = 500  # beyond it the peer needs more memory than the machine has
EVIDENCE = Path(__file__).parents[1] / "evidence" / "registers-speed.json"
CHILD = """
import json, resource, sys, time
from datetime import date
from pathlib import Path
from evaluation.deliveries import validate_file
from evaluation.streaming import write_person_months
from evaluation.judging import People
what, folder = sys.argv[1], Path(sys.argv[2])
def peak_mb():  # of this process alone; what getrusage tells begins with the parent's
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
idle = peak_mb()
begun = time.perf_counter()
if what == "panel":
    files = {path.stem: path for path in (folder / "deliveries").glob("*.parquet")}
    rows = write_person_months(files, folder / "panel.parquet")
else:
    people = People({f"N{number:08d}" for number in range(100_000)})
    rows = validate_file("employment", folder / "jobs.csv", folder=folder, people=people, today=date(2026, 1, 1)).rows
seconds = time.perf_counter() - begun
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"rows": rows, "seconds": round(seconds, 2), "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
                  "peak_mb": peak_mb(), "of_which_idle_mb": idle}))
"""


def seconds(what: Callable[[], object], times: int = 3) -> float:
    took = []
    for _round in range(times):
        begun = perf_counter()
        what()
        took.append(perf_counter() - begun)
    return round(median(took), 3)


def keep(**measured: object) -> None:
    """Add to the evidence, and say it."""
    known = json.loads(EVIDENCE.read_text()) if EVIDENCE.exists() else {}
    EVIDENCE.write_text(json.dumps(known | measured, indent=1) + "\n")
    print("\n" + json.dumps(measured, indent=1))


@pytest.fixture(scope="module")
def large() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The people and jobs of PERFORMANCE's workload L."""
    rng = np.random.default_rng(1)
    start = pd.Timestamp("2017-01-01") + pd.to_timedelta(rng.integers(0, 960, PERSONS), unit="D")
    people = pd.DataFrame({"participant_number": [f"P{n:06d}" for n in range(PERSONS)], "start_date": start})
    people = people.assign(office=rng.integers(0, 300, PERSONS).astype(str), arm=rng.choice(["a", "control"], PERSONS))
    begin = pd.Timestamp("2013-01-01") + pd.to_timedelta(rng.integers(0, 2500, SPELLS), unit="D")
    end = pd.Series(begin + pd.to_timedelta(rng.integers(0, 500, SPELLS), unit="D"))
    end[rng.random(SPELLS) < 0.1] = pd.NaT
    jobs = pd.DataFrame(
        {"participant_number": people["participant_number"].to_numpy()[rng.integers(0, PERSONS, SPELLS)]}
    )
    return people, jobs.assign(
        start=begin, end=end, full_time_hours=37.5, position_percent=rng.integers(5, 100, SPELLS)
    )


def test_spells_to_person_months(large: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    people, jobs = large
    ours = seconds(lambda: person_months(people, employment=jobs, months=MONTHS))
    merge = seconds(lambda: by_merge(people, jobs), times=1)
    unnest = seconds(lambda: by_unnest(people, jobs))
    few = people[:SLOW_PERSONS]
    empty = dict.fromkeys(("benefits", "measures", "education", "work_capacity"), jobs[:0])
    loop = seconds(lambda: slow_panel(few, {"employment": jobs} | empty, MONTHS, "last_day", None), times=1)
    rows = len(people) * (MONTHS[1] - MONTHS[0] + 1)
    keep(one_register={
        "rows": rows, "spells": SPELLS, "ours_s": ours, "pandas_merge_s": merge, "duckdb_unnest_s": unnest,
        "pandas_loop_s_extrapolated": round(loop * PERSONS / SLOW_PERSONS),
        "times_pandas_merge": round(merge / ours, 1), "times_duckdb": round(unnest / ours, 1),
    })  # fmt: skip
    assert (
        by_merge(people, jobs)
        == by_unnest(people, jobs)
        == int((person_months(people, employment=jobs, months=MONTHS, min_hours=0.0001)["employed"] == 1).sum())
    )
    assert ours < merge


def by_merge(people: pd.DataFrame, jobs: pd.DataFrame) -> int:
    """Each job with each month of its person, by pandas: how many person-months are in work."""
    month = people["start_date"].dt.year * 12 + people["start_date"].dt.month
    both = jobs.merge(people.assign(first=month + MONTHS[0])[["participant_number", "first"]], on="participant_number")
    end = both["end"].fillna(pd.Timestamp("2200-12-31"))
    begin = (both["start"].dt.year * 12 + both["start"].dt.month - both["first"]).clip(lower=0)
    last = end.dt.year * 12 + end.dt.month - both["first"] - (~end.dt.is_month_end)
    last = last.clip(upper=MONTHS[1] - MONTHS[0])
    kept = last >= begin
    count = (last - begin + 1)[kept]
    rows = both[kept].loc[both.index[kept].repeat(count)]
    rows["month"] = begin[kept].repeat(count) + rows.groupby(level=0).cumcount()
    rows["hours"] = rows["full_time_hours"] * rows["position_percent"] / 100
    return len(rows.groupby(["participant_number", "month"])["hours"].sum())


def by_unnest(people: pd.DataFrame, jobs: pd.DataFrame) -> int:
    """The same by DuckDB."""
    first = f"(year(start_date) * 12 + month(start_date) + {MONTHS[0]})"
    query = f"""
    WITH located AS (
      SELECT participant_number, full_time_hours * position_percent / 100 AS hours,
        greatest(year("start") * 12 + month("start") - {first}, 0) AS a,
        least(CASE WHEN "end" IS NULL THEN 999 ELSE year("end") * 12 + month("end") - {first}
              - (CASE WHEN day("end" + INTERVAL 1 DAY) = 1 THEN 0 ELSE 1 END) END, {MONTHS[1] - MONTHS[0]}) AS b
      FROM jobs JOIN people USING (participant_number)),
    months AS (SELECT participant_number, hours, unnest(range(a, b + 1)) AS month FROM located WHERE a <= b)
    SELECT count(*) FROM (SELECT participant_number, month, sum(hours) FROM months GROUP BY ALL)"""  # noqa: S608
    with duckdb.connect() as connection:
        connection.register("jobs", jobs)
        connection.register("people", people)
        return connection.execute(query).fetchall()[0][0]


def test_all_registers_and_the_large_panel(tmp_path: Path) -> None:
    paths = write_national(tmp_path / "deliveries", persons=XL_PERSONS, seed=1)
    frames = {name: pd.read_parquet(path)[:SPELLS] for name, path in paths.items() if name != "unemployment"}
    frames["participants"] = frames["participants"][:PERSONS]
    every = seconds(lambda: person_months(**frames, months=MONTHS))
    keep(all_registers={"rows": len(frames["participants"]) * 73, "outcomes": 25, "ours_s": every})
    measured = in_a_child("panel", tmp_path)
    keep(large_panel={"persons": XL_PERSONS} | measured)
    assert measured["peak_mb"] < 2048


def test_validation_of_a_large_csv(tmp_path: Path) -> None:
    write_jobs(tmp_path / "jobs.csv", CSV_MB)
    measured = in_a_child("csv", tmp_path)
    read = f"read_csv('{tmp_path / 'jobs.csv'}', all_varchar = true)"
    query = f"SELECT count(*), count(DISTINCT position_percent) FROM {read}"  # noqa: S608
    reading = seconds(lambda: duckdb.sql(query).fetchall(), times=1)
    found = {"megabytes": CSV_MB, **measured, "duckdb_reading_only_s": reading}
    if CSV_MB <= PANDAS_MB:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found["pandas_types_and_duplicates_only_s"] = seconds(lambda: by_pandas(tmp_path / "jobs.csv"), times=1)
        found["pandas_grew_by_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before)
    keep(**{"validation" if CSV_MB <= PANDAS_MB else "validation_of_a_large_file": found})
    assert measured["peak_mb"] < 2560  # of the four gigabytes that the confined child may use


def write_jobs(path: Path, megabytes: int) -> None:
    """A register file of jobs, one row in a hundred with a fault."""
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        file.write("participant_number;start;end;full_time_hours;position_percent;employer\n")
        while file.tell() < megabytes << 20:
            n = 100_000
            day = np.datetime64("2010-01-01") + rng.integers(0, 4000, n)
            end = np.where(rng.random(n) < 0.01, "soon", (day + rng.integers(0, 900, n)).astype(str))
            percent = rng.integers(1, 10_000, n) / 100
            rows = zip(
                rng.integers(0, 100_000, n), day.astype(str), end, percent, rng.integers(10**8, 10**9, n), strict=True
            )
            file.writelines(f"N{who:08d};{a};{b};37,5;{share:.2f};{firm}\n" for who, a, b, share, firm in rows)


def by_pandas(path: Path) -> int:
    """What a script would do: read everything, turn dates and numbers, drop what is wrong or twice."""
    frame = pd.read_csv(path, sep=";", decimal=",", dtype=str)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d", errors="coerce")
    for name in ("full_time_hours", "position_percent"):
        frame[name] = pd.to_numeric(frame[name].str.replace(",", ".", regex=False), errors="coerce")
    return len(frame.dropna(subset=["start", "end"]).drop_duplicates())


def in_a_child(what: str, folder: Path) -> dict[str, float]:
    """Seconds and peak memory of a process that does nothing else."""
    done = subprocess.run([sys.executable, "-c", CHILD, what, str(folder)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
