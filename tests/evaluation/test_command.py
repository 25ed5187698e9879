"""The terminal: check says what is wrong, run writes the results, exit codes tell a script how it went."""

import json
from pathlib import Path

import pandas as pd
import pytest

from evaluation.__main__ import main
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
