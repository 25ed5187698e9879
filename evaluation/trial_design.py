"""A design that is tried out before it is locked: who is drawn how, what is measured, and how large effects may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Final, Self

from evaluation.canonical import sha256_of
from evaluation.design import DesignError, rule_for
from evaluation.errors import EvaluationError
from evaluation.redraws import Design
from evaluation.regression import COVARIANCES
from evaluation.simulation.outcomes import SIMULATED

LAST_MONTH: Final = 36
MOST_PERSONS: Final = 5_000
MOST_TRIALS: Final = 100_000


@dataclass(frozen=True)
class TrialDesign:
    """What `simulate_design` is told.

    `strata`: stratum -> persons. `effects`: true effects as multiples of the published ones of SE-KLAR, 0 none.
    `attrition`: the share of persons whose outcomes go missing, alike in both arms. `trials`: how many are simulated
    for each effect, in the same way whatever `seed` has drawn before.
    """

    method: Mapping[str, Any]
    arms: tuple[tuple[str, int], ...]
    strata: Mapping[str, int]
    control: str = "control"
    outcomes: tuple[str, ...] = ("employed",)
    months: tuple[int, int] = (1, LAST_MONTH)
    effects: tuple[float, ...] = (0.0, 0.5, 1.0)
    covariance: str = "classical"
    alpha: float = 0.05
    attrition: float = 0.0
    trials: int = 1000
    seed: int = 1
    name: str = field(default="design")

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Read a design.

        Raises:
            EvaluationError: `design_invalid`, with a sentence that begins with the field's name.
        """
        problem = _shape_problem(cls, content)
        if problem:
            raise EvaluationError("design_invalid", problem)
        made = cls(**{name: _frozen(name, value) for name, value in content.items()})
        problem = made.problem()
        if problem:
            raise EvaluationError("design_invalid", problem)
        return made

    def problem(self) -> str | None:
        """The first thing that cannot be, as a sentence; None where everything can."""
        return next((sentence for wrong, sentence in self._checks() if wrong), None) or self._problem_of_method()

    def _checks(self) -> list[tuple[bool, str]]:
        people = sum(self.strata.values())
        return [
            (len(self.arms) != 2, "arms: two arms, each with its ratio"),
            (self.control not in dict(self.arms), f"control: no arm is called {self.control}"),
            (not self.strata, "strata: name at least one stratum and its persons"),
            (any(persons < 1 for persons in self.strata.values()), "strata: at least one person in each"),
            (people > MOST_PERSONS, f"strata: at most {MOST_PERSONS} persons in all can be simulated"),
            (not self.outcomes, "outcomes: name at least one"),
            (
                not set(self.outcomes) <= set(SIMULATED),
                f"outcomes: the simulation knows {', '.join(SIMULATED)}",
            ),
            (not 1 <= self.months[0] <= self.months[1] <= LAST_MONTH, f"months: within 1 and {LAST_MONTH}"),
            (not self.effects, "effects: name at least one"),
            (self.covariance not in COVARIANCES, f"covariance: one of {', '.join(COVARIANCES)}"),
            (not 0 < self.alpha < 1, "alpha: between 0 and 1"),
            (not 0 <= self.attrition < 1, "attrition: a share from 0 to below 1"),
            (not 10 <= self.trials <= MOST_TRIALS, f"trials: from 10 to {MOST_TRIALS}"),
        ]

    def _problem_of_method(self) -> str | None:
        try:
            rule_for(self.method, self.arms)
        except (DesignError, LookupError, TypeError, ValueError) as error:
            return f"method: {error}"
        return None

    @property
    def treated(self) -> str:
        return next(code for code, _ratio in self.arms if code != self.control)

    @property
    def persons(self) -> int:
        return sum(self.strata.values())

    @property
    def design(self) -> Design:
        return Design(self.method, self.arms)

    @cached_property
    def sha256(self) -> str:
        """The hash of everything that the numbers follow from; numbers with a fraction are spelled as text."""
        return sha256_of({part.name: _spelled(getattr(self, part.name)) for part in fields(self)})


_NUMBERS: Final = ("alpha", "attrition")
_WHOLE: Final = ("trials", "seed")
_TEXTS: Final = ("control", "covariance", "name")


def _shape_problem(cls: type[TrialDesign], content: Any) -> str | None:
    known = {part.name for part in fields(cls)}
    if not isinstance(content, Mapping):
        return "a design is a JSON object"
    for name, value in content.items():
        if name not in known:
            return f"{name}: no such field; known are {', '.join(sorted(known))}"
        sentence = _value_problem(name, value)
        if sentence:
            return f"{name}: {sentence}"
    missing = [name for name in ("method", "arms", "strata") if name not in content]
    return f"{missing[0]}: must be given" if missing else None


def _value_problem(name: str, value: Any) -> str | None:
    if name in ("method", "strata"):
        whole = isinstance(value, Mapping) and (name == "method" or all(map(_is_whole, value.values())))
        return None if whole else "must be an object" + (" of whole numbers" if name == "strata" else "")
    if name == "arms":
        pairs = isinstance(value, list | tuple) and all(
            isinstance(arm, list | tuple) and len(arm) == 2 and isinstance(arm[0], str) and _is_whole(arm[1])
            for arm in value
        )
        return None if pairs else 'must be a list such as [["intervention", 5], ["control", 3]]'
    if name in _TEXTS:
        return None if isinstance(value, str) else "must be text"
    if name in _WHOLE:
        return None if _is_whole(value) and value >= 0 else "must be a whole number of at least 0"
    if name in _NUMBERS:
        return None if _is_number(value) else "must be a number"
    kind = str if name == "outcomes" else int if name == "months" else (int, float)
    fits = isinstance(value, list | tuple) and all(isinstance(one, kind) and not isinstance(one, bool) for one in value)
    if name == "months":
        return None if fits and len(value) == 2 else "must be two whole numbers"
    return None if fits and len(set(value)) == len(value) else "must be a list of different values"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _frozen(name: str, value: Any) -> Any:
    if name == "arms":
        return tuple((str(code), int(ratio)) for code, ratio in value)
    if name == "effects":
        return tuple(float(one) for one in value)
    return tuple(value) if isinstance(value, list) else value


def _spelled(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {key: _spelled(part) for key, part in value.items()}
    return [_spelled(part) for part in value] if isinstance(value, list | tuple) else value
