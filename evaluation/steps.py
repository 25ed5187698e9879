"""The steps of one run: from the accepted registers to findings, in the order in which the report shows them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pandas as pd

from evaluation.adjustment import adjusted_effects
from evaluation.baseline import baseline_table
from evaluation.bounds import lee_bounds, manski_bounds
from evaluation.cell_effects import effects_from_cells, fewest_beside, fewest_of, shares_from_cells
from evaluation.complier import complier_effects
from evaluation.differences import differences_in_differences
from evaluation.disclosure import SMALLEST
from evaluation.effects import person_totals, totals_or_reasons
from evaluation.engines import check_against_statsmodels
from evaluation.errors import EvaluationError
from evaluation.fewest import fewest_known, fewest_of_levels
from evaluation.figures import effects_figure, shares_figure
from evaluation.finding_tables import baseline_finding, reasons, table, table_or_reason
from evaluation.findings import Finding, arm_order
from evaluation.flow import attrition, participant_flow, register_coverage
from evaluation.joint_months import JointEffects, joint_effects_by_month
from evaluation.material import Material
from evaluation.monthly_cells import Cells, cells_of
from evaluation.multiplicity import adjust_p_values
from evaluation.plan import Plan
from evaluation.pre_period import pre_period_test
from evaluation.precision import precision_of
from evaluation.regression import Covariance
from evaluation.rerandomisation import randomisation_test
from evaluation.review.joining import JoinedReview, join_review, may_leave, no_review, trial_as_study
from evaluation.shares import require_columns
from evaluation.subgroups import subgroup_effects
from evaluation.units import likeness, unit_means
from evaluation.weighting import weighted_effects

Step = tuple[str, Callable[[], list[Finding]]]


class Analysis:
    """The findings of a plan. Where offices or teams were drawn, every estimate is one of units, not of persons."""

    def __init__(
        self,
        plan: Plan,
        frames: Mapping[str, pd.DataFrame],
        seed: int,
        uncovered: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.plan = plan
        self.seed = seed
        self.data = Material(plan, frames, uncovered)
        self.strata = self.data.strata
        self.alpha = float(plan.alpha)
        self.by_strata: dict[str, Any] = {"strata": self.strata, "control": plan.control}
        self.estimated: dict[str, Any] = self.by_strata | {
            "covariance": cast(Covariance, plan.covariance),
            "alpha": self.alpha,
        }
        self.notes = {"covariance": plan.covariance, "strata": self.strata, "alpha": plan.alpha}

    def steps(self) -> list[Step]:
        """What is to be done, each with the label that tells its progress."""
        figures = [*self.plan.share_figures, *self.plan.effect_figures]
        return [
            ("panel", self._prepared),
            ("table-1", self._table_1),
            ("table-2", self._table_2),
            ("adjusted", self._adjusted),
            *self._asked(
                differences=self._differences,
                compliers=self._compliers,
                weights=self._weighted,
                precision=self._precision,
                randomisation=self._randomisation,
                bounds=self._bounds,
            ),
            *[(f"figure-{number.lower()}", self._figure(number)) for number in figures],
            ("pre-period", self._pre_period),
            *self._asked(bands=self._joint_tests, flow=self._flow, evidence=self._evidence),
        ]

    def _asked(self, **steps: Callable[[], list[Finding]]) -> list[Step]:
        return [(name, step) for name, step in steps.items() if name in self.plan.further]

    def check(self) -> dict[str, Any]:
        """Every estimate of table 2 and of the months against statsmodels."""
        named = Plan.from_dict(self.plan.to_dict() | {"strata": self.strata, "unit": ""})
        return check_against_statsmodels(self.data.panel, named, self.totals, self.monthly, self.seed)

    # what several steps share

    @cached_property
    def totals(self) -> pd.DataFrame:
        """Table 2, with the p-values of each family adjusted together."""
        found = totals_or_reasons(
            self.data.panel, outcomes=self.plan.totals, months=self.plan.total_months, **self.estimated
        )
        found["adjusted_p"] = np.nan
        for family in self._families().values():
            mine = found["outcome"].isin(family)
            found.loc[mine, "adjusted_p"] = adjust_p_values(list(found.loc[mine, "p"]), method=self.plan.multiplicity)
        return found

    @cached_property
    def cells(self) -> Cells:
        """One scan of the panel for every figure."""
        shown = [*self.plan.share_figures.values(), *self.plan.effect_figures.values()]
        outcomes = list(dict.fromkeys(outcome for figure in shown for outcome in figure))
        return cells_of(self.data.panel, outcomes=outcomes, months=self.plan.months, **self.by_strata)

    @cached_property
    def monthly(self) -> pd.DataFrame:
        found = effects_from_cells(self.cells, covariance=cast(Covariance, self.plan.covariance), alpha=self.alpha)
        return found[found["outcome"].isin(self._effect_outcomes())].reset_index(drop=True)

    @cached_property
    def joint(self) -> JointEffects:
        return joint_effects_by_month(
            self.data.panel, outcomes=self._effect_outcomes(), months=self.plan.months, seed=self.seed, **self.estimated
        )

    @cached_property
    def fewest(self) -> dict[tuple[str, int], int | None]:
        """By outcome and month: how few persons of an arm have, or lack, the state. It decides what may leave."""
        return fewest_of(self.cells_of_persons)

    @cached_property
    def cells_of_persons(self) -> Cells:
        if not self.plan.unit:
            return self.cells
        outcomes = self.cells.outcomes
        return cells_of(self.data.people_months, outcomes=outcomes, months=self.plan.months, **self.by_strata)

    @property
    def before(self) -> tuple[int, int] | None:
        """The months before the start; a plan may have none."""
        return (self.plan.months[0], -1) if self.plan.months[0] < 0 else None

    def _families(self) -> Mapping[str, tuple[str, ...]]:
        return self.plan.families or {"primary": self.plan.primary}

    def _effect_outcomes(self) -> list[str]:
        return list(dict.fromkeys(outcome for figure in self.plan.effect_figures.values() for outcome in figure))

    # the steps

    def _prepared(self) -> list[Finding]:
        require_columns(self.data.people_months, self._effect_outcomes())
        return []

    def _table_1(self) -> list[Finding]:
        arm, control, variables = "arm", self.plan.control, self.plan.baseline
        require_columns(self.data.people, variables)
        people = self.data.people
        if self.plan.unit:
            people = unit_means(people, unit=self.plan.unit, columns=list(variables))
        found = baseline_table(people, variables=variables, control=control)
        notes: dict[str, Any] = {"joint_f": found.joint_f, "joint_p": found.joint_p} if not found.joint_reason else {}
        notes |= {"joint_df": list(found.joint_df), "joint_n": found.n, "joint_reason": found.joint_reason}
        counts = {f"n_{name}": int((people[arm] == name).sum()) for name in arm_order(people[arm], control)}
        if self.plan.unit:
            counts |= {f"persons_{name}": int(n) for name, n in self.data.people[arm].value_counts().items()}
        few = fewest_known(self.data.people, variables)
        return [baseline_finding(found.table, notes | counts | {SMALLEST: few}, control)]

    def _table_2(self) -> list[Finding]:
        families = {name: list(family) for name, family in self._families().items()}
        more = {"families": families, "multiplicity": self.plan.multiplicity, "one_arm": self._one_arm()}
        found = [table("table-2", self.totals, self.notes | more | self._few(self.plan.totals))]
        if self.plan.unit:
            alike = likeness(
                self.data.persons, unit=self.plan.unit, outcomes=self.plan.totals, control=self.plan.control
            )
            found.append(table("likeness", alike, {"unit": self.plan.unit}))
        return found

    def _few(self, outcomes: Sequence[str], times: int = 1) -> dict[str, list[int]]:
        """The note that says of how few persons each row is; `times` the outcomes where a table repeats them."""
        return {SMALLEST: fewest_known(self.data.persons, outcomes) * times}

    def _one_arm(self) -> list[str]:
        """Strata in which only one arm was drawn: they say nothing of the effect."""
        arms = self.data.panel.groupby(self.strata)["arm"].nunique()
        return [str(stratum) for stratum in arms.index[arms < 2]]

    def _adjusted(self) -> list[Finding]:
        found = adjusted_effects(
            self.data.analysed,
            outcomes=self.plan.primary,
            covariates=self.plan.covariates,
            alpha=self.alpha,
            **self.by_strata,
        )
        covariates = list(self.plan.covariates)
        determined = {term.removeprefix("treatment:") for term in found["term"]}
        notes: dict[str, Any] = self._few(self.plan.primary)
        if any(found["term"]):
            notes["determined"] = [name for name in covariates if name in determined]
        tables = [table("adjusted", found, {"covariance": "HC2", "covariates": covariates} | notes)]
        if self.plan.subgroups:
            split = subgroup_effects(
                self.data.analysed,
                outcomes=self.plan.primary,
                subgroups=self.plan.subgroups,
                alpha=self.alpha,
                **self.by_strata,
            )
            few = fewest_of_levels(self.data.persons, self.plan.primary, self.plan.subgroups)
            tables.append(table("subgroups", split, {"covariance": "classical", SMALLEST: few}))
        return tables

    def _differences(self) -> list[Finding]:
        before, outcomes = self.before, self.plan.totals
        if before is None:
            return [table("differences", reasons(outcomes, "no_months"), self.notes)]
        found = differences_in_differences(
            self.data.panel, outcomes=outcomes, months=self.plan.total_months, before=before, **self.estimated
        )
        return [table("differences", found, self.notes | {"before": list(before), SMALLEST: self._few_in_both(before)})]

    def _few_in_both(self, before: tuple[int, int]) -> list[int]:
        """How few persons of an arm are known in every month before the start, and after it."""
        outcomes = list(self.plan.totals)
        earlier = person_totals(self.data.people_months, outcomes=outcomes, months=before)
        known = self.data.persons[["participant_number", "arm", *outcomes]].set_index("participant_number")
        numbers = known[outcomes].where(earlier.set_index("participant_number")[outcomes].notna())
        return fewest_known(numbers.assign(arm=known["arm"]), outcomes)

    def _compliers(self) -> list[Finding]:
        outcomes = self.plan.primary

        def made() -> pd.DataFrame:
            persons = self.data.persons.merge(self.data.received(), on="participant_number", validate="1:1")
            return complier_effects(persons, outcomes=outcomes, received="received", **self.estimated)

        notes = self.notes | {"received": self.plan.received} | self._few(outcomes)
        return [table_or_reason("compliers", made, notes, outcomes=outcomes)]

    def _weighted(self) -> list[Finding]:
        options = {"outcomes": self.plan.primary, "ratios": self.plan.ratios, "alpha": self.alpha, **self.by_strata}
        notes = {"covariance": "HC2", "weights": "declared"} | self._few(self.plan.primary)
        made = partial(weighted_effects, self.data.analysed, **options)
        return [table_or_reason("weighted", made, notes, outcomes=self.plan.primary)]

    def _precision(self) -> list[Finding]:
        margins = {name: float(margin) for name, margin in self.plan.equivalence.items()}
        found = precision_of(self.totals, margins=margins, alpha=self.alpha)
        notes = self.notes | self._few(self.plan.totals)
        return [table("precision", found, notes | {"power": 80, "level": f"{100 * (1 - 2 * self.alpha):g}"})]

    def _randomisation(self) -> list[Finding]:
        """With the persons in the order in which they came, since that is how the design drew them."""
        method, outcomes = self.plan.design["method"], self.plan.totals

        def made() -> pd.DataFrame:
            factors = list(method["factors"]) if method["kind"] == "minimisation" else []
            return randomisation_test(
                self.data.in_order(factors),
                design=self.plan.declared_design,
                outcomes=outcomes,
                seed=self.seed,
                months=self.plan.total_months,
                factors=factors,
                **self.by_strata,
            )

        notes = {"redrawn": method["kind"]} | self._few(outcomes)
        return [table_or_reason("randomisation", made, notes, outcomes=outcomes)]

    def _bounds(self) -> list[Finding]:
        options = {"outcomes": self.plan.primary, **self.by_strata}
        found = [
            lee_bounds(self.data.analysed, alpha=self.alpha, **options).assign(bounds="lee"),
            manski_bounds(self.data.analysed, months=self.plan.total_months, **options).assign(bounds="manski"),
        ]
        notes = {"alpha": self.plan.alpha} | self._few(self.plan.primary, times=len(found))
        return [table("bounds", pd.concat(found, ignore_index=True), notes)]

    def _evidence(self) -> list[Finding]:
        """This trial among the earlier ones that the plan names."""
        asked = self.plan.earlier
        try:
            trial = trial_as_study(
                self.data.panel,
                outcome=asked["outcome"],
                month=asked["month"],
                measure=asked["measure"],
                study=self.plan.trial,
                control=self.plan.control,
            )
            return may_leave(self._among_earlier(trial), self._among_earlier)
        except EvaluationError as error:
            return [no_review(error.code)]

    def _among_earlier(self, trial: pd.DataFrame) -> JoinedReview:
        return join_review(self.plan.earlier_studies, trial, measure=self.plan.earlier["measure"], tau2="REML")

    def _flow(self) -> list[Finding]:
        registers = {name: frame for name, frame in self.data.frames.items() if name != "participants"}
        control = {"control": self.plan.control}
        flow = participant_flow(self.data.persons, registers, outcomes=self.plan.primary, **control)
        gone = attrition(self.data.persons, outcomes=self.plan.totals, unit=self.plan.unit, **self.estimated)
        known = register_coverage(self.data.persons, registers, **control)
        return [table("flow", flow, {}), table("attrition", gone, self.notes), table("coverage", known, {})]

    def _figure(self, number: str) -> Callable[[], list[Finding]]:
        return lambda: [self._shares(number) if number in self.plan.share_figures else self._effects(number)]

    def _shares(self, number: str) -> Finding:
        shares = shares_from_cells(self.cells)
        outcomes = self.plan.share_figures[number]
        mine = pd.concat([shares[shares["outcome"] == outcome] for outcome in outcomes], ignore_index=True)
        beside = fewest_beside(self.cells_of_persons)
        few = [beside.get(row) for row in zip(mine["outcome"], mine["month"], mine["arm"], strict=True)]
        notes = {SMALLEST: few} if any(one is not None for one in few) else {}
        return shares_figure(number, mine, arm_order(self.data.panel["arm"], self.plan.control), notes)

    def _effects(self, number: str) -> Finding:
        mine = self.monthly[self.monthly["outcome"].isin(self.plan.effect_figures[number])]
        rows = zip(mine["outcome"], mine["month"], strict=True)
        notes = self.notes | {SMALLEST: [self.fewest[row] for row in rows]}
        if "bands" not in self.plan.further:
            return effects_figure(number, mine, notes)
        bands = self.joint.table[["outcome", "month", "band_low", "band_high"]]
        return effects_figure(number, mine.merge(bands, on=["outcome", "month"]), notes | {"bands": "sup-t"})

    def _pre_period(self) -> list[Finding]:
        if self.before is None:
            return [table("pre-period", reasons(self._effect_outcomes(), "no_months"), {})]
        rows = [
            {"outcome": outcome}
            | pre_period_test(self.data.panel, outcome=outcome, months=self.before, **self.by_strata)
            for outcome in self._effect_outcomes()
        ]
        return [table("pre-period", rows, {"months": list(self.before)})]

    def _joint_tests(self) -> list[Finding]:
        return [table("joint-months", self.joint.tests, self.notes)]
