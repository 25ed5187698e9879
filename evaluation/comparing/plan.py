"""What a comparison of measures compares, as canonical JSON named by its SHA-256."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from typing import Any, Final, Self

from evaluation.canonical import sha256_of
from evaluation.codes import measures
from evaluation.errors import EvaluationError

KIND: Final = "comparison"
# Arena's codes of follow-up by an external provider and by Nav's own job specialists.
PROBA_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "extended_follow_up": ("UTVAOONAV",),
    "follow_up": ("INDOPPFAG",),
}
COST_INPUTS: Final = ("total_cost", "participant_months", "transaction_cost")
# NOK of 2019 (Proba 2020, chapter 6): payments to providers, and 366 full-time specialists at 752,000.
PROBA_COSTS: Final[Mapping[str, Mapping[str, int]]] = {
    "follow_up": {"total_cost": 638_126_000, "participant_months": 102_457, "transaction_cost": 1_278},
    "extended_follow_up": {"total_cost": 366 * 752_000, "participant_months": 36_364, "transaction_cost": 0},
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
        for sentence in (sentence for wrong, sentence in self._problems() if wrong):
            raise EvaluationError("plan_invalid", sentence)

    def _problems(self) -> list[tuple[bool, str]]:
        unknown = [code for codes in self.codes.values() for code in codes if code not in measures()]
        return [
            (self.kind != KIND, f"kind: {KIND}"),
            (not self.trial, "trial: name the study"),
            (self.treated == self.control, "treated: two measures are compared"),
            (set(self.codes) != {self.treated, self.control}, "codes: the Arena codes of both measures"),
            (bool(unknown), f"codes: {', '.join(unknown)} is no Arena code"),
            (self.months[0] > -24, "months: begin 24 months before the start or earlier"),
            (not 0 < self.month < self.later <= self.months[1], "month, later: after the start, within months"),
            (not _is_date(self.data_to), "data_to: the last day of the registers as yyyy-mm-dd"),
            (
                not self._costs_are_whole(),
                f"costs: of both measures, {', '.join(COST_INPUTS)} as whole numbers above 0",
            ),
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
        told = {part.name: _plain(getattr(self, part.name)) for part in fields(self)}
        return told if self.costs else {name: value for name, value in told.items() if name != "costs"}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read a plan.

        Raises:
            EvaluationError: `plan_invalid`, with a sentence that names the field.
        """
        unknown = set(content) - {part.name for part in fields(cls)}
        if unknown:
            raise EvaluationError("plan_invalid", f"{min(unknown)}: a comparison has no such field")
        try:
            return cls(**{name: _frozen(value) for name, value in content.items()})
        except (TypeError, AttributeError) as error:
            raise EvaluationError(
                "plan_invalid", f"the plan has a field of the wrong type or lacks one ({error})"
            ) from error

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.to_dict())


def proba_plan(trial: str = "utvidet-oppfolging", *, data_to: str = "2019-09-30") -> ComparisonPlan:
    """The plan of the published comparison (Proba samfunnsanalyse 2020, delrapport 2)."""
    costs = {measure: dict(given) for measure, given in PROBA_COSTS.items()}
    return ComparisonPlan(trial=trial, data_to=data_to, reference="proba", costs=costs)


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
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
