"""`python -m evaluation check deliveries/`: every row of every register file of a folder, with bounded memory."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from evaluation.columns import REGISTERS
from evaluation.deliveries import FILE_REASONS, ROW_REASONS, validate_file
from evaluation.errors import EvaluationError
from evaluation.formats import ARCHIVES, SUFFIXES
from evaluation.judging import ACCEPTED, REJECTED, Judgement, People
from evaluation.terminal import clear_line, show_rows

SHOWN_ROWS: Final = 10
Renamed = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Checked:
    """What was found of a register, and the folder in which its accepted and rejected rows lie."""

    judgement: Judgement
    folder: Path

    @property
    def is_clean(self) -> bool:
        return not self.judgement.refused and not self.judgement.rejected

    @property
    def accepted(self) -> Path:
        return self.folder / ACCEPTED

    def rejected_rows(self) -> Iterator[dict[str, Any]]:
        """Line, column, value_class, code and sentence of every rejected row, never all of them in memory."""
        if self.judgement.refused:
            return
        with pq.ParquetFile(self.folder / REJECTED) as file:
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    code = row.pop("reason")
                    yield row | {"column": row["column"] or None, "code": code, "sentence": ROW_REASONS[code]}


def check_folder(folder: Path, work: Path, *, columns: Renamed | None = None) -> dict[str, Checked]:
    """Judge every register file of a folder; the participants first, since the others are held against them.

    Args:
        work: a folder for the rows, which the results point to.
        columns: register -> column of the file -> column of the register.

    Raises:
        EvaluationError: `no_folder`, `unknown_register`, `two_files`, `no_deliveries`.
    """
    files = _files(folder)
    found: dict[str, Checked] = {}
    people = People()
    for register in (name for name in REGISTERS if name in files):
        own = work / register
        own.mkdir(parents=True)
        judgement = validate_file(
            register,
            files[register],
            folder=own,
            people=people if REGISTERS[register].of_persons else People(),
            columns=(columns or {}).get(register),
            today=date.today(),  # noqa: DTZ011 - the day at the machine on which the files lie
            progress=partial(show_rows, register),
        )
        clear_line()
        found[register] = Checked(judgement, own)
        if register == "participants" and not judgement.refused:
            people = People(set(pq.read_table(own / ACCEPTED, columns=["participant_number"])[0].to_pylist()))
    return found


def lines_of(checked: Checked) -> list[str]:
    """A delivery's report: one line, and the first rejected rows."""
    found = checked.judgement
    if found.refused:
        missing = f": {', '.join(found.missing)}" if found.missing else ""
        return [f"{found.register}: REFUSED, {found.refused}{missing} ({FILE_REASONS[found.refused]})"]
    coverage = "" if found.coverage is None else f", {found.coverage:.1%} of the participants"
    first = f"{found.register}: {found.accepted} of {found.rows} rows accepted{coverage}"
    shown = [
        f"  line {row['line']}, {row['column'] or 'whole row'}: {row['sentence']}"
        for row in islice(checked.rejected_rows(), SHOWN_ROWS)
    ]
    further = found.rejected - len(shown)
    return [first, *shown, *([f"  and {further} more"] if further else [])]


def report_of(checked: Checked) -> dict[str, Any]:
    """The whole report for machines."""
    found = checked.judgement
    return asdict(found) | {"rejected": list(checked.rejected_rows())}


def write_reports(found: Mapping[str, Checked], out: Path) -> None:
    """Write to a folder, for each register: <register>.report.json, <register>.rejected.csv and the accepted rows as
    <register>.parquet."""
    out.mkdir(parents=True, exist_ok=True)
    for register, checked in found.items():
        report = json.dumps(asdict(checked.judgement), ensure_ascii=False, indent=1)
        (out / f"{register}.report.json").write_text(report + "\n", encoding="utf-8")
        if not checked.judgement.refused:
            checked.accepted.replace(out / f"{register}.parquet")
            with (out / f"{register}.rejected.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, ["line", "column", "value_class", "code", "sentence"])
                writer.writeheader()
                writer.writerows(checked.rejected_rows())


def read_columns(path: Path | None) -> Renamed:
    """What the files call their columns: JSON, register -> column of the file -> column of the register.

    Raises:
        EvaluationError: `columns_invalid`.
    """
    if path is None:
        return {}
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return {str(register): dict(names) for register, names in content.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise EvaluationError("columns_invalid", f"{path.name} is no JSON of registers and their columns") from error


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise EvaluationError("no_folder", f"{folder} is no folder")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        name = _register_of(path)
        if name not in REGISTERS:
            raise EvaluationError(
                "unknown_register", f"{path.name}: name the file by its register, one of {', '.join(REGISTERS)}"
            )
        if name in found:
            raise EvaluationError("two_files", f"{name} lies there twice: {found[name].name}, {path.name}")
        found[name] = path
    if not found:
        raise EvaluationError("no_deliveries", f"{folder} holds no register file ({', '.join(SUFFIXES)})")
    return found


def _register_of(path: Path) -> str:
    """employment.csv, employment.csv.gz and employment.zip are all deliveries of employment."""
    return Path(path.stem).stem if path.suffix.lower() in ARCHIVES else path.stem
