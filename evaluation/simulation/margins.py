"""The margins of the published evaluation of SE-KLAR that the simulator reproduces. Every number is declared here.

Source: Dahl and Lima, Arbeid og velferd 2/2021: table 1 (counts recovered from its percentages), table 2 (means of the
months 1 to 36) and the shapes of figures 1 to 8 and V1. Where the paper prints no number (levels between the totals,
the years before the start, kinds of measure, persistence), the value is an assumption that leaves the printed ones be.

Pairs are always (intervention, control). Knots are {month: value}, joined by straight lines and held beyond the last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Pair = tuple[float, float]
Knots = Mapping[int, float]

ARMS: Final = ("intervention", "control")
PERSONS: Final = (167, 101)

# Table 1: persons with the trait. 34 of 167 is 20.4 per cent; the paper prints 20.3, which no count of 167 gives.
TRAITS: Final[Mapping[str, tuple[int, int]]] = {
    "men": (95, 68),
    "born_in_norway": (138, 83),
    "married": (34, 17),
    "has_children": (73, 40),
    "completed_upper_secondary": (78, 50),
}
# Means and standard deviations; the latter give the published p-values of 0.42 and 0.23.
AGE_MEAN: Final[Pair] = (36.76, 37.94)
AGE_DEVIATION: Final = 11.6
AGE_RANGE: Final = (18, 63)
INCOME_MEAN: Final[Pair] = (215_027, 197_106)
INCOME_DEVIATION: Final = 118_300

# Persons by benefit at the start (none, AAP, disability benefit), and how many of each are employed.
BENEFIT_AT_START: Final = ((52, 113, 2), (33, 67, 1))
EMPLOYED_AT_START: Final = ((14, 10, 0), (14, 7, 0))
# Weekly hours of those employed; spread over whole positions they give the published means of 4.4 and 5.4 of all.
MEAN_HOURS_OF_EMPLOYED_AT_START: Final[Pair] = (4.42 * 167 / 24, 5.44 * 101 / 21)

# Work capacity: no decision, IKVAL, BFORM, BATT, VARIG. AAP takes a reduced work capacity: everyone on AAP is in BATT.
# With those on AAP (113, 67) and on disability benefit these counts are table 1's: 17, 3, 1, 145, 1 and 6, 4, 0, 91, 0.
CAPACITY_OF_OTHERS_AT_START: Final = ((17, 3, 1, 31, 0), (6, 4, 0, 23, 0))
CAPACITY_ON_DISABILITY_AT_START: Final = ((0, 0, 0, 1, 1), (0, 0, 0, 1, 0))
# Shares at other times.
CAPACITY_ON_AAP: Final = (0.0, 0.0, 0.0, 1.0, 0.0)
CAPACITY_ON_DISABILITY: Final = (0.0, 0.0, 0.0, 0.1, 0.9)
CAPACITY_OF_OTHERS: Final[Mapping[int, tuple[float, ...]]] = {
    -36: (0.55, 0.14, 0.05, 0.26, 0.0),
    -12: (0.40, 0.11, 0.04, 0.45, 0.0),
    -3: (0.31, 0.09, 0.03, 0.57, 0.0),
    0: (0.27, 0.09, 0.02, 0.62, 0.0),
    36: (0.33, 0.24, 0.07, 0.36, 0.0),
}


@dataclass(frozen=True)
class Totals:
    """Table 2: mean months of 36 in each state; hours is the mean of weekly hours over the 36 months."""

    employed: float
    aap: float
    aap_and_employed: float
    disability: float
    disability_and_employed: float
    employed_only: float
    any_measure: float
    none_of_these: float
    study_instead_of_work: float
    hours: float

    @property
    def employed_without_health_benefit(self) -> float:
        return self.employed - self.aap_and_employed - self.disability_and_employed

    @property
    def neither_work_nor_health_benefit(self) -> float:
        return 36 - self.aap - self.disability - self.employed_without_health_benefit


# AAP and disability benefit together are 23.2 and 22.4 months in table 2, their sum: nobody has both at once.
TOTALS: Final = (
    Totals(10.9, 19.86, 4.07, 3.38, 0.95, 4.3, 12.8, 4.7, 0.3, 8.4),
    Totals(8.9, 19.70, 2.61, 2.70, 0.10, 5.1, 11.1, 5.6, 0.2, 7.0),
)

# Figures 3 and 6: employment of the control arm, and the difference: about ten points from month 12 to 24, gone by 36.
# The arms differ at the start by chance; the difference begins there.
EMPLOYED_CONTROL: Final[Knots] = {0: 0.208, 6: 0.205, 12: 0.225, 24: 0.265, 36: 0.295}
EFFECT: Final[Knots] = {0: -0.064, 3: -0.01, 8: 0.04, 12: 0.10, 18: 0.106, 24: 0.10, 36: 0.0}
# Figures 4 and 7.
AAP_AFTER: Final[Knots] = {0: 0.67, 6: 0.68, 12: 0.64, 24: 0.52, 36: 0.40}
DISABILITY_AFTER: Final[Knots] = {0: 0.012, 12: 0.055, 24: 0.11, 36: 0.17}
EMPLOYED_ON_AAP: Final[tuple[Knots, Knots]] = (
    {0: 0.09, 10: 0.23, 24: 0.25, 36: 0.17},
    {0: 0.10, 12: 0.12, 24: 0.14, 36: 0.17},
)
# Figure 1: how the use of measures rises and falls, before it is scaled to the totals.
MEASURES_AFTER: Final[tuple[Knots, Knots]] = (
    {0: 0.32, 3: 0.50, 6: 0.52, 12: 0.42, 24: 0.28, 36: 0.20},
    {0: 0.32, 3: 0.38, 6: 0.39, 12: 0.35, 24: 0.28, 36: 0.22},
)
MEASURES_ON_DISABILITY: Final = 0.15  # their use of measures relative to others with a health benefit

# Before the start: common to both arms (figures 6 to 8 show no difference).
EMPLOYED_BEFORE: Final[Knots] = {-36: 0.42, -24: 0.38, -12: 0.29, -3: 0.19}
EMPLOYED_ON_AAP_BEFORE: Final = 0.10
AAP_BEFORE: Final[Knots] = {-36: 0.27, -24: 0.41, -12: 0.56, -3: 0.65}
DISABILITY_BEFORE: Final[Knots] = {-36: 0.002, -12: 0.006, -3: 0.009}
MEASURES_BEFORE: Final[Knots] = {-36: 0.16, -12: 0.22, -3: 0.28, 0: 0.30}
STUDY_BEFORE: Final = 0.01
IMBALANCE_LASTS: Final = 2.0  # months; the chance difference at the start fades backwards at this rate

# What a month in a measure is spent on (figures 2 and V1), by whether the person is employed: weights.
KINDS: Final = (
    "clarification",
    "training",
    "work_practice",
    "follow_up",
    "wage_subsidy",
    "other_measure",
    "sheltered_work",
)
KINDS_WITHOUT_WORK: Final[tuple[tuple[float, ...], tuple[float, ...]]] = (
    (0.07, 0.12, 0.55, 0.14, 0.01, 0.05, 0.06),
    (0.11, 0.22, 0.21, 0.31, 0.01, 0.06, 0.08),
)
KINDS_WITH_WORK: Final[tuple[tuple[float, ...], tuple[float, ...]]] = (
    (0.01, 0.09, 0.12, 0.22, 0.50, 0.05, 0.01),
    (0.01, 0.13, 0.06, 0.29, 0.45, 0.05, 0.01),
)
KINDS_BEFORE: Final = (0.16, 0.24, 0.26, 0.17, 0.06, 0.06, 0.05)
FOLLOWED_UP_IN_PRACTICE: Final = 0.15  # share of stays in work practice with a follow-up measure beside

# Weekly hours in a job: full-time hours of the workplace and per cent of a position, common ones of Aareg.
POSITIONS: Final = (
    (37.5, 12.0),
    (37.5, 20.0),
    (37.5, 30.0),
    (35.5, 50.0),
    (37.5, 50.0),
    (37.5, 60.0),
    (35.5, 80.0),
    (37.5, 80.0),
    (35.5, 100.0),
    (37.5, 100.0),
    (40.0, 100.0),
)
POSITION_WEIGHTS: Final = (0.12, 0.16, 0.09, 0.04, 0.08, 0.05, 0.03, 0.05, 0.07, 0.25, 0.06)
HOURS_ON_AAP: Final = 21.0
HOURS_ON_DISABILITY: Final = 17.0


@dataclass(frozen=True)
class Persistence:
    """How long a person stays alike: share of the latent variance that never changes, and months of the rest.

    Tuned so that the spread of the 36-month totals between persons gives the t-values of table 2.
    """

    lasting: float
    months: float


BENEFIT: Final = Persistence(0.35, 60)
CAPACITY: Final = Persistence(0.50, 36)
EMPLOYMENT: Final = Persistence(0.40, 20)
ACTIVITY: Final = Persistence(0.08, 9)
KIND: Final = Persistence(0.20, 18)
POSITION: Final = Persistence(0.60, 36)
PERSISTENCE: Final = (BENEFIT, CAPACITY, EMPLOYMENT, ACTIVITY, KIND, POSITION)
