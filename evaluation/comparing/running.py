"""A whole comparison in one call: deliveries in, the report's tables and figures and a manifest out."""

from collections.abc import Callable
from pathlib import Path

from evaluation.comparing.checking import check_steps
from evaluation.comparing.costs import Costs
from evaluation.comparing.figures import Figures
from evaluation.comparing.plan import ComparisonPlan
from evaluation.comparing.sample import Comparison
from evaluation.comparing.tables import Tables
from evaluation.findings import Finding, Results
from evaluation.running import Deliveries, Progress, manifest_of, read_frames, silent
from evaluation.writing import write_results

Step = Callable[[], Finding | list[Finding]]


def compare_measures(
    plan: ComparisonPlan, deliveries: Deliveries, *, progress: Progress | None = None, out: Path | None = None
) -> Results:
    """Carry out a comparison of two measures without a draw.

    Args:
        plan: what is compared.
        deliveries: register -> accepted rows or their Parquet snapshot: participants (starters, with sex, birth_year,
            country_group, education_level, municipality, aap_diagnosis), employment, benefits, measures,
            work_capacity, unemployment.
        progress: called as progress(done, total, label) before each step and at the end.
        out: a folder to write the results to.

    Returns:
        Results, the tables and figures in the order of the report. Same inputs, same bytes.

    Raises:
        EvaluationError: `missing_register`, `not_two_arms`, `no_starters`, what the analyses cannot be made from,
            `engines_differ`.
    """
    tell = progress or silent
    frames = read_frames(deliveries)
    data = Comparison(plan, frames)
    steps = _steps(data)
    findings: list[Finding] = []
    for done, (label, step) in enumerate(steps.items()):
        tell(done, len(steps), label)
        made = step()
        findings += made if isinstance(made, list) else [made]
    made_by = {"check": check_steps(data.people), "masked": False}
    tell(len(steps), len(steps), "done")
    results = Results(tuple(findings), manifest_of(plan, deliveries, frames) | made_by)
    if out is not None:
        write_results(results, out)
    return results


def _steps(data: Comparison) -> dict[str, Step]:
    tables, figures = Tables(data), Figures(data)

    def retained() -> list[Finding]:
        table = tables.retained()
        return [table, figures.retained(table)]

    steps: dict[str, Step] = {
        "table-2-1": tables.meanwhile,
        "figure-2-21": figures.still_in_measure,
        "table-3-1": tables.sample,
        "sample-rule": tables.rule,
        "table-3-2": tables.characteristics,
        "figure-3-2": figures.work_before_and_after,
        "figure-3-3": figures.health_before_and_after,
        "figure-4-1": figures.into_work,
        "table-4-1": tables.into_work,
        "table-4-2": retained,
        "figure-4-3": figures.by_aap,
        "figure-4-4": figures.by_age,
        "table-4-3": tables.whole_model,
        "table-4-4": tables.with_aap,
        "table-4-5": tables.by_age,
        "table-4-6": lambda: tables.with_aap("table-4-6", "both"),
        "table-4-7": lambda: tables.with_aap("table-4-7", "unsubsidised"),
        "table-v1": tables.steps,
        "variants": tables.variants,
        "selection": tables.selection,
        "oster": tables.unmeasured,
    }
    return steps | ({"costs": Costs(data).findings} if data.plan.costs else {})
