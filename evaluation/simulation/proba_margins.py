"""The margins of the published comparison of two follow-up measures that the simulator reproduces.

Source: Proba samfunnsanalyse, Resultater av oppfølgingstiltak, delrapport 2 (2020). Without a draw: Nav's own job
specialists (extended follow-up) against follow-up by an external provider, everyone who started from January 2017 to
August 2019, registers to September 2019. Pairs are (extended follow-up, follow-up). Knots as in `margins`.
"""

from collections.abc import Mapping
from typing import Final

from evaluation.simulation.margins import Knots, Pair, Persistence

ARMS: Final = ("extended_follow_up", "follow_up")
PERSONS: Final = (7_265, 30_512)
CODES: Final = ("UTVAOONAV", "INDOPPFAG")
OFFICES: Final = 300
FIRST_START: Final = "2017-01"
LAST_MONTH: Final = "2019-09"
# Starts by stretch of the intake: followed for 18 months, for 12 to 17, for less; months in each stretch.
STRETCHES: Final = (15, 6, 11)
STARTS: Final = ((2_995, 4_598 - 2_995, 7_265 - 4_598), (16_500, 21_696 - 16_500, 30_512 - 21_696))

# Table 3.2, per cent.
MEN: Final[Pair] = (53.7, 46.8)
AGES: Final = ((18, 25), (25, 30), (30, 40), (40, 50), (50, 62))  # from, below
AGE: Final = ((19.8, 21.4, 25.2, 18.8, 14.8), (10.7, 13.7, 26.2, 25.1, 24.3))
COUNTRY_GROUPS: Final = (0, 2, 3)
COUNTRY: Final = ((74.1, 4.3, 21.6), (76.7, 6.2, 17.1))
EDUCATION_LEVELS: Final = (2, 3, 4, 6, 7, 9)  # NUS2000 level of each of the table's groups
EDUCATION: Final = ((9.0, 25.1, 32.1, 22.1, 7.1, 4.7), (9.0, 24.9, 30.0, 22.1, 7.4, 6.7))
DIAGNOSES: Final = ("none", "mental", "musculoskeletal", "other")
AAP: Final = ((61.4, 24.4, 6.8, 7.5), (54.7, 22.8, 12.7, 9.8))
DISABILITY: Final[Pair] = (1.6, 2.1)
REDUCED_CAPACITY: Final[Pair] = (56.0, 57.0)
# The same of those followed a year, whom the models are of: assumed. In tables 4.4, 4.6 and 4.7 the mean difference
# given AAP is the raw one, as it is where the arms are as often on AAP; table 4.3's is less by what else people differ
# in, and most of that must be their capacity and their months in work. Who started later makes up table 3.2's shares.
AAP_FOLLOWED: Final = ((57.0, 27.2, 7.5, 8.3), (57.0, 21.7, 12.0, 9.3))
REDUCED_FOLLOWED: Final[Pair] = (49.0, 58.0)

# Employment before the start (assumed) and at it.
EMPLOYED_BEFORE: Final[tuple[Knots, Knots]] = (
    {-36: 0.49, -24: 0.51, -12: 0.48, -3: 0.27, 0: 0.155},
    {-36: 0.26, -24: 0.25, -12: 0.19, -3: 0.165, 0: 0.176},
)
# Employed by the report's rule: four hours a week or more, and in no measure but a wage subsidy (table 4.2).
EMPLOYED: Final[tuple[Knots, Knots]] = (
    {3: 0.10, 6: 0.20, 12: 0.331, 18: 0.371, 24: 0.418},
    {3: 0.16, 6: 0.22, 12: 0.292, 18: 0.350, 24: 0.376},
)
# Of those still in the measure, employed: makes 53 and 47 per cent in month 12 without the rule's condition.
EMPLOYED_IN_MEASURE: Final[tuple[Knots, Knots]] = (
    {0: 0.155, 12: 0.199 / 0.43, 24: 0.5},
    {0: 0.176, 12: 0.178 / 0.21, 24: 0.85},
)
# Figure 2.21, and between its printed months what makes 8.26 and 7.20 months of the first year (table 6.2): some leave
# at once, and more when the first six months that the measure is granted for are over.
STILL_IN_MEASURE: Final[tuple[Knots, Knots]] = (
    {1: 1.0, 2: 0.90, 6: 0.74, 7: 0.52, 12: 0.45, 24: 0.24, 32: 0.15},
    {1: 1.0, 2: 0.95, 6: 0.52, 7: 0.41, 12: 0.21, 24: 0.08, 32: 0.04},
)

# Table 4.3: the linear probability model of employment in month 12. EFFECT is the difference between the arms that
# remains; what separates it from the raw 3.9 points is who came into which measure, and in part at which office.
EFFECT: Final = 0.0150
EFFECT_MONTH: Final = 12
# How much less the difference is among those on AAP. With what capacity and history add to it, it makes table 4.4's
# -0.0431 in month 12; table 4.6 says that half a year later little is left of it.
AAP_INTERACTION: Final[Knots] = {0: 0.0, 12: -0.025, 18: 0.0}
AGE_SLOPES: Final = (0.00892, -0.000104)
IMMIGRANT: Final = -0.0481
EDUCATION_SLOPES: Final[Mapping[int, float]] = {2: 0.0, 3: 0.0438, 4: 0.0524, 6: 0.0578, 7: 0.0749, 9: 0.0369}
DIAGNOSIS_SLOPES: Final = (0.0, -0.351, -0.311, -0.326)
EMPLOYED_AT_START: Final = 0.113
MONTHS_EMPLOYED: Final = 0.00411  # a month of the last two years
REDUCED: Final = -0.0847

FULL_TIME: Final[Pair] = (24.9 / 33.1, 20.0 / 29.2)  # table 4.1: at least 30 hours, of those employed
SUBSIDISED: Final[Pair] = (3.3 / 33.1, 1.5 / 29.2)  # table 4.1: with a wage subsidy, of those employed
# Table 2.1: per cent with the measure while in follow-up.
BESIDE: Final[Mapping[str, Pair]] = {
    "ARBTREN": (34.7, 4.5),
    "MIDLONTIL": (16.7, 3.6),
    "MENTOR": (3.6, 0.6),
    "GRUPPEAMO": (7.3, 2.5),
    "INKLUTILS": (0.2, 0.1),
}
# Tuned to the shares employed in both month 12 and 18 (27.0 and 24.6 per cent, table 4.2).
EMPLOYMENT: Final = Persistence(0.10, 12)
HISTORY: Final = Persistence(0.40, 24)
