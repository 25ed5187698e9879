"""One row a starter: who they were at the start, where, when, and whether they worked later."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.comparing.plan import ComparisonPlan
from evaluation.errors import EvaluationError
from evaluation.panel import person_months
from evaluation.shares import require_columns

REGISTERS: Final = ("participants", "employment", "benefits", "measures", "work_capacity", "unemployment")
DELIVERED: Final = ("sex", "birth_year", "country_group", "education_level", "municipality", "aap_diagnosis")
NO_AAP: Final = "no_aap"
# NUS2000 levels to the groups of table 3.2. Models compare with the first group, and with those without AAP.
EDUCATION: Final[Mapping[int, str]] = {
    **dict.fromkeys((0, 1, 2), "primary_school"),
    3: "upper_secondary_not_completed",
    **dict.fromkeys((4, 5), "upper_secondary_completed"),
    6: "higher_up_to_4_years",
    **dict.fromkeys((7, 8), "higher_over_4_years"),
    9: "unknown_education",
}
DIAGNOSES: Final = (NO_AAP, "aap_mental", "aap_musculoskeletal", "aap_other")
HISTORY: Final = 24  # months before the start over which employment is counted


class Comparison:
    """The frames that the analyses of a comparison share; each is made when it is first asked for."""

    def __init__(self, plan: ComparisonPlan, frames: Mapping[str, pd.DataFrame]) -> None:
        missing = [name for name in REGISTERS if name not in frames]
        if missing:
            raise EvaluationError("missing_register", f"a comparison needs the delivery of {missing[0]}")
        require_columns(frames["participants"], [*DELIVERED, "participant_number", "office", "arm", "start_date"])
        self.plan = plan
        self.frames = frames
        strange = set(frames["participants"]["arm"].dropna()) - {plan.treated, plan.control}
        if strange:
            raise EvaluationError("not_two_arms", f"{min(strange)} is neither {plan.treated} nor {plan.control}")

    def _panel(self, months: tuple[int, int], registers: Sequence[str], **options: Any) -> pd.DataFrame:
        chosen: dict[str, Any] = {name: self.frames[name] for name in registers if name in self.frames}
        return person_months(
            self.frames["participants"],
            **chosen,
            months=months,
            data_to=date.fromisoformat(self.plan.data_to),
            min_hours=float(self.plan.min_hours),
            **options,
        )

    @cached_property
    def panel(self) -> pd.DataFrame:
        """Person-months by the report's rule: employed counts outside measures, wage subsidies excepted."""
        registers = ("employment", "benefits", "measures", "work_capacity")
        return self._panel(self.plan.months, registers, exclude_in_measure=True)

    @cached_property
    def any_work(self) -> pd.DataFrame:
        """Person-months of employment without that condition."""
        return self._panel(self.plan.months, ("employment",))

    def in_codes(self, codes: Sequence[str]) -> np.ndarray:
        """Whether each row of the panel lies in a measure with one of these Arena codes."""
        spells = self.frames["measures"]
        window = person_months(
            self.frames["participants"],
            measures=spells[spells["measure"].isin(list(codes))],
            months=self.plan.months,
            data_to=date.fromisoformat(self.plan.data_to),
        )
        return window["any_measure"].to_numpy()

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row a starter.

        participant_number, office, arm, treated (0, 1), year_month (of the start), unemployment (per cent of the
        municipality in that month), age, age_squared, women, immigrant, education, diagnosis (words), aap,
        employed_at_start, months_employed (of the 24 before), reduced_capacity, disability_at_start; then `employed`
        and `later` (by the rule, in the plan's months), `both`, `unsubsidised`, `any_job`, `at_least_min_hours`.
        """
        given = self.frames["participants"].reset_index(drop=True)
        people = given[["participant_number", "office", "arm"]].assign(**self._persons(given))
        return people.assign(**self._history(), **self._outcomes(people))

    def _persons(self, given: pd.DataFrame) -> dict[str, Any]:
        start = pd.DatetimeIndex(given["start_date"])
        age = start.year.to_numpy() - given["birth_year"].to_numpy(dtype=float)
        diagnosis = given["aap_diagnosis"].fillna(NO_AAP).replace("none", NO_AAP)
        return {
            "treated": (given["arm"] == self.plan.treated).astype(float).where(given["arm"].notna()),
            "year_month": start.strftime("%Y-%m"),
            "unemployment": self._unemployment(given["municipality"], start),
            "age": age,
            "age_squared": age**2,
            "women": (given["sex"] == "woman").astype(float).where(given["sex"].notna()),
            "immigrant": (given["country_group"] > 0).astype(float).where(given["country_group"].notna()),
            "education": _ordered(given["education_level"].map(EDUCATION), tuple(dict.fromkeys(EDUCATION.values()))),
            "diagnosis": _ordered(diagnosis.map(lambda words: words if words == NO_AAP else f"aap_{words}"), DIAGNOSES),
            "aap": (diagnosis != NO_AAP).astype(float),
        }

    def _unemployment(self, municipality: "pd.Series[str]", start: pd.DatetimeIndex) -> np.ndarray:
        rates = self.frames["unemployment"]
        months = pd.DatetimeIndex(rates["month"]).to_period("M")
        if pd.MultiIndex.from_arrays([rates["municipality"], months]).has_duplicates:
            raise EvaluationError("month_twice", "unemployment: a municipality has two rates in the same month")
        known = pd.Series(rates["rate"].to_numpy(dtype=float), index=[rates["municipality"], months])
        return known.reindex(pd.MultiIndex.from_arrays([municipality, start.to_period("M")])).to_numpy()

    def months_in_follow_up(self, months: int) -> np.ndarray:
        """How many of the first months each participant was in follow-up; missing where not all are known."""
        width = self.plan.months[1] - self.plan.months[0] + 1
        inside = self.panel["follow_up"].to_numpy().reshape(-1, width)
        return np.asarray(inside[:, -self.plan.months[0] :][:, :months].sum(axis=1))

    def _month(self, panel: pd.DataFrame, month: int, outcome: str) -> np.ndarray:
        """A column of the panel in one month, in the order of the participants."""
        width = self.plan.months[1] - self.plan.months[0] + 1
        return panel[outcome].to_numpy().reshape(-1, width)[:, month - self.plan.months[0]]

    def _history(self) -> dict[str, np.ndarray]:
        width = self.plan.months[1] - self.plan.months[0] + 1
        work = self.any_work["employed"].to_numpy().reshape(-1, width)
        first = -self.plan.months[0]
        return {
            "employed_at_start": work[:, first],
            "months_employed": work[:, first - HISTORY : first].sum(axis=1),
            "reduced_capacity": self._month(self.panel, 0, "reduced_work_capacity"),
            "disability_at_start": self._month(self.panel, 0, "disability_benefit"),
        }

    def _outcomes(self, people: pd.DataFrame) -> dict[str, np.ndarray]:
        month, later = self.plan.month, self.plan.later
        employed, at_later = (self._month(self.panel, when, "employed") for when in (month, later))
        subsidy = self._month(self.panel, month, "wage_subsidy")
        hours = self._month(self.any_work, month, "hours")
        return {
            "employed": employed,
            "later": at_later,
            "both": employed * at_later,
            "unsubsidised": employed * (1 - subsidy),
            "any_job": np.where(np.isnan(hours), np.nan, hours > 0),
            "at_least_min_hours": self._month(self.any_work, month, "employed"),
        }


def _ordered(words: "pd.Series[str]", levels: Sequence[str]) -> "pd.Series[Any]":
    return words.astype(pd.CategoricalDtype(list(levels)))
