"""The figures of a comparison, numbered as in the report (Proba 2020)."""

from typing import Any, Final

import pandas as pd

from evaluation.comparing.models import YOUNG
from evaluation.comparing.sample import Comparison
from evaluation.figures import arm_channel, lines_figure
from evaluation.findings import Finding
from evaluation.in_measure import time_in_measure
from evaluation.labels import MARK, both
from evaluation.shares import monthly_shares

LONGEST: Final = 24
BAR: Final = 26


class Figures:
    """One method a figure."""

    def __init__(self, data: Comparison) -> None:
        self.data = data
        self.arms = (data.plan.treated, data.plan.control)

    def _lines(self, number: str, nb: str, en: str, shares: pd.DataFrame) -> Finding:
        title = both(f"Figur {number}. {nb}", f"Figure {number}. {en}")
        return lines_figure(f"figure-{number.replace('.', '-')}", title, shares, self.arms, {})

    def still_in_measure(self) -> Finding:
        """Figure 2.21: the share who have not left the measure."""
        shares = time_in_measure(self.data.panel, months=LONGEST).rename(columns={"share": "mean"})
        shares = shares.assign(outcome="still_in_measure")
        return self._lines("2.21", "Fortsatt i tiltaket", "Still in the measure", shares)

    def work_before_and_after(self) -> Finding:
        """Figure 3.2: any work, from two years before the start."""
        shares = monthly_shares(self.data.any_work, outcomes=["employed", "hours"])
        return self._lines("3.2", "Arbeid før og etter start", "Work before and after the start", shares)

    def health_before_and_after(self) -> Finding:
        """Figure 3.3: AAP and reduced work capacity."""
        shares = monthly_shares(self.data.panel, outcomes=["aap", "reduced_work_capacity"])
        return self._lines("3.3", "AAP og nedsatt arbeidsevne", "AAP and reduced work capacity", shares)

    def into_work(self) -> Finding:
        """Figure 4.1: in work by the report's rule, from the start."""
        after = self.data.panel[self.data.panel["month"] >= 0]
        return self._lines(
            "4.1", "I jobb etter start", "In work after the start", monthly_shares(after, outcomes=["employed"])
        )

    def by_aap(self) -> Finding:
        """Figure 4.3: in work, with and without AAP at the start."""
        groups = self.data.people["aap"].map({1.0: "on_aap", 0.0: "without_aap"})
        return self._lines("4.3", "I jobb, med og uten AAP", "In work, with and without AAP", self._split(groups))

    def by_age(self) -> Finding:
        """Figure 4.4: in work, below thirty and above."""
        groups = (self.data.people["age"] < YOUNG).map({True: "under_30", False: "30_or_more"})
        return self._lines("4.4", "I jobb, etter alder", "In work, by age", self._split(groups))

    def _split(self, groups: "pd.Series[Any]") -> pd.DataFrame:
        """Shares in work after the start; the outcome of each row is its group."""
        plan, panel = self.data.plan, self.data.panel
        width = plan.months[1] - plan.months[0] + 1
        named = panel[["participant_number", "arm", "month", "employed"]].assign(group=groups.to_numpy().repeat(width))
        after = named[named["month"] >= 0]
        parts = [
            monthly_shares(part, outcomes=["employed"]).assign(outcome=name) for name, part in after.groupby("group")
        ]
        return pd.concat(parts, ignore_index=True)

    def retained(self, table: Finding) -> Finding:
        """Figure 4.2: the table of those in work on two occasions, as bars."""
        sides = {"treated_mean": self.arms[0], "control_mean": self.arms[1]}
        rows = tuple((row["at"], arm, row[side]) for row in table.records for side, arm in sides.items())
        columns = ("at", "arm", "mean")
        values = [
            {"at": MARK + at, "arm": MARK + arm, "mean": None if mean is None else 100 * mean} for at, arm, mean in rows
        ]
        arm = arm_channel(self.arms)
        spec = {
            "data": {"values": values},
            "height": {"step": BAR},
            "width": 420,
            "mark": {"type": "bar"},
            "encoding": {
                "y": {
                    "field": "at",
                    "type": "nominal",
                    "title": f"{MARK}month",
                    "sort": None,
                    "axis": {"labelLimit": 160},
                },
                "yOffset": {"field": "arm", "sort": [MARK + name for name in self.arms]},
                "x": {"field": "mean", "type": "quantitative", "title": f"{MARK}percent"},
                "color": arm,
                "tooltip": [
                    {"field": "arm", "title": f"{MARK}arm"},
                    {"field": "mean", "title": f"{MARK}percent", "format": ".1f"},
                ],
            },
        }
        title = both("Figur 4.2. I jobb på to tidspunkter", "Figure 4.2. In work on two occasions")
        return Finding("figure-4-2", "figure", title, columns, rows, spec, {})
