"""What the simulation of SE-KLAR must give on average, declared in one place.

Means come from Dahl and Lima, Arbeid og velferd 2/2021, tables 1 and 2; the shapes over months follow the description
of figures 1-8: a flat difference before the start, an effect on employment that rises to about ten points between month
12 and 24 and is gone by month 36, and work practice far more used in the intervention arm. A path is a list of (month,
level) knots with straight lines between them; what lies between month 1 and 36 is shifted so that its mean is the
declared number of months.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

Knots = tuple[tuple[int, float], ...]

MONTHS: Final = (-36, 36)
ARMS: Final = ("intervention", "control")
OFFICES: Final = ("Hurum", "Røyken", "Rygge", "Moss")
SIZES: Final[Mapping[str, int]] = MappingProxyType({"intervention": 167, "control": 101})
RECRUITMENT: Final = ("2013-01-07", "2017-12-15")


@dataclass(frozen=True)
class Path:
    """A share by month, and the months of 36 that it adds up to after the start."""

    knots: Knots
    months_of_36: float


@dataclass(frozen=True)
class ArmMargins:
    """One arm. `months_*` are means over months 1-36; `measure_groups` are the shares of measure spells by group."""

    aap: Path
    disability: Path
    employed: Path
    measure: Path
    months_aap_and_employed: float
    months_disability_and_employed: float
    months_employed_only: float
    months_none: float
    higher_education: float
    measure_groups: Mapping[str, float]
    position_percent: Mapping[int, float]
    men: float
    born_in_norway: float
    married: float
    has_children: float
    completed_upper_secondary: float
    work_capacity: Mapping[str, float]
    age: tuple[float, float]
    income: tuple[float, float]


BEFORE_AAP: Final[Knots] = ((-36, 0.26), (-24, 0.36), (-12, 0.52))
BEFORE_DISABILITY: Final[Knots] = ((-36, 0.008), (-12, 0.014))
BEFORE_EMPLOYED: Final[Knots] = ((-36, 0.40), (-24, 0.34), (-12, 0.25), (-3, 0.19))
BEFORE_MEASURE: Final[Knots] = ((-36, 0.17), (-12, 0.23), (-3, 0.27))

SEKLAR: Final[Mapping[str, ArmMargins]] = MappingProxyType(
    {
        "intervention": ArmMargins(
            aap=Path((*BEFORE_AAP, (0, 0.677), (6, 0.68), (18, 0.58), (36, 0.37)), 19.9),
            disability=Path((*BEFORE_DISABILITY, (0, 0.020), (12, 0.055), (24, 0.11), (36, 0.185)), 3.4),
            employed=Path(
                (*BEFORE_EMPLOYED, (0, 0.144), (6, 0.22), (12, 0.315), (18, 0.355), (24, 0.37), (36, 0.35)), 10.9
            ),
            measure=Path((*BEFORE_MEASURE, (0, 0.33), (3, 0.50), (9, 0.49), (18, 0.36), (36, 0.22)), 12.8),
            months_aap_and_employed=4.1,
            months_disability_and_employed=1.0,
            months_employed_only=4.3,
            months_none=4.7,
            higher_education=0.012,
            measure_groups={
                "work_practice": 0.52,
                "wage_subsidy": 0.09,
                "follow_up": 0.15,
                "training": 0.11,
                "clarification": 0.06,
                "sheltered_work": 0.04,
                "other_measure": 0.03,
            },
            position_percent={100: 0.44, 80: 0.15, 60: 0.12, 50: 0.13, 40: 0.09, 20: 0.07},
            men=0.569,
            born_in_norway=0.826,
            married=0.203,
            has_children=0.437,
            completed_upper_secondary=0.467,
            work_capacity={"IKVAL": 0.018, "BFORM": 0.006, "BATT": 0.868, "VARIG": 0.006, "": 0.102},
            age=(36.8, 11.3),
            income=(215_027, 118_000),
        ),
        "control": ArmMargins(
            aap=Path((*BEFORE_AAP, (0, 0.663), (6, 0.67), (18, 0.57), (36, 0.38)), 19.7),
            disability=Path((*BEFORE_DISABILITY, (0, 0.020), (12, 0.045), (24, 0.085), (36, 0.15)), 2.7),
            employed=Path(
                (*BEFORE_EMPLOYED, (0, 0.208), (6, 0.19), (12, 0.215), (18, 0.245), (24, 0.265), (36, 0.345)), 8.9
            ),
            measure=Path((*BEFORE_MEASURE, (0, 0.30), (4, 0.40), (10, 0.38), (20, 0.31), (36, 0.21)), 11.1),
            months_aap_and_employed=2.6,
            months_disability_and_employed=0.1,
            months_employed_only=5.1,
            months_none=5.6,
            higher_education=0.009,
            measure_groups={
                "work_practice": 0.25,
                "wage_subsidy": 0.06,
                "follow_up": 0.27,
                "training": 0.19,
                "clarification": 0.11,
                "sheltered_work": 0.07,
                "other_measure": 0.05,
            },
            position_percent={100: 0.46, 80: 0.15, 60: 0.12, 50: 0.12, 40: 0.08, 20: 0.07},
            men=0.673,
            born_in_norway=0.822,
            married=0.168,
            has_children=0.396,
            completed_upper_secondary=0.495,
            work_capacity={"IKVAL": 0.040, "BFORM": 0.0, "BATT": 0.901, "VARIG": 0.0, "": 0.059},
            age=(37.9, 11.3),
            income=(197_106, 118_000),
        ),
    }
)

MEASURE_CODES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "work_practice": ("PRAKSORD", "PRAKSKJERM"),
        "wage_subsidy": ("MIDLONTIL", "LONNTILL"),
        "follow_up": ("INDOPPFAG", "JOBBK", "ABOPPF"),
        "training": ("GRUPPEAMO", "ENKELAMO"),
        "clarification": ("AVKLARAG",),
        "sheltered_work": ("ARBFORB", "VASV"),
        "other_measure": ("TILPERBED", "FUNKSJASS"),
    }
)
"""Codes that were in use in 2013-2020."""
