"""What the coordinator's dashboard asks, for those with the right and as exactly as they may know it."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trial.access.models import User
from trial.access.permissions import Permission
from trial.audit import clock
from trial.followup.policies import Load
from trial.followup.queries import deviation_counts
from trial.monitoring.balance import Balance, balance_of
from trial.monitoring.caseloads import loads_of
from trial.monitoring.flow import Flow, States, flow_of, states_of
from trial.monitoring.measures import MeasuresInUse, measures_in_use
from trial.monitoring.quality import Lag, lags_in, registers_in
from trial.monitoring.recruitment import Recruitment, months_of, recruitment_of
from trial.studies.models import Arm, Office, Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.studies.states import TrialState
from trial.surveys.queries import Response, Standing, responses, standings

OPEN = (TrialState.OPENED, TrialState.ARCHIVED)


@dataclass(frozen=True)
class Dashboard:
    """Everything on the coordinator's pages, each part asked when a page shows it and then kept.

    `exact`: small counts may be seen; `arms_seen`: numbers by arm may be seen.
    """

    trial: Trial
    exact: bool
    arms_seen: bool
    arms: list[Arm]

    @cached_property
    def offices(self) -> list[Office]:
        return list(self.trial.offices.select_related("nav_office"))

    @cached_property
    def recruitment(self) -> Recruitment:
        return recruitment_of(self.trial, exact=self.exact)

    @cached_property
    def states(self) -> States:
        return states_of(self.trial)

    @cached_property
    def flow(self) -> Flow:
        return flow_of(self.trial, self.arms, self.states)

    @cached_property
    def loads(self) -> dict[int, Load]:
        """Office key -> the specialists' load together."""
        return loads_of(self.trial, self.offices)

    @cached_property
    def deviations(self) -> Counter[str]:
        """Recorded deviations by kind, explained or not."""
        found = Counter[str]()
        for (kind, _explained), number in deviation_counts(self.trial).items():
            found[kind] += number
        return found

    @cached_property
    def measures(self) -> MeasuresInUse | None:
        """None for those who do not see arms."""
        if not self.arms_seen:
            return None
        return measures_in_use(self.trial, months_of(self.trial, until=clock.today()), clock.today())

    @cached_property
    def balance(self) -> Balance | None:
        """None for those who do not see arms."""
        return balance_of(self.trial, self.arms) if self.arms_seen else None

    @cached_property
    def questionnaires(self) -> list[Standing]:
        """Counted by arm for those who see arms."""
        return standings(self.trial, by_arm=self.arms_seen)

    @property
    def responses(self) -> dict[tuple[str, int | None], Response]:
        """(wave code, arm key, or None for those who do not see arms) -> response."""
        return responses(self.questionnaires)

    @cached_property
    def registers(self) -> list[dict[str, Any]]:
        return registers_in(self.trial)

    @cached_property
    def lags(self) -> list[Lag]:
        return lags_in(self.trial, self.questionnaires)


def dashboard_for(user: User, code: str) -> Dashboard:
    """The dashboard of a trial, for those with the right; its parts are asked one by one."""
    trial = trial_for(user, code, needing=Permission.SEE_MONITORING)
    return Dashboard(
        trial=trial,
        exact=can(user, trial, Permission.SEE_PARTICIPANTS),
        arms_seen=sees_arms(user, trial),
        arms=list(trial.arms.all()),
    )


def sees_arms(user: User, trial: Trial) -> bool:
    """Whether numbers by arm are for this user: for whoever sees participants by number, who can tell an arm from a
    caseload anyhow, and for everyone else once the trial is opened."""
    return trial.state in OPEN or can(user, trial, Permission.SEE_PARTICIPANTS)
