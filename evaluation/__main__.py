"""The evaluation from a terminal: check deliveries, run a plan, try a design out, simulate deliveries. See --help.

Exit codes: 0 done; 1 the deliveries or the plan do not allow it (said on standard error); 2 wrong arguments.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation.columns import REGISTERS
from evaluation.comparing.plan import KIND as COMPARISON
from evaluation.comparing.plan import ComparisonPlan
from evaluation.deliveries import ValidationReport, validate
from evaluation.errors import EvaluationError
from evaluation.plan import Plan
from evaluation.published import remark

DONE: Final = 0
NOT_POSSIBLE: Final = 1
SUFFIXES: Final = (".csv", ".parquet")
SHOWN_ROWS: Final = 10
OF_TRIAL: Final = ("table-1", "table-2")
OF_COMPARISON: Final = ("table-3-2", "table-4-1", "table-v1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except EvaluationError as error:
        _tell(f"{error.code}: {error}")
        return NOT_POSSIBLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="Evaluation of trials on register data.")
    commands = parser.add_subparsers(required=True, metavar="command")

    check = commands.add_parser("check", help="judge every row of the register files in a folder")
    check.add_argument("deliveries", type=Path, help="folder with participants.csv, employment.csv, ...")
    check.add_argument("--json", action="store_true", help="the whole report as JSON")
    check.set_defaults(command=_check)

    run = commands.add_parser("run", help="carry out a locked plan: tables, figures, report, manifest")
    run.add_argument("plan", type=Path, help="plan.json")
    run.add_argument("deliveries", type=Path, help="folder with the register files")
    run.add_argument("--out", type=Path, required=True, help="folder for the results")
    run.add_argument("--masked", action="store_true", help="rehearse on shuffled arms, called A and B")
    run.add_argument("--leave-out-rejected", action="store_true", help="run without the rows that were rejected")
    run.add_argument("--language", choices=("nb", "en"), default="nb", help="of figures and report")
    run.add_argument("--json", action="store_true", help="print every number as JSON")
    run.set_defaults(command=_run)

    simulate = commands.add_parser(
        "simulate", help="try a design out before it is locked, or write simulated deliveries of a trial like SE-KLAR"
    )
    simulate.add_argument("design", type=Path, nargs="?", help="design.json: power, bias, coverage, predictability")
    simulate.add_argument("--out", type=Path, required=True, help="folder for the study, or for the register files")
    simulate.add_argument("--seed", type=int, help="the same seed gives the same numbers (a design has its own)")
    simulate.add_argument("--processes", type=int, help="for a design; as many as there are cores if left out")
    simulate.add_argument("--language", choices=("nb", "en"), default="nb", help="of the design's figures and report")
    simulate.add_argument("--json", action="store_true", help="print the design's numbers as JSON")
    simulate.add_argument("--effect", type=float, default=1.0, help="1 as published, 0 none (default 1)")
    simulate.set_defaults(command=_simulate)
    return parser


def _check(options: argparse.Namespace) -> int:
    reports = _reports(options.deliveries)
    if options.json:
        print(json.dumps({name: report.as_dict() for name, report in reports.items()}, ensure_ascii=False, indent=1))
    else:
        for report in reports.values():
            print("\n".join(_lines(report)))
    return DONE if all(_is_clean(report) for report in reports.values()) else NOT_POSSIBLE


def _run(options: argparse.Namespace) -> int:
    # The estimators take a second to load: a command that only checks files need not wait for them.
    from evaluation.comparing.running import compare_measures  # noqa: PLC0415
    from evaluation.running import run  # noqa: PLC0415
    from evaluation.tables import as_text  # noqa: PLC0415
    from evaluation.writing import write_results  # noqa: PLC0415

    plan = _plan(options.plan)
    if options.masked and isinstance(plan, ComparisonPlan):
        raise EvaluationError("plan_invalid", "a comparison without a draw has no arms to mask")
    frames = _accepted(_reports(options.deliveries), leave_out=options.leave_out_rejected)
    if isinstance(plan, ComparisonPlan):
        results = compare_measures(plan, frames, progress=_progress)
    else:
        results = run(plan, frames, progress=_progress, masked=options.masked)
    write_results(results, options.out, language=options.language)
    if options.json:
        print(json.dumps(results.to_dict(), ensure_ascii=False, indent=1))
        return DONE
    control = "B" if options.masked else plan.control
    reference = "" if options.masked else plan.reference
    for name in _shown_tables(plan):
        finding = results[name]
        print(finding.title[options.language])
        print(as_text(finding, control=control, reference=reference, language=options.language))
        print(remark(reference, name, options.language))
    return DONE


def _shown_tables(plan: Plan | ComparisonPlan) -> tuple[str, ...]:
    return OF_COMPARISON if isinstance(plan, ComparisonPlan) else OF_TRIAL


def _simulate(options: argparse.Namespace) -> int:
    if options.design:
        return _try_out(options)
    if options.seed is None:
        raise EvaluationError("seed_missing", "simulated deliveries need a --seed, so that they can be made again")
    from evaluation.simulation import simulate_seklar, write_deliveries  # noqa: PLC0415 - loads scipy

    for path in write_deliveries(simulate_seklar(seed=options.seed, effect=options.effect), options.out):
        print(path)
    return DONE


def _try_out(options: argparse.Namespace) -> int:
    """Carry a design out on simulated people."""
    from evaluation.design_command import as_lines, read_design, try_out  # noqa: PLC0415 - loads the estimators

    design = read_design(options.design, seed=options.seed)
    how = {"language": options.language, "processes": options.processes}
    results = try_out(design, options.out, progress=_progress, **how)
    if options.json:
        print(json.dumps(results.to_dict(), ensure_ascii=False, indent=1))
    else:
        print("\n".join(as_lines(results, options.language)))
    return DONE


def _plan(path: Path) -> Plan | ComparisonPlan:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, json.JSONDecodeError) as error:
        raise EvaluationError("plan_invalid", f"{path.name} could not be read as JSON: {error}") from error
    if isinstance(content, dict) and content.get("kind") == COMPARISON:
        return ComparisonPlan.from_dict(content)
    return Plan.from_dict(content)


def _reports(folder: Path) -> dict[str, ValidationReport]:
    """Judge every register file of a folder; the participants first, since the others are held against them."""
    files = _files(folder)
    today = date.today()  # noqa: DTZ011 - the day at the machine on which the files lie
    reports: dict[str, ValidationReport] = {}
    numbers = None
    for register in REGISTERS:
        if register in files:
            reports[register] = validate(register, files[register], participants=numbers, today=today)
        if register == "participants" and register in reports and not reports[register].refused:
            numbers = set(reports[register].accepted["participant_number"])
    return reports


def _files(folder: Path) -> Mapping[str, Path]:
    if not folder.is_dir():
        raise EvaluationError("no_folder", f"{folder} is no folder")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            if path.stem not in REGISTERS:
                raise EvaluationError(
                    "unknown_register", f"{path.name}: name the file by its register, one of {', '.join(REGISTERS)}"
                )
            if path.stem in found:
                raise EvaluationError(
                    "two_files", f"{path.stem} lies there twice: {found[path.stem].name}, {path.name}"
                )
            found[path.stem] = path
    if not found:
        raise EvaluationError("no_deliveries", f"{folder} holds no register file (.csv or .parquet)")
    return found


def _accepted(reports: Mapping[str, ValidationReport], *, leave_out: bool) -> dict[str, pd.DataFrame]:
    for report in reports.values():
        if report.refused or (report.rejected and not leave_out):
            _tell("\n".join(_lines(report)))
            hint = "" if report.refused else "; --leave-out-rejected runs without the rejected rows"
            raise EvaluationError("not_accepted", f"{report.register} cannot be used as it is{hint}")
    return {name: report.accepted for name, report in reports.items()}


def _is_clean(report: ValidationReport) -> bool:
    return not report.refused and not report.rejected


def _lines(report: ValidationReport) -> list[str]:
    """A delivery's report: one line, and the first rejected rows."""
    if report.refused:
        missing = f": {', '.join(report.missing)}" if report.missing else ""
        return [f"{report.register}: REFUSED, {report.refused}{missing}"]
    coverage = "" if report.coverage is None else f", {report.coverage:.1%} of the participants"
    first = f"{report.register}: {len(report.accepted)} of {report.rows} rows accepted{coverage}"
    rows = [f"  line {row.line}, {row.column or 'whole row'}: {row.sentence}" for row in report.rejected[:SHOWN_ROWS]]
    further = len(report.rejected) - len(rows)
    return [first, *rows, *([f"  and {further} more"] if further else [])]


def _progress(done: int, total: int, label: str) -> None:
    _tell(f"{done}/{total} {label}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
