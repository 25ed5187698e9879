"""What the analyses of a plan are made from: the panel, the persons, and the units where those were drawn."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Final, cast

import numpy as np
import pandas as pd

from evaluation.effects import person_totals
from evaluation.outcomes import OUTCOMES
from evaluation.panel import Rule, person_months
from evaluation.people import baseline_people
from evaluation.plan import Plan
from evaluation.rules import MissingFactor
from evaluation.shares import require_columns
from evaluation.units import drawn_units, unit_means

EVERYONE: Final = "everyone"
"""The one stratum of a trial that was drawn from one list."""


class Material:
    """Each frame is made when it is first asked for."""

    def __init__(
        self,
        plan: Plan,
        frames: Mapping[str, pd.DataFrame],
        uncovered: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.plan = plan
        self.frames = frames
        self.uncovered = uncovered
        self.strata = plan.strata or EVERYONE

    @cached_property
    def people_months(self) -> pd.DataFrame:
        """The panel of persons, with the columns of strata and drawn units."""
        plan, participants = self.plan, self.frames["participants"]
        panel = person_months(
            participants,
            employment=self.frames.get("employment"),
            benefits=self.frames.get("benefits"),
            measures=self.frames.get("measures"),
            education=self.frames.get("education"),
            work_capacity=self.frames.get("work_capacity"),
            months=plan.months,
            on=cast(Rule, plan.on),
            data_to=plan.data_to or None,
            data_from=plan.data_from or None,
            min_hours=float(plan.min_hours),
        ).assign(**({EVERYONE: EVERYONE} if self.strata == EVERYONE else {}))
        further = [name for name in (self.strata, plan.unit) if name and name not in panel]
        require_columns(participants, further)
        return (
            panel.merge(participants[["participant_number", *further]], on="participant_number") if further else panel
        )

    @cached_property
    def panel(self) -> pd.DataFrame:
        """The panel that is analysed: of persons, or of drawn units."""
        if not self.plan.unit:
            return self.people_months
        present = [name for name in OUTCOMES if name in self.people_months]
        return drawn_units(self.people_months, unit=self.plan.unit, outcomes=present, keep=[self.strata])

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row a person with the baseline variables."""
        registers = dict(self.frames)
        people = baseline_people(
            registers["participants"],
            self.people_months,
            registers,
            further=self.plan.baseline,
            data_from=self.plan.data_from,
            data_to=self.plan.data_to,
            uncovered=self.uncovered,
        )
        heads = self.people_months.drop_duplicates("participant_number")
        more = [name for name in (self.strata, self.plan.unit) if name and name not in people]
        return people.merge(heads[["participant_number", *more]], on="participant_number", validate="1:1")

    @cached_property
    def persons(self) -> pd.DataFrame:
        """One row a person: the totals of every outcome, and the baseline variables that the plan asks for."""
        asked = list(dict.fromkeys([*self.plan.covariates, *self.plan.subgroups]))
        require_columns(self.people, asked)
        kept = [name for name in (self.strata, self.plan.unit) if name]
        totals = person_totals(self.people_months, outcomes=self.plan.totals, months=self.plan.total_months, keep=kept)
        return totals.merge(self.people[["participant_number", *asked]], on="participant_number", validate="1:1")

    @cached_property
    def analysed(self) -> pd.DataFrame:
        """`persons`, or one row a drawn unit with its means."""
        if not self.plan.unit:
            return self.persons
        heads = ("participant_number", "arm", self.strata, self.plan.unit)
        columns = [str(name) for name in self.persons if name not in heads]
        return unit_means(self.persons, unit=self.plan.unit, columns=columns, keep=[self.strata])

    def received(self) -> pd.DataFrame:
        """Who received the treatment: a delivered mark, or an outcome that held in any month of the totals."""
        name, participants = self.plan.received, self.frames["participants"]
        if name in participants:
            return participants[["participant_number", name]].rename(columns={name: "received"})
        require_columns(self.people_months, [name])
        inside = self.people_months[self.people_months["month"].between(*self.plan.total_months)]
        ever = inside.groupby("participant_number")[name].max().gt(0).astype(float)
        return ever.where(inside.groupby("participant_number")[name].count() > 0).rename("received").reset_index()

    def in_order(self, factors: Sequence[str] = ()) -> pd.DataFrame:
        """The panel with the persons (or units) in the order in which they came, and what the draw balanced.

        Raises:
            MissingFactor: where a factor of the draw was not delivered.
        """
        participants = self.frames["participants"]
        missing = [name for name in factors if name not in participants]
        if missing:
            raise MissingFactor(f"the participants have no column {missing[0]}")
        name = self.plan.unit or "participant_number"
        first = participants.groupby(name)["start_date"].min()
        order = pd.DataFrame({"start": first, "number": first.index}).sort_values(["start", "number"])["number"]
        place = pd.Series(np.arange(len(order)), index=pd.Index(order))
        levels = participants.set_index("participant_number")[list(factors)]
        known = {name: self.panel["participant_number"].map(levels[name]) for name in factors}
        ordered = self.panel.assign(_place=self.panel["participant_number"].map(place), **known)
        return ordered.sort_values(["_place", "month"]).drop(columns="_place")
