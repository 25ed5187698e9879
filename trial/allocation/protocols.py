"""The protocol as a document, and what the lock's report says of its design."""

import json
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

from evaluation.canonical import canonical_json
from evaluation.design import DesignError, Rule, rule_for
from evaluation.predictability import Predictability, enrolment_end, overall_imbalance_sd, predictability
from evaluation.rules import BlockNumber
from trial.enrolment.policies import current_form
from trial.studies.models import Trial

VERSION = 1
DEFAULT_SIZE = 100  # people in a trial that has not said how many it expects
DAYS_A_MONTH = 30.4375


@dataclass(frozen=True)
class Document:
    """A protocol read back from its canonical JSON."""

    content: dict[str, Any]

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(json.loads(text))

    @property
    def attended(self) -> bool:
        return bool(self.content["mode"] == "attended")

    @property
    def method(self) -> dict[str, Any]:
        method: dict[str, Any] = self.content["method"]
        return method

    @property
    def whole_trial(self) -> bool:
        """Whether the history of a draw is that of the whole trial and not of the stratum."""
        return bool(self.method["kind"] == "minimisation")

    def state_key(self, stratum: str) -> str:
        return "" if self.whole_trial else stratum

    def rule(self, block_number: BlockNumber | None = None) -> Rule:
        return rule_for(self.method, self.content["arms"], block_number=block_number)


def compose(trial: Trial, *, beacon: str, commitments: dict[str, str]) -> str:
    """The canonical JSON of the trial's protocol, from its settings as they are now."""
    content = {
        "version": VERSION,
        "trial": trial.code,
        "mode": trial.mode,
        "arms": [[arm.code, arm.ratio] for arm in trial.arms.order_by("position")],
        "strata": sorted(set(trial.offices.values_list("stratum", flat=True))),
        "method": trial.method,
        "factors": trial.factors,
        "beacon": beacon,
        "commitments": commitments,
        "consent_form": current_form(trial).sha256,
        "analysis_plan": trial.analysis_plan_sha256,
    }
    return canonical_json(content).decode()


def report_of(document: Document, trial: Trial) -> dict[str, Any]:
    """The predictability of the design in each stratum and in all. Raises DesignError."""
    content = document.content
    strata = [""] if document.whole_trial else content["strata"]
    if not strata:
        raise DesignError("a protocol needs at least one stratum")
    people = trial.planned_size or DEFAULT_SIZE
    draws = ceil(people / len(strata))
    each = predictability(document.method, content["arms"], draws=draws, levels=content["factors"])
    return {
        **_figures(each),
        "strata": len(strata),
        "people": people,
        "overall_imbalance_sd": round(overall_imbalance_sd([each] * len(strata)), 2),
        "months": _months(trial, people),
    }


def shown(report: dict[str, Any]) -> dict[str, Any]:
    """A report as the page shows it: shares in per cent, and a row for each number of earlier arms seen."""
    shares = zip(report["guess_by_draw"], report["certain_by_draw"], strict=True)
    return report | {
        "guess_percent": round(100 * report["guess_share"], 1),
        "certain_percent": round(100 * report["certain_share"], 1),
        "run_out_percent": round(100 * report["run_out"], 1),
        "months_range": "–".join(str(report["months"][place]) for place in (0, 2)) if report["months"] else "",
        "by_draw": [(seen, round(100 * g, 1), round(100 * c, 1)) for seen, (g, c) in enumerate(shares)],
    }


def _figures(each: Predictability) -> dict[str, Any]:
    return {
        "draws": each.draws,
        "exact": each.exact,
        "guess_share": round(each.guess_share, 4),
        "certain_share": round(each.certain_share, 4),
        "guess_by_draw": [round(share, 4) for share in each.guess_by_draw],
        "certain_by_draw": [round(share, 4) for share in each.certain_by_draw],
        "imbalance_sd": round(each.imbalance_sd, 2),
        "expected_imbalance": round(each.expected_imbalance, 2),
        "run_out": round(each.run_out, 4),
        "needs_reason": each.needs_reason,
    }


def _months(trial: Trial, people: int) -> list[float]:
    """Months until everyone has come (10th, 50th, 90th percentile) at the planned pace; empty without a plan."""
    if not (trial.planned_start and trial.planned_end):
        return []
    planned = (trial.planned_end - trial.planned_start).days / DAYS_A_MONTH
    return [round(months, 1) for months in enrolment_end(people=people, monthly=people / planned)]
