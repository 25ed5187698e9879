"""What the coordinator's dashboard asks, for those with the right and as exactly as they may know it."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from trial.access.models import User
from trial.access.permissions import Permission
from trial.audit import clock
from trial.followup.models import Deviation
from trial.followup.policies import Load, together
from trial.followup.queries import caseloads_at
from trial.monitoring.flow import Flow, flow_of
from trial.monitoring.measures import MeasuresInUse, measures_in_use
from trial.monitoring.recruitment import Recruitment, people_of, recruitment_of
from trial.studies.models import Arm, Office, Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.studies.states import TrialState

SHOWN_MONTHS = 24
OPEN = (TrialState.OPENED, TrialState.ARCHIVED)


@dataclass(frozen=True)
class Dashboard:
    """Everything on the dashboard. `exact`: small counts may be seen; `arms_seen`: numbers by arm may be seen.

    `measures` is None for those who do not see arms. `loads`: office key -> the specialists' load together.
    """

    trial: Trial
    exact: bool
    arms_seen: bool
    arms: list[Arm]
    offices: list[Office]
    recruitment: Recruitment
    flow: Flow
    loads: dict[int, Load]
    deviations: Counter[str]
    measures: MeasuresInUse | None


def dashboard_for(user: User, code: str) -> Dashboard:
    """The dashboard of a trial, in eight queries whatever its size."""
    trial = trial_for(user, code, needing=Permission.SEE_MONITORING)
    seen = sees_arms(user, trial)
    arms, offices = list(trial.arms.all()), list(trial.offices.select_related("nav_office"))
    people = people_of(trial)
    recruitment, caseloads = recruitment_of(trial, people), caseloads_at(offices)
    return Dashboard(
        trial=trial,
        exact=can(user, trial, Permission.SEE_PARTICIPANTS),
        arms_seen=seen,
        arms=arms,
        offices=offices,
        recruitment=recruitment,
        flow=flow_of(trial, arms, people),
        loads={office.pk: together(each.load for each in caseloads[office.pk]) for office in offices},
        deviations=deviation_counts(trial),
        measures=measures_in_use(trial, recruitment.months[-SHOWN_MONTHS:], clock.today()) if seen else None,
    )


def sees_arms(user: User, trial: Trial) -> bool:
    """Whether numbers by arm are for this user: for whoever sees participants by number, who can tell an arm from a
    caseload anyhow, and for everyone else once the trial is opened."""
    return trial.state in OPEN or can(user, trial, Permission.SEE_PARTICIPANTS)


def deviation_counts(trial: Trial) -> Counter[str]:
    """Recorded deviations by kind, as far as the reader's rows reach."""
    rows = Deviation.objects.filter(trial=trial).order_by().values_list("kind").annotate(number=Count("pk"))
    return Counter(dict(rows))
