"""The evaluation from a terminal: check deliveries, run a plan, try a design out, simulate deliveries. See --help.

Exit codes: 0 done; 1 the deliveries or the plan do not allow it (said on standard error); 2 wrong arguments.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from evaluation.check_command import Checked, check_folder, lines_of, read_columns, report_of, write_reports
from evaluation.comparing.plan import KIND as COMPARISON
from evaluation.comparing.plan import ComparisonPlan
from evaluation.errors import EvaluationError
from evaluation.plan import Plan
from evaluation.published import remark
from evaluation.terminal import show_progress, tell

DONE: Final = 0
NOT_POSSIBLE: Final = 1
INTERRUPTED: Final = 130
SIMULATED: Final = ("seklar", "proba", "national")
OF_TRIAL: Final = ("table-1", "table-2")
OF_COMPARISON: Final = ("table-3-2", "table-4-1", "table-v1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code: 0 done, 1 not possible, 2 wrong arguments, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)  # before the work: where it cannot be, none of it would last
        code: int = options.command(options)
    except EvaluationError as error:
        tell(f"{error.code}: {error}")
        return NOT_POSSIBLE
    except OSError as error:
        tell(f"file_problem: {error.filename or options.out}: {error.strerror or error}")
        return NOT_POSSIBLE
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="Evaluation of trials on register data.")
    commands = parser.add_subparsers(required=True, metavar="command")

    check = commands.add_parser("check", help="judge every row of the register files in a folder")
    check.add_argument("deliveries", type=Path, help="folder with participants.csv, employment.csv, ...")
    check.add_argument("--columns", type=Path, help="JSON: register -> column of the file -> column of the register")
    check.add_argument("--out", type=Path, help="folder for reports (JSON), rejected rows (CSV) and accepted (Parquet)")
    check.add_argument("--json", action="store_true", help="the whole report as JSON")
    check.set_defaults(command=_check)

    run = commands.add_parser("run", help="carry out a locked plan: tables, figures, report, manifest")
    run.add_argument("plan", type=Path, help="plan.json")
    run.add_argument("deliveries", type=Path, help="folder with the register files")
    run.add_argument("--out", type=Path, required=True, help="folder for the results")
    run.add_argument("--masked", action="store_true", help="rehearse on shuffled arms, called A and B")
    run.add_argument("--columns", type=Path, help="JSON: register -> column of the file -> column of the register")
    run.add_argument("--leave-out-rejected", action="store_true", help="run without the rows that were rejected")
    run.add_argument("--language", choices=("nb", "en"), default="nb", help="of figures and report")
    run.add_argument("--json", action="store_true", help="print every number as JSON")
    run.set_defaults(command=_run)

    simulate = commands.add_parser(
        "simulate", help="try a design out before it is locked, or write simulated deliveries of a known trial"
    )
    simulate.add_argument("design", type=Path, nargs="?", help="design.json: power, bias, coverage, predictability")
    simulate.add_argument("--out", type=Path, required=True, help="folder for the study, or for the register files")
    simulate.add_argument(
        "--seed", type=_whole_number, help="the same seed gives the same numbers (a design has its own)"
    )
    simulate.add_argument("--processes", type=_count, help="for a design; as many as there are cores if left out")
    simulate.add_argument("--language", choices=("nb", "en"), default="nb", help="of the design's figures and report")
    simulate.add_argument("--json", action="store_true", help="print the design's numbers, or the files, as JSON")
    simulate.add_argument("--like", choices=SIMULATED, default="seklar", help="which trial the deliveries are like")
    simulate.add_argument("--persons", type=_count, help="of proba (37,777 published) or national (a million)")
    simulate.add_argument("--exact", action="store_true", help="of seklar: table 1 exactly, and the nearest to table 2")
    simulate.add_argument("--effect", type=float, default=1.0, help="1 as published, 0 none (default 1)")
    simulate.set_defaults(command=_simulate)
    return parser


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be below 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _check(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as work:
        found = check_folder(options.deliveries, Path(work), columns=read_columns(options.columns))
        if options.json:
            reports = {register: report_of(checked) for register, checked in found.items()}
            print(json.dumps(reports, ensure_ascii=False, indent=1))
        else:
            for checked in found.values():
                print("\n".join(lines_of(checked)))
        if options.out:
            write_reports(found, options.out)
    return DONE if all(checked.is_clean for checked in found.values()) else NOT_POSSIBLE


def _run(options: argparse.Namespace) -> int:
    # The estimators take a second to load: a command that only checks files need not wait for them.
    from evaluation.comparing.running import compare_measures  # noqa: PLC0415
    from evaluation.running import run  # noqa: PLC0415
    from evaluation.tables import as_text  # noqa: PLC0415
    from evaluation.writing import write_results  # noqa: PLC0415

    plan = _plan(options.plan)
    if options.masked and isinstance(plan, ComparisonPlan):
        raise EvaluationError("plan_invalid", "a comparison without a draw has no arms to mask")
    with tempfile.TemporaryDirectory() as work:
        found = check_folder(options.deliveries, Path(work), columns=read_columns(options.columns))
        frames = _accepted(found, leave_out=options.leave_out_rejected)
    if isinstance(plan, ComparisonPlan):
        results = compare_measures(plan, frames, progress=show_progress)
    else:
        results = run(plan, frames, progress=show_progress, masked=options.masked)
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
    from evaluation.simulate_command import write_simulated  # noqa: PLC0415 - loads scipy

    rows = write_simulated(options)
    if options.json:
        print(json.dumps({str(path): count for path, count in rows.items()}, indent=1))
    else:
        print("\n".join(f"{path}: {count} rows" for path, count in rows.items()))
    return DONE


def _try_out(options: argparse.Namespace) -> int:
    """Carry a design out on simulated people."""
    from evaluation.design_command import as_lines, read_design, try_out  # noqa: PLC0415 - loads the estimators

    design = read_design(options.design, seed=options.seed)
    how = {"language": options.language, "processes": options.processes}
    results = try_out(design, options.out, progress=show_progress, **how)
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


def _accepted(found: Mapping[str, Checked], *, leave_out: bool) -> dict[str, pd.DataFrame]:
    for register, checked in found.items():
        if checked.judgement.refused or not (checked.is_clean or leave_out):
            tell("\n".join(lines_of(checked)))
            hint = "" if checked.judgement.refused else "; --leave-out-rejected runs without the rejected rows"
            raise EvaluationError("not_accepted", f"{register} cannot be used as it is{hint}")
    return {register: pd.read_parquet(checked.accepted) for register, checked in found.items()}


if __name__ == "__main__":
    sys.exit(main())
