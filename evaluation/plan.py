"""The plan: what will be analysed and how, written before any arm is seen, and named by its SHA-256.

A plan is canonical JSON, so it holds strings, whole numbers, lists and objects only; numbers with a fraction, such as
alpha, are written as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from typing import Any, Final, Self

from evaluation.canonical import canonical_json, sha256_of
from evaluation.effects import TOTALS
from evaluation.errors import EvaluationError
from evaluation.outcomes import OUTCOMES
from evaluation.plan_shape import shape_problem
from evaluation.regression import COVARIANCES

VERSION: Final = 1
MULTIPLICITY: Final = ("none", "holm", "benjamini-hochberg")
DISCLOSURE: Final = ("opensafely", "ssb3", "strict10")

TABLE_1: Final = (
    "age",
    "men",
    "born_in_norway",
    "married",
    "has_children",
    "completed_upper_secondary",
    "employed_at_start",
    "hours_at_start",
    "income_at_start",
    "aap_at_start",
    "work_capacity_standard",
    "work_capacity_situational",
    "work_capacity_specially_adapted",
    "work_capacity_permanently_adapted",
    "work_capacity_unknown",
)
TABLE_2: Final = (
    "employed",
    "employed_or_higher_education",
    "mean_hours_per_week",
    "total_hours",
    "aap",
    "aap_and_employed",
    "aap_only",
    "disability_benefit",
    "disability_benefit_and_employed",
    "disability_benefit_only",
    "health_benefit",
    "health_benefit_and_employed",
    "health_benefit_only",
    "employed_only",
    "any_measure",
    "none_of_these",
)
SHARE_FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "1": ("reduced_work_capacity", "any_measure"),
    "2": ("work_practice", "wage_subsidy", "follow_up", "training"),
    "3": ("employed_or_higher_education", "hours"),
    "4": ("aap", "disability_benefit", "health_benefit", "health_benefit_and_employed"),
    "5": ("employed_only", "none_of_these"),
    "V1": ("clarification", "sheltered_work", "other_measure"),
}
EFFECT_FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "6": ("employed_or_higher_education", "hours"),
    "7": ("aap", "disability_benefit", "health_benefit", "health_benefit_and_employed"),
    "8": ("employed_only", "none_of_these"),
}


@dataclass(frozen=True)
class Plan:
    """One locked analysis. `months` is the window of the panel, `total_months` the window of the totals.

    `covariates` adjust the effect on the `primary` outcomes; `subgroups` are shares (0 or 1) by which it is split.
    `data_to`: the last day that the registers were delivered for, ISO; months that end later are missing.
    """

    trial: str
    control: str = "control"
    strata: str = "office"
    months: tuple[int, int] = (-36, 36)
    total_months: tuple[int, int] = (1, 36)
    on: str = "last_day"
    min_hours: str = "4"
    data_to: str = ""
    baseline: tuple[str, ...] = TABLE_1
    totals: tuple[str, ...] = TABLE_2
    share_figures: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(SHARE_FIGURES))
    effect_figures: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(EFFECT_FIGURES))
    covariance: str = "classical"
    primary: tuple[str, ...] = ("employed",)
    covariates: tuple[str, ...] = ("age", "men", "employed_at_start", "aap_at_start")
    subgroups: tuple[str, ...] = ()
    alpha: str = "0.05"
    multiplicity: str = "holm"
    disclosure: str = "opensafely"
    reference: str = ""
    version: int = VERSION

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise EvaluationError("plan_invalid", problem)

    def _problems(self) -> list[str]:
        """What is wrong, each as a sentence that names the field."""
        found = [
            (self.version != VERSION, f"version: this program reads plans of version {VERSION}"),
            (not self.trial, "trial: name the trial"),
            (self.months[0] > self.months[1], "months: the first month comes after the last"),
            (
                not self.months[0] <= self.total_months[0] <= self.total_months[1] <= self.months[1],
                "total_months: must lie within months",
            ),
            (not self.baseline, "baseline: name at least one variable"),
            (not self.totals, "totals: name at least one outcome"),
            *(
                (outcome not in known, f"{name}: no outcome is called {outcome}")
                for name, outcomes, known in self._asked_outcomes()
                for outcome in outcomes
            ),
            (self.on not in ("last_day", "any_day"), "on: last_day or any_day"),
            (not _is_number(self.min_hours, 0, 168), "min_hours: hours a week as text, e.g. '4'"),
            (not _is_date(self.data_to), "data_to: the last day of the registers as yyyy-mm-dd, or empty"),
            (not _is_number(self.alpha, 0, 1), "alpha: a number between 0 and 1 as text, e.g. '0.05'"),
            (self.covariance not in COVARIANCES, f"covariance: one of {', '.join(COVARIANCES)}"),
            (self.multiplicity not in MULTIPLICITY, f"multiplicity: one of {', '.join(MULTIPLICITY)}"),
            (self.disclosure not in DISCLOSURE, f"disclosure: one of {', '.join(DISCLOSURE)}"),
            (not set(self.primary) <= set(self.totals), "primary: every primary outcome must be among totals"),
            (not set(self.covariates) <= set(self.baseline), "covariates: every covariate must be among baseline"),
            (not set(self.subgroups) <= set(self.baseline), "subgroups: every subgroup must be among baseline"),
        ]
        return [sentence for wrong, sentence in found if wrong]

    def _asked_outcomes(self) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """Field, the outcomes it names, and those that it may name."""
        figures = [("share_figures", self.share_figures), ("effect_figures", self.effect_figures)]
        shown = [(name, outcomes, OUTCOMES) for name, figure in figures for outcomes in figure.values()]
        return [("totals", self.totals, (*OUTCOMES, *TOTALS)), *shown]

    def to_dict(self) -> dict[str, Any]:
        """The plan as canonical JSON knows it: strings, whole numbers, lists, objects."""
        return {part.name: _plain(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read a plan.

        Raises:
            EvaluationError: `plan_invalid`, with a sentence that names the field.
        """
        problem = shape_problem(content)
        if problem:
            raise EvaluationError("plan_invalid", problem)
        return cls(**{name: _frozen(value) for name, value in content.items()})

    @cached_property
    def canonical(self) -> bytes:
        return canonical_json(self.to_dict())

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.to_dict())


def seklar_plan(trial: str = "se-klar", *, data_to: str = "") -> Plan:
    """The plan of the published evaluation of SE-KLAR (Dahl and Lima 2021): tables 1 and 2, figures 1-8 and V1."""
    return Plan(trial=trial, data_to=data_to, reference="seklar")


def _is_number(text: str, low: float, high: float) -> bool:
    try:
        return low < float(text) < high
    except (TypeError, ValueError):
        return False


def _is_date(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except (TypeError, ValueError):
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _frozen(part) for key, part in value.items()}
    return tuple(value) if isinstance(value, list) else value
