"""What the two measures cost, held against what they give (Proba 2020, chapter 6): the plan's costs and the registers.

Costs a month follow from the plan; how many months people are in the measure in their first year, and how many work
after it, from those who are followed a year.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.comparing.models import full_model, step_by_step
from evaluation.comparing.sample import Comparison
from evaluation.cost import CostEffectiveness, cost_effectiveness
from evaluation.cost_uncertainty import CostEffect, acceptability, acceptability_figure, cost_and_effect, plane_figure
from evaluation.finding_tables import Layout, laid_out
from evaluation.findings import Finding

YEAR: Final = 12
RAW: Final = "raw"
WHOLE: Final = "whole_model"
PRICES: Final = 21  # points of the acceptability curve
LAYOUTS: Final[Mapping[str, Layout]] = {
    "table-6-1": Layout(
        "Tabell 6.1. Kostnad per deltakermåned",
        "Table 6.1. Cost per participant month",
        ("measure", "total_cost", "participant_months", "cost_per_month"),
    ),
    "table-6-2": Layout(
        "Tabell 6.2. Kostnad per deltaker det første året",
        "Table 6.2. Cost per participant in the first year",
        ("measure", "cost_per_month", "months_in_first_year", "first_year", "transaction_cost", "first_year_total"),
    ),
    "table-6-3": Layout(
        "Tabell 6.3. Kostnad mot resultat",
        "Table 6.3. Cost against result",
        (
            *("estimator", "cost_per_month_ratio", "first_year_ratio", "result_ratio", "result_difference"),
            *("first_year_extra", "cost_per_result", "ci_low", "ci_high", "reason"),
        ),
    ),
}


class Costs:
    """Tables 6.1 to 6.3, the cost-effectiveness plane and the acceptability curve."""

    def __init__(self, data: Comparison) -> None:
        self.data = data
        self.plan = data.plan

    @cached_property
    def people(self) -> pd.DataFrame:
        """Those followed a year whose office is known: arm, `months` in follow-up, its `cost` (NOK), the `result`."""
        people, months = self.data.people, self.data.months_in_follow_up(YEAR)
        known = people.assign(months=months, result=people["employed"])
        known = known.dropna(subset=["months", "result", "arm", "office"])
        costs = self.plan.costs
        price = {measure: given["total_cost"] / given["participant_months"] for measure, given in costs.items()}
        extra = {measure: given["transaction_cost"] for measure, given in costs.items()}
        return known.assign(cost=known["arm"].map(price) * known["months"] + known["arm"].map(extra))

    def findings(self) -> list[Finding]:
        """Tables and figures in the order of the report.

        Raises:
            EvaluationError: as `cost_effectiveness`, `cost_and_effect` and the models.
        """
        found = {RAW: self._against(*self._raw()), WHOLE: self._against(*self._adjusted())}
        table = found[RAW].table.merge(self._inputs(), on="measure")
        compared = pd.concat([part.comparison.assign(estimator=name) for name, part in found.items()])
        told = {"table-6-1": table, "table-6-2": table, "table-6-3": compared}
        notes: dict[str, Any] = {"result": "employed", "month": self.plan.month, "n": len(self.people)}
        return [
            *(laid_out(name, LAYOUTS[name], rows, notes) for name, rows in told.items()),
            *self._figures(self.uncertain),
        ]

    @cached_property
    def uncertain(self) -> CostEffect:
        """The raw difference of costs and results among persons, offices drawn whole; the plan decides the samples."""
        rng = np.random.default_rng(int(self.plan.sha256[:16], 16))
        return cost_and_effect(
            self.people, cost="cost", result="result", control=self.plan.control, cluster="office", rng=rng
        )

    def _figures(self, found: CostEffect) -> list[Finding]:
        dearest = 3 * found.extra_cost / found.extra_result if found.extra_result > 0 < found.extra_cost else 1e6
        prices = np.linspace(0, float(np.ceil(dearest / 1e5) * 1e5), PRICES)
        return [plane_figure(found), acceptability_figure(acceptability(found.draws, thresholds=prices.tolist()))]

    def _inputs(self) -> pd.DataFrame:
        months = self.people.groupby("arm", observed=True)["months"].mean()
        rows = [
            {"measure": measure, "months_in_first_year": float(months[measure])} | dict(self.plan.costs[measure])
            for measure in (self.plan.treated, self.plan.control)
        ]
        return pd.DataFrame(rows).drop(columns="transaction_cost")

    def _raw(self) -> tuple[float, float]:
        row = step_by_step(self.data.people).table.iloc[0]
        return float(row["estimate"]), float(row["se"])

    def _adjusted(self) -> tuple[float, float]:
        found = full_model(self.data.people).combination({"treated": 1})
        return found["estimate"], found["se"]

    def _against(self, gain: float, se: float) -> CostEffectiveness:
        """The control group's share in work, and so much more among the treated."""
        base = float(self.people.loc[self.people["arm"] == self.plan.control, "result"].to_numpy(dtype=float).mean())
        results = {self.plan.control: (base, 0.0), self.plan.treated: (base + gain, se)}
        rows = self._inputs().assign(
            transaction_cost=lambda table: [self.plan.costs[name]["transaction_cost"] for name in table["measure"]],
            result=lambda table: [results[name][0] for name in table["measure"]],
            result_se=lambda table: [results[name][1] for name in table["measure"]],
        )
        return cost_effectiveness(rows, reference=self.plan.control)
