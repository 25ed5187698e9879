"""The protocol as a document: composed from the trial's settings, and read back from its canonical JSON."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from evaluation.canonical import canonical_json
from evaluation.design import Rule, rule_for
from evaluation.rules import BlockNumber
from trial.enrolment.policies import current_form
from trial.studies.models import Trial, Unit
from trial.studies.strata import strata_of

VERSION = 1


@dataclass(frozen=True)
class Document:
    """A protocol read back from its canonical JSON."""

    content: dict[str, Any]

    @classmethod
    @lru_cache(maxsize=64)
    def read(cls, text: str) -> Self:
        """The document, which nobody changes: it is read at every draw."""
        return cls(json.loads(text))

    @property
    def attended(self) -> bool:
        return bool(self.content["mode"] == "attended")

    @property
    def method(self) -> dict[str, Any]:
        method: dict[str, Any] = self.content["method"]
        return method

    @property
    def clusters(self) -> bool:
        """Whether offices are drawn, and people follow theirs."""
        return bool(self.content.get("unit") == "cluster")

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
        "strata": strata_of(trial),
        "method": trial.method,
        "factors": trial.factors,
        "beacon": beacon,
        "commitments": commitments,
        "consent_form": current_form(trial).sha256,
        "analysis_plan": trial.analysis_plan_sha256,
    }
    if trial.unit == Unit.CLUSTER:  # a draw is for a person where nothing else is said
        content["unit"] = trial.unit
    return canonical_json(content).decode()
