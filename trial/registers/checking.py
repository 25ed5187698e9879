"""The check of a delivery: judged in a confined process with the trial's numbers, and a snapshot of what it accepts."""

from collections.abc import Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from evaluation.columns import REGISTERS
from evaluation.confined import validate_confined
from evaluation.judging import ACCEPTED, REJECTED, Judgement, People, Progress
from trial.access import planes
from trial.audit import clock
from trial.registers import snapshots
from trial.registers.actions import Checked
from trial.registers.models import Delivery
from trial.registers.queries import consented_numbers, enrolled_numbers, groups_of
from trial.registers.reasons import SET_APART
from trial.registers.storage import work_folder

SHOWN_ROWS = 1000  # of those rejected, for the page; the file of them holds every one


class FileRefused(Exception):  # noqa: N818 - an answer about the file, not an error of ours
    """The whole file is turned down; `code` as in `reasons.FILES`, `missing` the columns that it lacks."""

    def __init__(self, code: str, missing: Sequence[str]) -> None:
        super().__init__(code)
        self.code = code
        self.missing = missing


class ColumnsUnknown(FileRefused):
    """The file may well be the register, under other names: somebody has to say which column is which."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__("missing_columns", judgement.missing)
        self.header = judgement.header
        self.sample = judgement.sample


def check(delivery: Delivery, progress: Progress | None = None) -> Checked:
    """Validate the received bytes and keep the accepted rows as a snapshot.

    Raises:
        ColumnsUnknown: for a file with enough columns, of which some have names that nobody has explained.
        FileRefused: for a file that must not or cannot be used at all.
        snapshots.DamagedSnapshotError: when the stored bytes are no longer those that came.
    """
    code = delivery.trial.code
    with planes.transaction():
        people = _people(delivery)
    with (
        snapshots.opened(snapshots.received(code, delivery.sha256), delivery.sha256) as source,
        work_folder() as folder,
    ):
        found = validate_confined(
            delivery.register,
            source,
            folder=Path(folder),
            name=delivery.file_name,
            people=people,
            columns=delivery.columns,
            today=clock.today(),
            progress=progress,
        )
        if found.refused:
            raise _refusal(found)
        return _kept(delivery, found, Path(folder))


def _people(delivery: Delivery) -> People:
    trial = delivery.trial
    if not REGISTERS[delivery.register].of_persons:
        return People()
    return People(enrolled_numbers(trial), consented_numbers(trial, delivery.register), groups_of(trial))


def _refusal(found: Judgement) -> FileRefused:
    required = sum(column.required for column in REGISTERS[found.register].columns)
    if found.refused == "missing_columns" and len(found.header) >= required:
        return ColumnsUnknown(found)
    return FileRefused(found.refused or "unreadable", found.missing)


def _kept(delivery: Delivery, found: Judgement, folder: Path) -> Checked:
    code = delivery.trial.code
    snapshot = snapshots.keep(snapshots.snapshot, code, folder / ACCEPTED)
    snapshots.keep_manifest(code, snapshot, _manifest(delivery, found, folder / ACCEPTED))
    return Checked(
        rows=found.rows,
        accepted=found.accepted,
        report=_report(found),
        rejected=list(islice(rejected_rows(folder / REJECTED), SHOWN_ROWS)),
        snapshot=snapshot,
        rejected_file=snapshots.keep(snapshots.rejected, code, folder / REJECTED),
    )


def rejected_rows(path: Path) -> Any:
    """Every row of a file of rejected rows, one mapping each; never all of them in memory."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _report(found: Judgement) -> dict[str, Any]:
    return {
        "reasons": dict(found.reasons),
        "set_apart": sum(found.reasons.get(code, 0) for code in SET_APART),
        "coverage": found.coverage,
        "coverage_by_group": list(found.coverage_by_group),
        "overlaps": found.overlaps,
        "blank_lines": found.blank_lines,
        "columns": list(found.columns),
        "facts": dict(found.facts),
        "profile": dict(found.profile),
    }


def _manifest(delivery: Delivery, found: Judgement, accepted: Path) -> dict[str, Any]:
    """Schema and provenance of a snapshot: enough to know in ten years what it is, and nothing about a person."""
    schema = pq.read_schema(accepted)
    return {
        "register": delivery.register,
        "trial": delivery.trial.code,
        "schema": [{"column": name, "type": str(kind)} for name, kind in zip(schema.names, schema.types, strict=True)],
        "rows": found.accepted,
        "from": {
            "delivery": str(delivery.pk),
            "source": delivery.source,
            "sha256": delivery.sha256,
            "bytes": delivery.size,
            "received_at": delivery.received_at.isoformat(),
            "columns": delivery.columns,
            "read_as": dict(found.facts),
        },
        "checked_on": clock.today().isoformat(),
        "rejected_rows": found.rejected,
        "program": f"navtrial {version('navtrial')}",
    }
