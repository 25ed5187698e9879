"""The whole locked plan in one call: deliveries in, findings and manifest out."""

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from evaluation.adjustment import adjusted_effects
from evaluation.baseline import baseline_table
from evaluation.effects import effects_by_month, effects_on_totals, person_totals
from evaluation.engines import check_against_statsmodels
from evaluation.errors import EvaluationError
from evaluation.figures import effects_figure, shares_figure
from evaluation.findings import (
    Finding,
    Results,
    adjusted_finding,
    arm_order,
    baseline_finding,
    pre_period_finding,
    subgroups_finding,
    totals_finding,
)
from evaluation.multiplicity import adjust_p_values
from evaluation.panel import Rule, person_months
from evaluation.people import baseline_people
from evaluation.plan import Plan
from evaluation.pre_period import pre_period_test
from evaluation.regression import Covariance
from evaluation.shares import monthly_shares, require_columns
from evaluation.subgroups import subgroup_effects
from evaluation.writing import write_results

Progress = Callable[[int, int, str], None]
Deliveries = Mapping[str, pd.DataFrame | Path]

MASKS: Final = ("A", "B")


def run(
    plan: Plan,
    deliveries: Deliveries,
    *,
    progress: Progress | None = None,
    masked: bool = False,
    seed: int | None = None,
    out: Path | None = None,
) -> Results:
    """Carry out every analysis of a plan.

    Args:
        plan: the locked plan.
        deliveries: register -> accepted rows (a frame, or the Parquet snapshot they lie in). `participants` has
            participant_number, office, arm and start_date, and the baseline columns.
        progress: called as progress(done, total, label) before each step and at the end.
        masked: rehearse: the arms are shuffled within strata and called A and B, so that nothing is learnt.
        seed: for the shuffle and the audit sample; from the plan's hash if left out.
        out: a folder to write the results to (`write_results`).

    Returns:
        Results. The same inputs give the same bytes.

    Raises:
        EvaluationError: a register or an outcome that the plan needs is not there, no contrast, engines that differ.
    """
    seed = int(plan.sha256[:12], 16) if seed is None else seed
    frames = {name: _frame(source) for name, source in deliveries.items()}
    if "participants" not in frames:
        raise EvaluationError("missing_register", "the delivery of participants is missing")
    require_columns(frames["participants"], ["participant_number", "office", "arm", "start_date"])
    carried_out = plan
    if masked:
        frames["participants"], carried_out = _shuffled(frames["participants"], plan, seed)
    findings, check = _Analysis(carried_out, frames, progress or _silent, seed).findings()
    made = {"seed": seed, "masked": masked, "check": check}
    results = Results(findings, _manifest(plan, deliveries, frames) | made)
    if out is not None:
        write_results(results, out)
    return results


def _silent(_done: int, _total: int, _label: str) -> None:
    """Tell nobody."""


def _frame(source: pd.DataFrame | Path) -> pd.DataFrame:
    return pd.read_parquet(source) if isinstance(source, Path) else source


def _shuffled(participants: pd.DataFrame, plan: Plan, seed: int) -> tuple[pd.DataFrame, Plan]:
    """Arms permuted within strata and renamed; the larger letter is the control of the rehearsal."""
    rng = np.random.default_rng(seed)
    arms = participants["arm"].to_numpy(dtype=object).copy()
    for places in participants.groupby(plan.strata, sort=True).indices.values():
        arms[places] = rng.permutation(arms[places])
    names = dict(zip(sorted(set(arms)), MASKS, strict=True))
    masked = participants.assign(arm=[names[arm] for arm in arms])
    return masked, Plan.from_dict(plan.to_dict() | {"control": MASKS[-1]})


class _Analysis:
    """The steps of one run, in the order in which the report shows what they find."""

    def __init__(self, plan: Plan, frames: dict[str, pd.DataFrame], progress: Progress, seed: int) -> None:
        self.plan = plan
        self.frames = frames
        self.progress = progress
        self.seed = seed
        self.covariance = cast(Covariance, plan.covariance)
        self.total = 6 + len(plan.share_figures) + len(plan.effect_figures)
        self.done = 0

    def findings(self) -> tuple[tuple[Finding, ...], dict[str, Any]]:
        self._step("panel")
        panel = self._panel()
        self._step("table-1")
        people = baseline_people(self.frames["participants"], panel, self.frames, further=self.plan.baseline)
        found = [self._table_1(people)]
        self._step("table-2")
        totals = self._totals(panel)
        found.append(totals_finding(totals, self._notes()))
        self._step("adjusted")
        joined = self._primary_totals(panel, people)
        found.append(self._adjusted(joined))
        if self.plan.subgroups:
            found.append(self._subgroups(joined))
        found += self._share_figures(panel)
        monthly = effects_by_month(
            panel,
            outcomes=self._effect_outcomes(),
            months=self.plan.months,
            strata=self.plan.strata,
            covariance=self.covariance,
            control=self.plan.control,
            alpha=float(self.plan.alpha),
        )
        found += self._effect_figures(monthly)
        self._step("pre-period")
        found.append(self._pre_period(panel))
        self._step("check")
        check = check_against_statsmodels(panel, self.plan, totals, monthly, self.seed)
        self.progress(self.total, self.total, "done")
        return tuple(found), check

    def _step(self, label: str) -> None:
        self.progress(self.done, self.total, label)
        self.done += 1

    def _notes(self) -> dict[str, Any]:
        return {"covariance": self.plan.covariance, "strata": self.plan.strata, "alpha": self.plan.alpha}

    def _panel(self) -> pd.DataFrame:
        data_to = date.fromisoformat(self.plan.data_to) if self.plan.data_to else None
        return person_months(
            self.frames["participants"],
            employment=self.frames.get("employment"),
            benefits=self.frames.get("benefits"),
            measures=self.frames.get("measures"),
            education=self.frames.get("education"),
            work_capacity=self.frames.get("work_capacity"),
            months=self.plan.months,
            on=cast(Rule, self.plan.on),
            data_to=data_to,
            min_hours=float(self.plan.min_hours),
        )

    def _table_1(self, people: pd.DataFrame) -> Finding:
        found = baseline_table(people, variables=self.plan.baseline, control=self.plan.control)
        notes = {
            "joint_f": found.joint_f,
            "joint_df": list(found.joint_df),
            "joint_p": found.joint_p,
            "joint_n": found.n,
        }
        counts = {f"n_{arm}": int((people["arm"] == arm).sum()) for arm in arm_order(people["arm"], self.plan.control)}
        return baseline_finding(found.table, notes | counts, self.plan.control)

    def _totals(self, panel: pd.DataFrame) -> pd.DataFrame:
        totals = effects_on_totals(
            panel,
            outcomes=self.plan.totals,
            months=self.plan.total_months,
            strata=self.plan.strata,
            covariance=self.covariance,
            control=self.plan.control,
            alpha=float(self.plan.alpha),
        )
        primary = totals["outcome"].isin(self.plan.primary)
        totals["adjusted_p"] = np.nan
        totals.loc[primary, "adjusted_p"] = adjust_p_values(
            list(totals.loc[primary, "p"]), method=self.plan.multiplicity
        )
        return totals

    def _primary_totals(self, panel: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
        """One row a person: the primary outcomes, and the baseline variables that the plan asks for."""
        totals = person_totals(
            panel, outcomes=self.plan.primary, months=self.plan.total_months, keep=(self.plan.strata,)
        )
        asked = list(dict.fromkeys([*self.plan.covariates, *self.plan.subgroups]))
        require_columns(people, asked)
        return totals.merge(people[["participant_number", *asked]], on="participant_number", validate="1:1")

    def _adjusted(self, joined: pd.DataFrame) -> Finding:
        found = adjusted_effects(
            joined,
            outcomes=self.plan.primary,
            covariates=self.plan.covariates,
            strata=self.plan.strata,
            control=self.plan.control,
        )
        return adjusted_finding(found, {"covariance": "HC2", "covariates": list(self.plan.covariates)})

    def _subgroups(self, joined: pd.DataFrame) -> Finding:
        found = subgroup_effects(
            joined,
            outcomes=self.plan.primary,
            subgroups=self.plan.subgroups,
            strata=self.plan.strata,
            control=self.plan.control,
        )
        return subgroups_finding(found, {"covariance": "classical"})

    def _share_figures(self, panel: pd.DataFrame) -> list[Finding]:
        arms = arm_order(panel["arm"], self.plan.control)
        found = []
        for number, outcomes in self.plan.share_figures.items():
            self._step(f"figure-{number.lower()}")
            found.append(shares_figure(number, monthly_shares(panel, outcomes=outcomes), arms, {}))
        return found

    def _effect_outcomes(self) -> list[str]:
        return list(dict.fromkeys(outcome for figure in self.plan.effect_figures.values() for outcome in figure))

    def _effect_figures(self, monthly: pd.DataFrame) -> list[Finding]:
        found = []
        for number, outcomes in self.plan.effect_figures.items():
            self._step(f"figure-{number.lower()}")
            mine = monthly[monthly["outcome"].isin(outcomes)]
            found.append(effects_figure(number, mine, self._notes()))
        return found

    def _pre_period(self, panel: pd.DataFrame) -> Finding:
        window = (self.plan.months[0], -1)
        rows = [
            {"outcome": outcome}
            | pre_period_test(panel, outcome=outcome, months=window, strata=self.plan.strata, control=self.plan.control)
            for outcome in self._effect_outcomes()
        ]
        return pre_period_finding(rows, {"months": list(window)})


def _manifest(plan: Plan, deliveries: Deliveries, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    return {
        "trial": plan.trial,
        "plan": plan.sha256,
        "reference": plan.reference,
        "program": f"navtrial {version('navtrial')}",
        "deliveries": {name: _digest(deliveries[name], frames[name]) for name in sorted(deliveries)},
        "persons": len(frames["participants"]),
    }


def _digest(source: pd.DataFrame | Path, frame: pd.DataFrame) -> str:
    """The SHA-256 of a snapshot's bytes, or of a frame's contents where there is no file."""
    if isinstance(source, Path):
        return sha256(source.read_bytes()).hexdigest()
    return sha256(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()).hexdigest()
