"""What Nav and the method expect of follow-up, and how far counts reach it. Plain values, no database.

Sources: Nav's service norms for follow-up (65 per cent to work, 9 new in work per specialist and year, 10 hours of
follow-up per participant and month; Proba), SE-KLAR
(a work placement within 3 months), IPS-25 (first employer within a month, frequent contact). Counts add up: an
office's are the sum of its specialists', the trial's the sum of its offices'.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.followup.states import Stage

DAYS_OF_MONTH = 365.25 / 12
PLACEMENT_DAYS = 91
TRANSITION_PERCENT = 65
NEW_IN_WORK = 9
HOURS_A_MONTH = 10


class Share(StrEnum):
    """A norm that a share of the people meets."""

    PLACEMENT = "placement"
    TRANSITION = "transition"
    EMPLOYER_WEEK = "employer_week"
    EMPLOYER_MONTH = "employer_month"
    THREE_WAY = "three_way"
    WORK_FIRST = "work_first"


@dataclass(frozen=True)
class Norm:
    """`days`: by when, from the first assignment; `target`: per cent that are to meet it, None where none is set."""

    label: str | Promise
    days: int | None = None
    target: int | None = None


NORMS = {
    Share.PLACEMENT: Norm(_("Utplassert innen 3 måneder"), days=PLACEMENT_DAYS),
    Share.TRANSITION: Norm(_("Overgang til arbeid"), target=TRANSITION_PERCENT),
    Share.EMPLOYER_WEEK: Norm(_("Arbeidsgiver innen en uke"), days=7),
    Share.EMPLOYER_MONTH: Norm(_("Arbeidsgiver innen en måned"), days=30),
    Share.THREE_WAY: Norm(_("Trekantsamtale ved start"), days=30),
    Share.WORK_FIRST: Norm(_("Ordinært arbeid før tiltak")),
}

# Contacts a month that the method asks for in each stage: weekly until there is a job, then every other week.
CONTACTS_A_MONTH = {
    Stage.CONTACT: 4,
    Stage.PROFILE: 4,
    Stage.JOB_FINDING: 4,
    Stage.EMPLOYER: 4,
    Stage.ON_THE_JOB: 2,
}


@dataclass(frozen=True)
class Reached:
    """How many of those whom a norm is about met it. Nobody is counted before the time is out or the thing done."""

    met: int
    due: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.met / self.due) if self.due else None


@dataclass(frozen=True)
class Counts:
    """What is counted of a group of people. `full_years`: years of full positions that the new in work are seen over.

    `stage_contacts`, `stage_days`, `stage_people`: five numbers each, contacts, person-days and people in the stages in
    their order (people where they were asked for, else none); `minutes`: of all contacts.
    """

    people: int
    shares: dict[Share, Reached]
    new_in_work: int
    full_years: float
    stage_contacts: tuple[int, ...]
    stage_days: tuple[int, ...]
    minutes: int = 0
    stage_people: tuple[int, ...] = (0,) * len(Stage)

    @property
    def hours_a_month(self) -> float | None:
        """Hours of logged contact per person and month of follow-up."""
        days = sum(self.stage_days)
        return self.minutes / 60 * DAYS_OF_MONTH / days if days else None

    @property
    def new_a_year(self) -> float | None:
        """New in paid work per full position and year."""
        return self.new_in_work / self.full_years if self.full_years else None

    @property
    def contacts_a_month(self) -> list[tuple[Stage, float | None]]:
        """Contacts per person and month in each stage; None where nobody has been."""
        return [
            (stage, DAYS_OF_MONTH * contacts / days if days else None)
            for stage, contacts, days in zip(Stage, self.stage_contacts, self.stage_days, strict=True)
        ]


def added(counts: Iterable[Counts]) -> Counts:
    """Several groups as one."""
    known = list(counts)
    return Counts(
        people=sum(each.people for each in known),
        shares={
            share: Reached(sum(each.shares[share].met for each in known), sum(each.shares[share].due for each in known))
            for share in Share
        },
        new_in_work=sum(each.new_in_work for each in known),
        full_years=sum(each.full_years for each in known),
        stage_contacts=tuple(sum(each.stage_contacts[place] for each in known) for place in range(len(Stage))),
        stage_days=tuple(sum(each.stage_days[place] for each in known) for place in range(len(Stage))),
        minutes=sum(each.minutes for each in known),
        stage_people=tuple(sum(each.stage_people[place] for each in known) for place in range(len(Stage))),
    )
