"""How certain a review's conclusions are (GRADE), in the words of the four levels, and the summary of findings.

Guyatt et al. (2011), GRADE guidelines 1-12; the sentences follow Santesso et al. (2020), guideline 26, and the wording
of the Norwegian health reviews.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evaluation.errors import EvaluationError
from evaluation.findings import Finding
from evaluation.labels import both
from evaluation.review.meta import MetaAnalysis

LEVELS: Final = ("very_low", "low", "moderate", "high")
REASONS: Final = ("risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias")
UPGRADES: Final = ("large_effect", "dose_response", "opposing_confounding")
MOST_STEPS: Final = 2
PER: Final = 1000
PER_MEASURES: Final = ("RR", "OR", "PETO", "RD")

CONFIDENCE: Final[Mapping[str, tuple[str, str]]] = {
    "high": (
        "Vi har stor tillit til at den sanne effekten ligger nær den beregnede.",
        "We are very confident that the true effect lies close to the estimate.",
    ),
    "moderate": (
        "Vi har middels tillit: den sanne effekten ligger trolig nær den beregnede, men kan være vesentlig ulik.",
        "We are moderately confident: the true effect is likely close to the estimate, but may differ substantially.",
    ),
    "low": (
        "Vi har begrenset tillit: den sanne effekten kan være vesentlig ulik den beregnede.",
        "Our confidence is limited: the true effect may differ substantially from the estimate.",
    ),
    "very_low": (
        "Vi har svært liten tillit: den sanne effekten er trolig vesentlig ulik den beregnede.",
        "We have very little confidence: the true effect is likely to differ substantially from the estimate.",
    ),
}
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "high": ("{treatment} {verb} {outcome}.", "{treatment} {verb} {outcome}."),
    "moderate": ("{treatment} {verb} trolig {outcome}.", "{treatment} probably {verb} {outcome}."),
    "low": ("{treatment} {verb} muligens {outcome}.", "{treatment} may {base} {outcome}."),
    "very_low": (
        "Det er usikkert om {treatment} {verb} {outcome}.",
        "It is uncertain whether {treatment} {verb} {outcome}.",
    ),
}
VERBS: Final[Mapping[str, tuple[str, str, str]]] = {  # bokmål, English, and the English infinitive
    "more": ("øker", "increases", "increase"),
    "less": ("reduserer", "reduces", "reduce"),
    "same": (
        "gir liten eller ingen forskjell i",
        "makes little or no difference to",
        "make little or no difference to",
    ),
}
COLUMNS: Final = (
    "outcome", "studies", "participants", "control_per_1000", "treated_per_1000", "treated_low", "treated_high",
    "effect_measure", "effect", "ci_low", "ci_high", "certainty",
)  # fmt: skip
TITLE: Final = both("Oppsummering av funn (GRADE)", "Summary of findings (GRADE)")


def certainty(
    *, randomised: bool = True, down: Mapping[str, int] | None = None, up: Mapping[str, int] | None = None
) -> str:
    """The level of certainty: randomised studies begin high, others low; each reason takes or gives steps.

    Args:
        down: reason (REASONS) -> 1 (serious) or 2 (very serious).
        up: reason (UPGRADES) -> 1 or 2; only for studies that were not randomised.

    Raises:
        EvaluationError: `bad_judgement` for an unknown reason, another number of steps, or a randomised study upgraded.
    """
    down, up = down or {}, up or {}
    for given, known in ((down, REASONS), (up, UPGRADES)):
        for reason, steps in given.items():
            if reason not in known or not 0 <= steps <= MOST_STEPS:
                raise EvaluationError("bad_judgement", f"{reason}: {steps}; 0 to {MOST_STEPS} steps for one of {known}")
    if randomised and any(up.values()):
        raise EvaluationError("bad_judgement", "the certainty of randomised studies is not upgraded")
    place = (3 if randomised else 1) - sum(down.values()) + sum(up.values())
    return LEVELS[min(max(place, 0), 3)]


@dataclass(frozen=True)
class ReviewOutcome:
    """An outcome of a review: what it is called, its meta-analysis, how many took part, how certain it is.

    `outcome`: its name in the table (a key of `labels`, or words); `named`: nb and en, as in the sentence "øker
    andelen i jobb" after the verb; `control_risk`: the share (0-1) that has the outcome without the treatment; without
    it, and for differences of means, the table has no persons of 1,000.
    """

    outcome: str
    named: Mapping[str, str]
    found: MetaAnalysis
    participants: int
    level: str
    control_risk: float | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise EvaluationError("bad_judgement", f"certainty is one of {LEVELS}")
        if self.control_risk is not None and not 0 < self.control_risk < 1:
            raise EvaluationError("bad_option", "the risk without the treatment lies between 0 and 1")


def summary_of_findings(
    outcomes: Sequence[ReviewOutcome], *, treatment: Mapping[str, str], name: str = "summary-of-findings"
) -> Finding:
    """The table of a review's outcomes: relative and absolute effects and their certainty.

    Args:
        outcomes: in the order of the table.
        treatment: nb and en, as it stands at the head of a sentence.

    Returns:
        A table; risks are persons of 1,000. `notes` has for each outcome the sentence in both languages and what the
        level means.
    """
    rows = tuple(_row(outcome) for outcome in outcomes)
    said = [{"outcome": outcome.outcome, **_said(outcome, treatment)} for outcome in outcomes]
    return Finding(name, "table", TITLE, COLUMNS, rows, notes={"sentences": said})


def conclusion(outcome: ReviewOutcome, *, treatment: Mapping[str, str]) -> dict[str, str]:
    """The review's sentence about an outcome, nb and en, as strong as its certainty allows."""
    nb_verb, en_verb, base = VERBS[_direction(outcome)]
    nb, en = SENTENCES[outcome.level]
    named = treatment
    if outcome.level == "very_low":  # the treatment stands inside the sentence
        named = {language: words[:1].lower() + words[1:] for language, words in treatment.items()}
    return both(
        nb.format(treatment=named["nb"], verb=nb_verb, outcome=outcome.named["nb"]),
        en.format(treatment=named["en"], verb=en_verb, base=base, outcome=outcome.named["en"]),
    )


def _said(outcome: ReviewOutcome, treatment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {"sentence": conclusion(outcome, treatment=treatment), "confidence": both(*CONFIDENCE[outcome.level])}


def _direction(outcome: ReviewOutcome) -> str:
    pooled = outcome.found.pooled
    nothing = outcome.found.rule.nothing
    if pooled.ci_low <= nothing <= pooled.ci_high:
        return "same"
    return "more" if pooled.estimate > nothing else "less"


def _row(outcome: ReviewOutcome) -> tuple[object, ...]:
    pooled = outcome.found.pooled
    relative = (pooled.estimate, pooled.ci_low, pooled.ci_high)
    risk = outcome.control_risk
    absolute = tuple(_per_thousand(outcome.found.measure, effect, risk) for effect in relative)
    before = None if risk is None or outcome.found.measure not in PER_MEASURES else PER * risk
    return (
        outcome.outcome, pooled.studies, outcome.participants, before, *absolute,
        outcome.found.measure, *relative, outcome.level,
    )  # fmt: skip


def _per_thousand(measure: str, effect: float, risk: float | None) -> float | None:
    """Persons of 1,000 with the outcome under treatment, from the risk without it."""
    if risk is None or measure not in PER_MEASURES:
        return None
    if measure == "RR":
        treated = risk * effect
    elif measure == "RD":
        treated = risk + effect
    else:
        odds = effect * risk / (1 - risk)
        treated = odds / (1 + odds)
    return float(PER * np.clip(treated, 0, 1))
