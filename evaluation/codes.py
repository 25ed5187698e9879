"""The code lists that deliveries are read by: measures (Arena), benefits, work capacity, education (NUS2000).

Measures: names and status follow Nav's list of measure types (tiltakstyper); the grouping is the one of the SE-KLAR
evaluation (work practice, wage subsidy, follow-up, training, clarification, sheltered work, other).
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

MEASURE_GROUPS: Final = (
    "work_practice",
    "wage_subsidy",
    "follow_up",
    "training",
    "clarification",
    "sheltered_work",
    "other_measure",
)

BENEFITS: Final = MappingProxyType(
    {
        "AAP": "Arbeidsavklaringspenger",
        "UFORE": "Uføretrygd",
        "SYKEPENGER": "Sykepenger",
        "DAGPENGER": "Dagpenger",
        "SOSIALHJELP": "Økonomisk sosialhjelp",
        "KVP": "Kvalifiseringsstønad",
        "TILTAKSPENGER": "Tiltakspenger",
        "OVERGANGSSTONAD": "Overgangsstønad",
    }
)

WORK_CAPACITY: Final = MappingProxyType(
    {
        "IKVAL": "standard",
        "STANDARD_INNSATS": "standard",
        "GODE_MULIGHETER": "standard",
        "BFORM": "situational",
        "SITUASJONSBESTEMT_INNSATS": "situational",
        "TRENGER_VEILEDNING": "situational",
        "BATT": "specially_adapted",
        "SPESIELT_TILPASSET_INNSATS": "specially_adapted",
        "TRENGER_VEILEDNING_NEDSATT_ARBEIDSEVNE": "specially_adapted",
        "VARIG": "permanently_adapted",
        "VARIG_TILPASSET_INNSATS": "permanently_adapted",
        "GRADERT_VARIG_TILPASSET_INNSATS": "permanently_adapted",
        "LITEN_MULIGHET_TIL_A_JOBBE": "permanently_adapted",
        "JOBBE_DELVIS": "permanently_adapted",
    }
)
"""Arena code, section 14 a code and today's code of each group, to the group of table 1."""

REDUCED_CAPACITY: Final = frozenset(
    code for code, group in WORK_CAPACITY.items() if group in ("specially_adapted", "permanently_adapted")
)
HIGHER_EDUCATION_LEVELS: Final = (6, 7, 8)
NUS_LEVELS: Final = tuple(range(10))


@dataclass(frozen=True)
class Measure:
    """A kind of labour market measure. `status`: active, new, rare or phasing_out."""

    code: str
    name: str
    group: str
    status: str


@cache
def measures() -> MappingProxyType[str, Measure]:
    """Arena code -> measure, in the order of the list."""
    text = files("evaluation").joinpath("data/measures.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["code"]: Measure(**row) for row in csv.DictReader(text.splitlines())})
