"""What the two persons read before they lock: how foreseeable the design is, how uneven, and how a rehearsal went."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from evaluation.design import DesignError
from evaluation.predictability import Predictability, enrolment_end, overall_imbalance_sd, predictability
from trial.allocation.protocols import Document
from trial.allocation.rehearsal import rehearse
from trial.studies.models import Trial
from trial.studies.strata import ALL, expected_by_stratum

DEFAULT_SIZE = 100  # units in a trial that has not said how many it expects
DAYS_A_MONTH = 30.4375
ROWS_SHOWN = 40  # of the table by earlier arms seen


def report_of(document: Document, trial: Trial) -> dict[str, Any]:
    """The design's figures in each stratum and in all, and a rehearsal of the whole trial. Raises DesignError.

    Shares lie between 0 and 1. `by_draw` is that of the largest stratum. Minimisation, which looks at all strata at
    once, has one row, named "".
    """
    expected = _expected(document, trial)
    each = _predictabilities(document, _histories(document, expected))
    largest = max(each.values(), key=lambda stratum: stratum.draws)
    draws = sum(stratum.draws for stratum in each.values())
    return {
        "rows": [_row(name, stratum) for name, stratum in each.items()],
        "guess_share": round(sum(sum(stratum.guess_by_draw) for stratum in each.values()) / draws, 4),
        "certain_share": round(sum(sum(stratum.certain_by_draw) for stratum in each.values()) / draws, 4),
        "guess_by_draw": [round(share, 4) for share in largest.guess_by_draw],
        "certain_by_draw": [round(share, 4) for share in largest.certain_by_draw],
        "people": sum(expected.values()),
        "exact": all(stratum.exact for stratum in each.values()),
        "overall_imbalance_sd": round(overall_imbalance_sd(list(each.values())), 2),
        "run_out": round(max(stratum.run_out for stratum in each.values()), 4),
        "months": _months(trial, sum(expected.values())),
        "needs_reason": any(stratum.needs_reason for stratum in each.values()),
        "rehearsal": rehearse(document, expected),
    }


def shown(report: dict[str, Any]) -> dict[str, Any]:
    """A report as the page shows it: shares in per cent, and a row for each number of earlier arms seen."""
    shares = list(enumerate(zip(report["guess_by_draw"], report["certain_by_draw"], strict=True)))
    step, played = ceil(len(shares) / ROWS_SHOWN), report["rehearsal"]
    return report | {
        "guess_percent": _percent(report["guess_share"]),
        "certain_percent": _percent(report["certain_share"]),
        "run_out_percent": _percent(report["run_out"]),
        "rows": [
            row
            | {"stratum": _named(row["stratum"])}
            | {f"{name}_percent": _percent(row[name]) for name in ("guess_share", "certain_share", "run_out")}
            for row in report["rows"]
        ],
        "by_draw": [(seen, _percent(guess), _percent(certain)) for seen, (guess, certain) in shares[::step]],
        "rehearsal": played
        | {
            "guess_percent": _percent(played["guess_share"]),
            "counts": [[_named(name), *numbers] for name, *numbers in played["counts"]],
        },
    }


def _expected(document: Document, trial: Trial) -> dict[str, int]:
    """Units in each stratum, at least one; a trial without a plan shares `DEFAULT_SIZE` among them."""
    strata = document.content["strata"]
    if not strata:
        raise DesignError("a protocol needs at least one stratum")
    planned = expected_by_stratum(trial)
    default = 0 if any(planned.values()) else ceil(DEFAULT_SIZE / len(strata))
    return {stratum: max(ceil(planned[stratum]), default, 1) for stratum in strata}


def _histories(document: Document, expected: Mapping[str, int]) -> dict[str, int]:
    """Draws by the history that they look back on: their stratum, or for minimisation all strata."""
    return {"": sum(expected.values())} if document.whole_trial else dict(expected)


def _predictabilities(document: Document, draws: Mapping[str, int]) -> dict[str, Predictability]:
    """Strata of one size are alike and computed once."""
    content = document.content
    by_size = {
        size: predictability(document.method, content["arms"], draws=size, levels=content["factors"])
        for size in set(draws.values())
    }
    return {name: by_size[size] for name, size in draws.items()}


def _row(name: str, stratum: Predictability) -> dict[str, Any]:
    return {
        "stratum": name,
        "draws": stratum.draws,
        "guess_share": round(stratum.guess_share, 4),
        "certain_share": round(stratum.certain_share, 4),
        "imbalance_sd": round(stratum.imbalance_sd, 2),
        "expected_imbalance": round(stratum.expected_imbalance, 2),
        "run_out": round(stratum.run_out, 4),
    }


def _months(trial: Trial, people: int) -> list[float]:
    """Months until everyone has come (10th, 50th, 90th percentile) at the planned pace; empty without a plan."""
    if not (trial.planned_start and trial.planned_end):
        return []
    planned = (trial.planned_end - trial.planned_start).days / DAYS_A_MONTH
    return [round(months, 1) for months in enrolment_end(people=people, monthly=people / planned)]


def _named(stratum: str) -> str:
    """A stratum's name; empty for the one that is the whole trial."""
    return "" if stratum == ALL else stratum


def _percent(share: float) -> float:
    return round(100 * share, 1)
