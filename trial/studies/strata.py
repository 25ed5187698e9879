"""Which draw of its own someone belongs to: the stratum, and how many are expected in each."""

from collections.abc import Mapping
from itertools import product
from math import prod

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal
from trial.studies.models import OFFICE, Office, Trial, Unit

ALL = "all"  # the one stratum of a trial without stratifiers
JOINT = "|"


def stratum_of(trial: Trial, office: Office, factors: Mapping[str, str]) -> str:
    """The stratum of a person at an office.

    Raises:
        Refusal: `factor_missing` where a factor that gives strata has no level.
    """
    levels = [office.stratum if name == OFFICE else factors.get(name, "") for name in stratifiers(trial)]
    if not all(levels):
        raise Refusal("factor_missing", _("Alle opplysninger som loddtrekningen bygger på må fylles ut."))
    return JOINT.join(levels) or ALL


def strata_of(trial: Trial) -> list[str]:
    """Every stratum of the trial, in order of the alphabet."""
    return sorted(expected_by_stratum(trial))


def expected_by_stratum(trial: Trial) -> dict[str, float]:
    """Units expected in each stratum: offices as they say or alike, levels of a factor alike; 0 without a plan."""
    offices = {office.stratum: office.planned_size for office in trial.offices.all()}
    if trial.unit == Unit.CLUSTER:
        return {ALL: len(offices)}
    people = shared_out(offices, trial.planned_size)
    names = stratifiers(trial)
    levels = [list(people) if name == OFFICE else trial.factors.get(name, []) for name in names]
    shares = prod(len(trial.factors.get(name, [])) or 1 for name in names if name != OFFICE)
    total = sum(people.values())
    return {
        JOINT.join(place) or ALL: (people[place[names.index(OFFICE)]] if OFFICE in names else total) / shares
        for place in product(*levels)
    }


def stratifiers(trial: Trial) -> list[str]:
    """What gives strata; offices that are drawn themselves are one list."""
    return [] if trial.unit == Unit.CLUSTER else list(trial.strata_by)


def shared_out(offices: Mapping[str, int], planned: int) -> dict[str, float]:
    """The offices' own numbers, and what is left of the plan alike among those that named none."""
    silent = [name for name, size in offices.items() if not size]
    left = max(planned - sum(offices.values()), 0) / len(silent) if silent else 0
    return {name: float(size or left) for name, size in offices.items()}
