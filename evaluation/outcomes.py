"""The outcomes, each declared once: what it is, and which registers must have covered the month to know it."""

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from evaluation.codes import HIGHER_EDUCATION_LEVELS, MEASURE_GROUPS, REDUCED_CAPACITY, measures

Truth = npt.NDArray[np.bool_]
Column = tuple[str, Any, tuple[str, ...]]

HOUR_UNITS = 1_000_000

_WITH_WORK = ("aap", "disability_benefit", "health_benefit")
OUTCOMES: Final = (
    "employed",
    "hours",
    "higher_education",
    "employed_or_higher_education",
    *(f"{benefit}{ending}" for benefit in _WITH_WORK for ending in ("", "_and_employed", "_only")),
    "any_measure",
    *MEASURE_GROUPS,
    "reduced_work_capacity",
    "employed_only",
    "none_of_these",
)
"""Every outcome of a person-month that registers can tell."""


class Registers(Protocol):
    """What the panel knows of each person-month: arrays of persons x months, or columns of a table in a warehouse."""

    def has(self, *registers: str) -> bool: ...
    def observed(self, *registers: str) -> Any: ...
    def holds(self, register: str, column: str = "", codes: Any = None) -> Any: ...
    def hours(self) -> Any: ...
    def chosen(self, condition: Any, value: Any) -> Any:
        """The value where the condition holds, and 0 elsewhere."""


def declare_outcomes(
    registers: Registers, *, min_hours: float, exclude_in_measure: bool
) -> dict[str, npt.NDArray[np.float64]]:
    """Every outcome that the given registers can tell, as float64 persons x months, missing where not covered."""
    known = cache(registers.observed)
    columns = outcome_columns(registers, min_hours=min_hours, exclude_in_measure=exclude_in_measure)
    return {name: _where_known(known(*needs), values) for name, values, needs in columns}


def outcome_columns(registers: Registers, *, min_hours: float, exclude_in_measure: bool) -> Iterator[Column]:
    """Each outcome as its name, its value where it is known, and the registers that must cover the month."""
    return _States(registers, min_hours, exclude_in_measure).columns()


def _where_known(known: Truth, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    shown = values.astype(np.float64)
    shown[~known] = np.nan
    return shown


class _States:
    """The states that the outcomes are made of, in the order in which they build on one another."""

    def __init__(self, registers: Registers, min_hours: float, exclude_in_measure: bool) -> None:
        self.registers = registers
        self.min_hours = min_hours
        self.work = ("employment", "measures") if exclude_in_measure else ("employment",)
        self.exclude_in_measure = exclude_in_measure

    def columns(self) -> Iterator[Column]:
        if self.registers.has(*self.work):
            yield from self._work()
        if self.registers.has("education"):
            yield from self._education()
        if self.registers.has("benefits"):
            yield from self._benefits()
        if self.registers.has("measures"):
            yield from self._measures()
        if self.registers.has("work_capacity"):
            reduced = self.registers.holds("work_capacity", "group", REDUCED_CAPACITY)
            yield "reduced_work_capacity", reduced, ("work_capacity",)
        yield from self._exclusive()

    @cached_property
    def employed(self) -> Any:
        enough = self.registers.hours() >= round(self.min_hours * HOUR_UNITS)
        return enough & ~self._in_other_measure() if self.exclude_in_measure else enough

    def _in_other_measure(self) -> Any:
        return self.registers.holds(
            "measures", "measure", [m.code for m in measures().values() if m.group != "wage_subsidy"]
        )

    @cached_property
    def higher_education(self) -> Any:
        return self.registers.holds("education", "nus_level", HIGHER_EDUCATION_LEVELS)

    def _work(self) -> Iterator[Column]:
        yield "employed", self.employed, self.work
        yield "hours", self.registers.chosen(self.employed, self.registers.hours() / HOUR_UNITS), self.work

    def _education(self) -> Iterator[Column]:
        yield "higher_education", self.higher_education, ("education",)
        if self.registers.has(*self.work):
            yield "employed_or_higher_education", self.employed | self.higher_education, (*self.work, "education")

    def _benefits(self) -> Iterator[Column]:
        aap = self.registers.holds("benefits", "benefit", ["AAP"])
        disability = self.registers.holds("benefits", "benefit", ["UFORE"])
        health = {"aap": aap, "disability_benefit": disability, "health_benefit": aap | disability}
        for name, holds in health.items():
            yield name, holds, ("benefits",)
            if self.registers.has(*self.work):
                employed, needs = self.employed, (*self.work, "benefits")
                yield f"{name}_and_employed", holds & employed, needs
                yield f"{name}_only", holds & ~employed, needs

    def _measures(self) -> Iterator[Column]:
        yield "any_measure", self.registers.holds("measures"), ("measures",)
        for group in MEASURE_GROUPS:
            codes = [measure.code for measure in measures().values() if measure.group == group]
            yield group, self.registers.holds("measures", "measure", codes), ("measures",)

    def _exclusive(self) -> Iterator[Column]:
        """The states at the two ends: work and nothing else, and none of all."""
        needs = (*dict.fromkeys((*self.work, "benefits", "measures")),)
        if not self.registers.has(*needs):
            return
        supported = self.registers.holds("benefits") | self.registers.holds("measures")
        yield "employed_only", self.employed & ~supported, needs
        if self.registers.has("education"):
            nothing = ~self.employed & ~supported & ~self.higher_education
            yield "none_of_these", nothing, (*needs, "education")
