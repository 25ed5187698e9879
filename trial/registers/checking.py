"""The check of a delivery: `evaluation.validate` with the trial's own numbers, and a snapshot of what it accepts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from evaluation.deliveries import ValidationReport, validate
from trial.audit import clock
from trial.registers import snapshots
from trial.registers.actions import Checked
from trial.registers.models import Delivery
from trial.registers.queries import consented_numbers, enrolled_numbers
from trial.registers.reasons import SET_APART


class FileRefused(Exception):  # noqa: N818 - an answer about the file, not an error of ours
    """The whole file is turned down; `code` as in `reasons.FILES`, `missing` the columns that it lacks."""

    def __init__(self, code: str, missing: Sequence[str]) -> None:
        super().__init__(code)
        self.code = code
        self.missing = missing


def check(delivery: Delivery) -> Checked:
    """Validate the received bytes and keep the accepted rows as a snapshot.

    Raises:
        FileRefused: for a file that must not or cannot be used at all.
        snapshots.DamagedSnapshotError: when the bytes on disk are no longer those that came.
    """
    code = delivery.trial.code
    path = snapshots.verified(snapshots.received(code, delivery.sha256), delivery.sha256)
    report = validate(
        delivery.register,
        path,
        name=delivery.file_name,
        participants=enrolled_numbers(delivery.trial),
        consented=consented_numbers(delivery.trial, delivery.register),
        today=clock.today(),
    )
    if report.refused:
        raise FileRefused(report.refused, report.missing)
    return _checked(report, snapshots.keep(code, lambda place: _write(report, place)))


def _write(report: ValidationReport, place: Path) -> None:
    report.accepted.to_parquet(place, engine="pyarrow", compression="zstd", index=False)


def _checked(report: ValidationReport, snapshot: str) -> Checked:
    reasons = Counter(row.code for row in report.rejected)
    return Checked(
        rows=report.rows,
        accepted=len(report.accepted),
        report={
            "reasons": dict(sorted(reasons.items())),
            "set_apart": sum(reasons[code] for code in SET_APART),
            "coverage": report.coverage,
            "overlaps": report.overlaps,
            "columns": [str(column) for column in report.accepted.columns],
        },
        rejected=[
            {"line": row.line, "column": row.column or "", "reason": row.code, "value_class": row.value_class}
            for row in report.rejected
        ],
        snapshot=snapshot,
    )
