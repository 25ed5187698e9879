"""The terminal: check says what is wrong, run writes the results, exit codes tell a script how it went."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from evaluation.__main__ import main
from evaluation.simulation import margins
from tests.evaluation.trials import SHORT

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(deliveries: dict[str, pd.DataFrame], tmp_path: Path) -> Path:
    place = tmp_path / "deliveries"
    place.mkdir()
    for name, frame in deliveries.items():
        frame.to_csv(place / f"{name}.csv", index=False, sep=";")
    (tmp_path / "plan.json").write_bytes(SHORT.canonical)
    return place


def test_clean_files_are_said_to_be_clean(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder)]) == 0
    assert "participants: 268 of 268 rows accepted" in capsys.readouterr().out


def test_a_rejected_row_is_shown_and_tells_on_the_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "benefits.csv").open("a") as file:
        file.write("P0001;2015-01-01;;TROLL\n")
    assert main(["check", str(folder), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)["benefits"]
    assert [row["code"] for row in report["rejected"]] == ["unknown_code"]
    assert main(["check", str(folder)]) == 1
    assert "benefit: not in the code list" in capsys.readouterr().out


def test_a_run_writes_its_results_and_shows_both_tables(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    assert main(["run", str(tmp_path / "plan.json"), str(folder), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "Tabell 2" in said.out
    assert "table-2" in said.err
    assert (out / "report.html").exists()


def test_a_run_does_not_leave_rows_out_unasked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "benefits.csv").open("a") as file:
        file.write("P9999;2015-01-01;;AAP\n")
    command = ["run", str(tmp_path / "plan.json"), str(folder), "--out", str(tmp_path / "results")]
    assert main(command) == 1
    assert "no participant has this number" in capsys.readouterr().err
    assert main([*command, "--leave-out-rejected", "--masked"]) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "wages.csv").write_text("a;b\n"), "wages.csv"),
        (lambda folder: (folder / "benefits.parquet").write_text(""), "twice"),
        (lambda folder: [path.unlink() for path in folder.iterdir()], "no register file"),
        (lambda folder: (folder.parent / "plan.json").write_text("{"), "plan.json"),
        (lambda folder: (folder.parent / "plan.json").write_text('{"trial": "x", "alpha": "2"}'), "alpha"),
        (lambda folder: (folder / "participants.csv").unlink(), "participants"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(folder: Path, change, said: str, capsys) -> None:
    change(folder)
    assert main(["run", str(folder.parent / "plan.json"), str(folder), "--out", str(folder.parent / "out")]) == 1
    assert said in capsys.readouterr().err


def test_simulated_deliveries_pass_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seed", "1", "--out", str(tmp_path / "made")]) == 0
    assert main(["check", str(tmp_path / "made")]) == 0
    assert "participants: 268 of 268" in capsys.readouterr().out


def test_reports_are_written_and_columns_may_be_called_something_else(folder: Path, tmp_path: Path) -> None:
    rows = (folder / "benefits.csv").read_text().replace("participant_number", "LNR").replace("benefit;", "YTELSE;")
    (folder / "benefits.csv").write_text(rows + "P9999;2015-01-01;;AAP\n")
    renamed = {"benefits": {"lnr": "participant_number", "ytelse": "benefit"}}
    (tmp_path / "columns.json").write_text(json.dumps(renamed))
    out = tmp_path / "reports"
    command = ["check", str(folder), "--columns", str(tmp_path / "columns.json"), "--out", str(out)]
    assert main(command) == 1
    report = json.loads((out / "benefits.report.json").read_text())
    rejected = (out / "benefits.rejected.csv").read_text().splitlines()
    assert report["rows"] == report["accepted"] + report["rejected"]
    assert rejected[1].split(",")[3] == "unknown_participant"
    assert len(pd.read_parquet(out / "benefits.parquet")) == report["accepted"]


def test_a_known_trial_is_simulated_and_its_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "--like", "proba", "--persons", "300", "--seed", "1", "--out", str(tmp_path), "--json"]
    assert main(command) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[str(tmp_path / "participants.csv")] == 300
    national = ["simulate", "--like", "national", "--persons", "200", "--seed", "1", "--out", str(tmp_path / "n")]
    assert main(national) == 0
    assert "200/200 persons" in capsys.readouterr().err
    assert main(["simulate", "--seed", "1", "--persons", "5", "--out", str(tmp_path)]) == 1
    assert "268" in capsys.readouterr().err


def test_exact_means_every_share_of_table_1(tmp_path: Path) -> None:
    assert main(["simulate", "--exact", "--seed", "1", "--out", str(tmp_path)]) == 0
    people = pd.read_csv(tmp_path / "participants.csv")
    men = people[people["sex"] == "man"]["arm"].value_counts()
    assert tuple(men[arm] for arm in margins.ARMS) == margins.TRAITS["men"]


def test_the_commands_need_nothing_of_the_application(folder: Path, tmp_path: Path) -> None:
    """As in an analysis room: another folder, no environment, and Django is not even loaded."""
    program = (
        "import runpy, sys; sys.argv = ['evaluation', *sys.argv[1:]]\n"
        "try: runpy.run_module('evaluation', run_name='__main__')\n"
        "finally: assert not {'django', 'celery', 'trial'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, "check", str(folder)],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
