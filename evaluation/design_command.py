"""`python -m evaluation simulate design.json`: a design tried out, and written as a run's results are written."""

import json
from pathlib import Path
from typing import Any

from evaluation.design_findings import design_results
from evaluation.design_study import Progress, simulate_design
from evaluation.errors import EvaluationError
from evaluation.findings import Results
from evaluation.showing import shown
from evaluation.trial_design import TrialDesign
from evaluation.writing import write_results

TABLES = ("design-power", "foreseen")


def read_design(path: Path, *, seed: int | None = None) -> TrialDesign:
    """The design in a JSON file, with another seed if one is given.

    Raises:
        EvaluationError: `design_invalid`.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, json.JSONDecodeError) as error:
        raise EvaluationError("design_invalid", f"{path.name} could not be read as JSON: {error}") from error
    if seed is not None and isinstance(content, dict):
        content = {**content, "seed": seed}
    return TrialDesign.from_dict(content)


def try_out(
    design: TrialDesign, out: Path, *, language: str = "nb", processes: int | None = None, progress: Progress
) -> Results:
    """Carry a design out, write tables, figures and report to a folder, and give them back."""
    results = design_results(simulate_design(design, progress=progress, processes=processes))
    write_results(results, out, language=language)
    return results


def as_lines(results: Results, language: str = "nb") -> list[str]:
    """The tables for a terminal, columns with a tab between."""
    lines = []
    for name in TABLES:
        table = shown(results[name], language=language)
        lines += [results[name].title[language], *("\t".join(row) for row in (table.heads, *table.rows))]
    return lines
