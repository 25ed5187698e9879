"""What a comparison of measures compares, as canonical JSON named by its SHA-256."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Final, Self

from evaluation.canonical import frozen, plain, sha256_of
from evaluation.codes import measures
from evaluation.disclosure import RULES
from evaluation.errors import EvaluationError
from evaluation.plan_shape import (
    LONGEST,
    TEXT,
    WHOLE,
    WINDOW,
    Shape,
    is_day,
    is_figures,
    is_number_between,
    shape_problem,
)
from evaluation.published import PROBA

KIND: Final = "comparison"
# Arena's codes of follow-up by an external provider and by Nav's own job specialists.
PROBA_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "extended_follow_up": ("UTVAOONAV",),
    "follow_up": ("INDOPPFAG",),
}
COST_INPUTS: Final = ("total_cost", "participant_months", "transaction_cost")
COSTS_ARE: Final = f"of both measures, {', '.join(COST_INPUTS)} as whole numbers above 0"
# NOK of 2019 (Proba 2020, chapter 6): payments to providers, and 366 full-time specialists at 752,000.
PROBA_COSTS: Final[Mapping[str, Mapping[str, int]]] = {
    "follow_up": {"total_cost": 638_126_000, "participant_months": 102_457, "transaction_cost": 1_278},
    "extended_follow_up": {"total_cost": 366 * 752_000, "participant_months": 36_364, "transaction_cost": 0},
}


def _is_costs(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(given, Mapping) for given in value.values())


SHAPES: Final[Mapping[str, Shape]] = {
    "trial": TEXT,
    "treated": TEXT,
    "control": TEXT,
    "codes": (is_figures, 'must be an object such as {"follow_up": ["INDOPPFAG"], "other": ["UTVAOONAV"]}'),
    "data_to": TEXT,
    "months": WINDOW,
    "month": WHOLE,
    "later": WHOLE,
    "min_hours": TEXT,
    "disclosure": TEXT,
    "reference": TEXT,
    "kind": TEXT,
    "costs": (_is_costs, COSTS_ARE),
}


@dataclass(frozen=True)
class ComparisonPlan:
    """`trial`: the study's name. `treated` and `control`: the two measures, as `participants` calls them in `arm`;
    `codes`: each one's Arena codes. `month` and `later`: months after the start in which people are compared;
    `months`: the window that is read, from at least 24 before. `data_to`: the registers' last day, ISO. `min_hours`:
    weekly hours from which a person is employed, as text. `reference`: published numbers to print beside. `costs`:
    measure -> total_cost (NOK) of so many participant_months, and transaction_cost (NOK a participant), whole numbers;
    empty where costs are not held against results.
    """

    trial: str
    treated: str = "extended_follow_up"
    control: str = "follow_up"
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(PROBA_CODES))
    data_to: str = ""
    months: tuple[int, int] = (-24, 24)
    month: int = 12
    later: int = 18
    min_hours: str = "4"
    disclosure: str = "opensafely"
    reference: str = ""
    kind: str = KIND
    costs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {part.name: getattr(self, part.name) for part in fields(self)}
        wrong = shape_problem(given, SHAPES) or next((said for bad, said in self._problems() if bad), None)
        if wrong:
            raise EvaluationError("plan_invalid", wrong)

    def _problems(self) -> list[tuple[bool, str]]:
        told = [code for codes in self.codes.values() for code in codes]
        unknown = [code for code in told if code not in measures()]
        return [
            (self.kind != KIND, f"kind: {KIND}"),
            (not self.trial, "trial: name the study"),
            (self.treated == self.control, "treated: two measures are compared"),
            (set(self.codes) != {self.treated, self.control}, "codes: the Arena codes of both measures"),
            (bool(unknown), f"codes: {', '.join(unknown)} is no Arena code"),
            (len(set(told)) < len(told), "codes: a code belongs to one of the measures"),
            (self.months[0] > -24, "months: begin 24 months before the start or earlier"),
            (self.months[1] - self.months[0] >= LONGEST, f"months: at most {LONGEST} months, such as -24 to 24"),
            (not 0 < self.month < self.later <= self.months[1], "month, later: after the start, within months"),
            (not is_day(self.data_to), "data_to: the last day of the registers as yyyy-mm-dd"),
            (not is_number_between(self.min_hours, 0, 168), "min_hours: hours a week as text, e.g. '4'"),
            (self.disclosure not in RULES, f"disclosure: one of {', '.join(RULES)}"),
            (self.reference not in ("", PROBA), f"reference: {PROBA}, whose published numbers are known, or empty"),
            (not self._costs_are_whole(), f"costs: {COSTS_ARE}"),
        ]

    def _costs_are_whole(self) -> bool:
        if not self.costs:
            return True
        if set(self.costs) != {self.treated, self.control}:
            return False
        return all(
            set(given) == set(COST_INPUTS)
            and all(type(number) is int and number >= (name != "transaction_cost") for name, number in given.items())
            for given in self.costs.values()
        )

    def to_dict(self) -> dict[str, Any]:
        """As canonical JSON knows it; a plan without costs is named as before there were any."""
        told = {part.name: plain(getattr(self, part.name)) for part in fields(self)}
        return told if self.costs else {name: value for name, value in told.items() if name != "costs"}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read a plan.

        Raises:
            EvaluationError: `plan_invalid`, with a sentence that names the field.
        """
        problem = shape_problem(content, SHAPES)
        if problem:
            raise EvaluationError("plan_invalid", problem)
        return cls(**{name: frozen(value) for name, value in content.items()})

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.to_dict())


def proba_plan(trial: str = "utvidet-oppfolging", *, data_to: str = "2019-09-30") -> ComparisonPlan:
    """The plan of the published comparison (Proba samfunnsanalyse 2020, delrapport 2)."""
    costs = {measure: dict(given) for measure, given in PROBA_COSTS.items()}
    return ComparisonPlan(trial=trial, data_to=data_to, reference=PROBA, costs=costs)
