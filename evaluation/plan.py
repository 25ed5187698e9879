"""The plan: what will be analysed and how, written before any arm is seen, and named by its SHA-256.

A plan is canonical JSON, so it holds strings, whole numbers, lists and objects only; numbers with a fraction, such as
alpha, are written as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from typing import Any, Final, Self

import pandas as pd

from evaluation.canonical import canonical_json, frozen, plain, sha256_of
from evaluation.design import DesignError, rule_for
from evaluation.effects import TOTALS
from evaluation.errors import EvaluationError
from evaluation.outcomes import OUTCOMES
from evaluation.paper import EFFECT_FIGURES, SHARE_FIGURES, TABLE_1, TABLE_2
from evaluation.plan_shape import LONGEST, is_day_or_empty, is_number_between, shape_problem, spelling_problem
from evaluation.published import SEKLAR
from evaluation.redraws import Design
from evaluation.regression import COVARIANCES
from evaluation.review.effect_sizes import effect_sizes

VERSION: Final = 1
MULTIPLICITY: Final = ("none", "holm", "benjamini-hochberg")
DISCLOSURE: Final = ("opensafely", "ssb3", "strict10")

FURTHER: Final = (
    "flow",
    "bands",
    "differences",
    "compliers",
    "weights",
    "bounds",
    "precision",
    "randomisation",
    "evidence",
)
"""What a plan may ask for beside the tables and figures of the paper."""

WORDS: Final = ("participant_number", "office", "arm", "start_date", "sex", "municipality", "aap_diagnosis")
"""Columns of participants that no mean can be taken of."""

NEEDS: Final = {"compliers": "received", "weights": "ratios", "randomisation": "design", "evidence": "earlier"}
LATER: Final = ("further", "received", "unit", "ratios", "design", "families", "equivalence", "earlier", "data_from")
"""Fields that plans locked before them lack: left at its default, such a field is not spelled out, so that the hash of
an older plan stays what it was."""


@dataclass(frozen=True)
class Plan:
    """One locked analysis. `months` is the window of the panel, `total_months` the window of the totals.

    `covariates` adjust the effect on the `primary` outcomes; `subgroups` are shares (0 or 1) by which it is split.
    `data_to`: the last day that the registers were delivered for, ISO; months that end later are missing; `data_from`:
    the first one; months that begin earlier are. `strata`: the column within which arms were drawn; empty where the
    whole trial had one list.

    `further` names analyses beside (FURTHER). `received`: who received the treatment, a delivered column of 0 and 1 or
    an outcome that holds in any month of the totals. `unit`: the column of offices or teams where those were drawn.
    `ratios`: stratum -> arm -> ratio, where strata differ. `design`: `method` and `arms` of the protocol, which the
    randomisation test draws from. `families`: name -> outcomes whose p-values are adjusted together; the primary ones
    if empty. `equivalence`: outcome -> the smallest effect that matters, as text. `earlier`: the trials among which
    this one is set: `measure` (RR, OR, RD, MD, SMD), `outcome`, `month`, and `studies` with the columns that
    `effect_sizes` names for the measure.
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
    further: tuple[str, ...] = ()
    received: str = ""
    unit: str = ""
    ratios: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    design: Mapping[str, Any] = field(default_factory=dict)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    equivalence: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, Any] = field(default_factory=dict)
    data_from: str = ""
    version: int = VERSION

    def __post_init__(self) -> None:
        content = {part.name: getattr(self, part.name) for part in fields(self)}
        wrong = shape_problem(content) or spelling_problem(content)
        for problem in [wrong] if wrong else self._problems():
            raise EvaluationError("plan_invalid", problem)

    def _problems(self) -> list[str]:
        """What is wrong, each as a sentence that names the field."""
        numbers = [number.lower() for number in chain(self.share_figures, self.effect_figures)]
        found = [
            (self.version != VERSION, f"version: this program reads plans of version {VERSION}"),
            (not self.trial, "trial: name the trial"),
            (self.months[0] > self.months[1], "months: the first month comes after the last"),
            (
                not self.months[0] <= self.total_months[0] <= self.total_months[1] <= self.months[1],
                "total_months: must lie within months",
            ),
            (
                self.months[1] - self.months[0] >= LONGEST,
                f"months: at most {LONGEST} months; count them from the start, such as -36 to 36",
            ),
            (not self.control, "control: name the arm that the other is compared with"),
            (not self.baseline, "baseline: name at least one variable"),
            (not self.totals, "totals: name at least one outcome"),
            *(
                (outcome not in known, f"{name}: no outcome is called {outcome}")
                for name, outcomes, known in self._asked_outcomes()
                for outcome in outcomes
            ),
            (len(set(numbers)) < len(numbers), "effect_figures: two figures have the same number"),
            (self.on not in ("last_day", "any_day"), "on: last_day or any_day"),
            (not is_number_between(self.min_hours, 0, 168), "min_hours: hours a week as text, e.g. '4'"),
            (not is_day_or_empty(self.data_to), "data_to: the last day of the registers as yyyy-mm-dd, or empty"),
            (not is_day_or_empty(self.data_from), "data_from: the first day of the registers as yyyy-mm-dd, or empty"),
            (bool(self.data_to) and self.data_from > self.data_to, "data_from: the first day comes after data_to"),
            (not is_number_between(self.alpha, 0, 1), "alpha: a number between 0 and 1 as text, e.g. '0.05'"),
            (self.covariance not in COVARIANCES, f"covariance: one of {', '.join(COVARIANCES)}"),
            (self.multiplicity not in MULTIPLICITY, f"multiplicity: one of {', '.join(MULTIPLICITY)}"),
            (self.disclosure not in DISCLOSURE, f"disclosure: one of {', '.join(DISCLOSURE)}"),
            (self.reference not in ("", SEKLAR), f"reference: {SEKLAR}, whose published numbers are known, or empty"),
            (not self.primary, "primary: name at least one outcome"),
            (not set(self.primary) <= set(self.totals), "primary: every primary outcome must be among totals"),
            *self._problems_of_baseline(),
            *self._problems_of_further(),
        ]
        return [sentence for wrong, sentence in found if wrong]

    def _problems_of_baseline(self) -> list[tuple[bool, str]]:
        """A known variable that is asked for and is not among baseline, where a name hardly different is, is misspelt
        there: delivered columns may have any name, but hardly one that so nearly means another."""
        asked = [name for name in (*self.covariates, *self.subgroups) if name not in self.baseline]
        own = [name for name in self.baseline if name not in TABLE_1]
        words = [name for name in self.baseline if name in WORDS]
        near = [(meant, *get_close_matches(meant, own, n=1)) for meant in asked if meant in TABLE_1]
        return [
            *((True, f"baseline: {name} is delivered in words; a baseline variable is a number") for name in words),
            *((True, f"baseline: {pair[1]} is no known variable; is {pair[0]} meant?") for pair in near if pair[1:]),
            (not set(self.covariates) <= set(self.baseline), "covariates: every covariate must be among baseline"),
            (not set(self.subgroups) <= set(self.baseline), "subgroups: every subgroup must be among baseline"),
        ]

    def _problems_of_further(self) -> list[tuple[bool, str]]:
        told = [outcome for family in self.families.values() for outcome in family]
        return [
            (not set(self.further) <= set(FURTHER), f"further: any of {', '.join(FURTHER)}"),
            *(
                (name in self.further and not getattr(self, needed), f"{needed}: {name} cannot be made without it")
                for name, needed in NEEDS.items()
            ),
            (bool(self.unit) and self.unit == self.strata, "strata: drawn units are no strata of themselves"),
            (bool(self.unit) and "compliers" in self.further, "further: effects on compliers need drawn persons"),
            (len(set(told)) < len(told), "families: an outcome belongs to one family"),
            (not set(told) <= set(self.totals), "families: every outcome must be among totals"),
            (not set(self.equivalence) <= set(self.totals), "equivalence: every outcome must be among totals"),
            (
                not all(is_number_between(margin, 0, float("inf")) for margin in self.equivalence.values()),
                "equivalence: margins above 0 as text, e.g. '1.5'",
            ),
            *self._problems_of_design(),
            *self._problems_of_earlier(),
        ]

    def _problems_of_earlier(self) -> list[tuple[bool, str]]:
        if not self.earlier:
            return []
        try:
            effect_sizes(self.earlier_studies, self.earlier["measure"])
        except (EvaluationError, TypeError, ValueError) as error:
            return [(True, f"earlier: {error}")]
        month, outcome = self.earlier["month"], self.earlier["outcome"]
        return [
            (outcome not in OUTCOMES, f"earlier: no outcome is called {outcome}"),
            (not self.months[0] <= month <= self.months[1], "earlier: the month must lie within months"),
        ]

    @property
    def earlier_studies(self) -> pd.DataFrame:
        """One row an earlier trial, its numbers as numbers."""
        return pd.DataFrame(
            [
                {key: value if key == "study" else float(value) for key, value in row.items()}
                for row in self.earlier["studies"]
            ]
        )

    def _problems_of_design(self) -> list[tuple[bool, str]]:
        if not self.design:
            return []
        try:
            declared = self.declared_design
            rule_for(declared.method, declared.arms)
        except (DesignError, LookupError, TypeError, ValueError) as error:
            return [(True, f"design: method and arms as the protocol has them ({error})")]
        known = self.control in dict(declared.arms)
        return [(not known, f"design: no arm is called {self.control}, the control of the plan")]

    @property
    def declared_design(self) -> Design:
        """The design that the randomisation test draws from."""
        arms = tuple((str(code), int(ratio)) for code, ratio in self.design["arms"])
        return Design(plain(self.design["method"]), arms)

    def _asked_outcomes(self) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """Field, the outcomes it names, and those that it may name."""
        figures = [("share_figures", self.share_figures), ("effect_figures", self.effect_figures)]
        shown = [(name, outcomes, OUTCOMES) for name, figure in figures for outcomes in figure.values()]
        return [("totals", self.totals, (*OUTCOMES, *TOTALS)), *shown]

    def to_dict(self) -> dict[str, Any]:
        """The plan as canonical JSON knows it: strings, whole numbers, lists, objects."""
        content = {part.name: plain(getattr(self, part.name)) for part in fields(self)}
        return {name: value for name, value in content.items() if value or name not in LATER}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Read a plan.

        Raises:
            EvaluationError: `plan_invalid`, with a sentence that names the field.
        """
        problem = shape_problem(content)
        if problem:
            raise EvaluationError("plan_invalid", problem)
        return cls(**{name: frozen(value) for name, value in content.items()})

    @cached_property
    def canonical(self) -> bytes:
        return canonical_json(self.to_dict())

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.to_dict())


def seklar_plan(trial: str = "se-klar", *, data_to: str = "") -> Plan:
    """The plan of the published evaluation of SE-KLAR (Dahl and Lima 2021): tables 1 and 2, figures 1-8 and V1.

    Beside them what a reader asks today: the flow of participants, simultaneous bands, the change since before the
    start, bounds for missing outcomes, and what the estimates rule out.
    """
    beside = ("flow", "bands", "differences", "bounds", "precision")
    return Plan(trial=trial, data_to=data_to, reference=SEKLAR, further=beside)


def plan_of_protocol(content: Mapping[str, Any], *, data_to: str = "") -> Plan:
    """A plan to begin from for a trial's own protocol: its arms, its strata, its drawn unit and its design.

    Args:
        content: `trial` (code), `arms` ((code, ratio) in the order of the protocol), `method`, and where they are not
            one control and offices as strata: `control` (an arm), `strata` (a column, empty for one list), `unit`
            (`cluster` where offices are drawn).

    Raises:
        EvaluationError: `plan_invalid` where the protocol's parts do not make a plan.
    """
    template = seklar_plan(content["trial"], data_to=data_to).to_dict()
    codes = [str(code) for code, _ratio in content["arms"]]
    drawn = bool(content.get("method")) and len(codes) == 2
    own: dict[str, Any] = {"reference": "", "control": content.get("control") or _control_of(codes)}
    own["strata"] = content.get("strata", "office")
    if drawn:
        own["design"] = {"method": content["method"], "arms": [list(arm) for arm in content["arms"]]}
        own["further"] = [*template["further"], "randomisation"]
    if content.get("unit") == "cluster":
        own |= {"unit": "office", "strata": ""}
    return Plan.from_dict(template | own)


def _control_of(codes: Sequence[str]) -> str:
    """The arm called control, also before any arm is named, else the last one named."""
    return "control" if "control" in codes or not codes else codes[-1]
