"""The whole locked plan in one call: deliveries in, findings and manifest out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.findings import Finding, Results
from evaluation.masking import shuffled
from evaluation.plan import Plan
from evaluation.shares import require_columns
from evaluation.steps import Analysis
from evaluation.writing import write_results

Progress = Callable[[int, int, str], None]
Deliveries = Mapping[str, pd.DataFrame | Path]


def run(
    plan: Plan,
    deliveries: Deliveries,
    *,
    progress: Progress | None = None,
    masked: bool = False,
    seed: int | None = None,
    out: Path | None = None,
    deviations: Mapping[str, Any] | None = None,
    uncovered: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Results:
    """Carry out every analysis of a plan.

    Args:
        plan: the locked plan.
        deliveries: register -> accepted rows (a frame, or the Parquet snapshot they lie in). `participants` has
            participant_number, office, arm and start_date, and the baseline columns.
        progress: called as progress(done, total, label) before each step and at the end.
        masked: rehearse: the arms are shuffled within strata and called A and B, so that nothing is learnt.
        seed: for the shuffle and the audit sample; from the plan's hash if left out.
        out: a folder to write the results to (`write_results`).
        deviations: fields of the plan that are done otherwise than was locked. Every finding is then marked as
            exploratory, and the manifest says what was planned and what was done.
        uncovered: register -> numbers of those whom it was not asked about, such as people who did not consent to it:
            that it holds no row of theirs is then a missing value, and no zero.

    Returns:
        Results. The same inputs give the same bytes, whatever the order of rows in a register, whatever the machine's
        number of threads.

    Raises:
        EvaluationError: a register or an outcome that the plan needs is not there, no contrast, engines that differ.
    """
    seed = int(plan.sha256[:12], 16) if seed is None else seed
    frames = read_frames(deliveries)
    _refuse_empty_cells(frames["participants"], plan)
    manifest = manifest_of(plan, deliveries, frames)
    carried_out = Plan.from_dict(plan.to_dict() | dict(deviations or {}))
    changed = _changed(plan, carried_out)
    if masked:
        frames["participants"], carried_out = shuffled(frames["participants"], carried_out, seed)
    findings, check = _carried_out(Analysis(carried_out, frames, seed, uncovered), progress or silent)
    if changed:
        findings = tuple(replace(one, notes={**one.notes, "exploratory": sorted(changed)}) for one in findings)
    made = {"seed": seed, "masked": masked, "check": check, "deviations": changed}
    results = Results(findings, manifest | made)
    if out is not None:
        write_results(results, out)
    return results


def silent(_done: int, _total: int, _label: str) -> None:
    """Tell nobody."""


def read_frames(deliveries: Deliveries) -> dict[str, pd.DataFrame]:
    """Every register as a frame, with the participants among them.

    Raises:
        EvaluationError: `missing_register`, `unknown_outcome` for a column that participants must have.
    """
    frames = {name: _frame(source) for name, source in deliveries.items()}
    if "participants" not in frames:
        raise EvaluationError("missing_register", "the delivery of participants is missing")
    require_columns(frames["participants"], ["participant_number", "office", "arm", "start_date"])
    return frames


def _frame(source: pd.DataFrame | Path) -> pd.DataFrame:
    return pd.read_parquet(source) if isinstance(source, Path) else source


def _refuse_empty_cells(participants: pd.DataFrame, plan: Plan) -> None:
    """Nobody is left out of an analysis, or counted in another arm, because of an empty cell."""
    drawn = [name for name in (plan.strata, plan.unit) if name]
    needed = list(dict.fromkeys(["participant_number", "office", "arm", "start_date", *drawn]))
    require_columns(participants, needed)
    for name in needed:
        empty = int(participants[name].isna().sum())
        if empty:
            raise EvaluationError("empty_cell", f"participants: {empty} persons have no {name}")


def _carried_out(analysis: Analysis, progress: Progress) -> tuple[tuple[Finding, ...], dict[str, Any]]:
    steps = analysis.steps()
    total, found = len(steps) + 1, []
    for done, (label, step) in enumerate(steps):
        progress(done, total, label)
        found += step()
    progress(len(steps), total, "check")
    check = analysis.check()
    progress(total, total, "done")
    return tuple(found), check


def _changed(plan: Plan, carried_out: Plan) -> dict[str, dict[str, Any]]:
    """Field -> what was planned and what is done, for the fields in which the two differ."""
    return {
        part.name: {"planned": planned, "done": done}
        for part in fields(Plan)
        if (planned := getattr(plan, part.name)) != (done := getattr(carried_out, part.name))
    }


class Named(Protocol):
    """What a manifest says of a plan."""

    @property
    def trial(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def reference(self) -> str: ...


def manifest_of(plan: Named, deliveries: Deliveries, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """From what results are made: plan, program, and every delivery by its SHA-256."""
    return {
        "trial": plan.trial,
        "plan": plan.sha256,
        "reference": plan.reference,
        "program": f"navtrial {version('navtrial')}",
        "deliveries": {name: _digest(deliveries[name], frames[name]) for name in sorted(deliveries)},
        "persons": len(frames["participants"]),
    }


def _digest(source: pd.DataFrame | Path, frame: pd.DataFrame) -> str:
    """The SHA-256 of a snapshot's bytes, or of a frame's contents where there is no file."""
    if isinstance(source, Path):
        return sha256(source.read_bytes()).hexdigest()
    return sha256(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()).hexdigest()
