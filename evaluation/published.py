"""Published numbers, to stand beside our own: Dahl and Lima, Arbeid og velferd 2/2021, tables 1 and 2 (SE-KLAR).

Table 1: means in the intervention and the control arm (shares as fractions) and p. Table 2: means in the intervention
and the control arm, effect and t, over months 1 to 36.

The paper's total hours are about 780 times its mean weekly hours, which is 36 months of 260 / 12 days: weekly hours
were multiplied by working days and not by weeks. Ours are hours (52 / 12 weeks a month), a fifth of the printed ones.
"""

from collections.abc import Mapping
from typing import Final

from evaluation.comparing.published import beside_comparison

SEKLAR: Final = "seklar"
PROBA: Final = "proba"
"""What a plan may name as its reference."""

TABLE_1: Final[Mapping[str, tuple[float, float, float]]] = {
    "age": (36.8, 37.9, 0.42),
    "men": (0.569, 0.673, 0.09),
    "born_in_norway": (0.826, 0.822, 0.92),
    "married": (0.203, 0.168, 0.48),
    "has_children": (0.437, 0.396, 0.51),
    "completed_upper_secondary": (0.467, 0.495, 0.66),
    "employed_at_start": (0.144, 0.208, 0.17),
    "hours_at_start": (4.4, 5.4, 0.52),
    "income_at_start": (215027, 197106, 0.23),
    "aap_at_start": (0.677, 0.663, 0.82),
    "work_capacity_standard": (0.018, 0.040, 0.28),
    "work_capacity_situational": (0.006, 0.000, 0.44),
    "work_capacity_specially_adapted": (0.868, 0.901, 0.43),
    "work_capacity_permanently_adapted": (0.006, 0.000, 0.44),
    "work_capacity_unknown": (0.102, 0.059, 0.23),
}
TABLE_1_JOINT_P: Final = 0.19

TABLE_2: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "employed": (10.9, 8.9, 2.2, 1.43),
    "employed_or_higher_education": (11.2, 9.1, 2.2, 1.46),
    "mean_hours_per_week": (8.4, 7.0, 1.4, 1.10),
    "total_hours": (6514, 5442, 1121, 1.10),
    "aap": (19.9, 19.7, -0.02, -0.01),
    "aap_and_employed": (4.1, 2.6, 1.5, 1.73),
    "aap_only": (15.8, 17.1, -1.5, -0.90),
    "disability_benefit": (3.4, 2.7, 0.5, 0.61),
    "disability_benefit_and_employed": (1.0, 0.1, 0.8, 2.14),
    "disability_benefit_only": (2.4, 2.5, -0.3, -0.60),
    "health_benefit": (23.2, 22.4, 0.5, 0.26),
    "health_benefit_and_employed": (5.0, 2.7, 2.3, 2.24),
    "health_benefit_only": (17.9, 19.5, -1.9, -1.04),
    "employed_only": (4.3, 5.1, -0.7, -0.68),
    "any_measure": (12.8, 11.1, 1.8, 1.46),
    "none_of_these": (4.7, 5.6, -0.7, -0.68),
}

REMARKS: Final[Mapping[str, tuple[str, str]]] = {
    "table-2": (
        "De publiserte timene i alt er ukentlige timer ganget med arbeidsdager (780 i 36 måneder), ikke uker (156); "
        "våre er timer. Begge har samme t-verdi.",
        "The published hours in total are weekly hours times working days (780 in 36 months), not times weeks (156); "
        "ours are hours. Both have the same t.",
    )
}


def remark(reference: str, table: str, language: str = "nb") -> str:
    """What a reader must know who holds a finding against the published one; empty where there is nothing."""
    return REMARKS[table][language == "en"] if reference == SEKLAR and table in REMARKS else ""


def beside(reference: str, table: str) -> Mapping[str, Mapping[str, float]]:
    """Row key -> column -> published number, for a plan's reference and a finding's name; empty if there is none."""
    if reference == PROBA:
        return beside_comparison(table)
    if reference != SEKLAR:
        return {}
    if table == "table-1":
        return {key: dict(zip(("treated_mean", "control_mean", "p"), row, strict=True)) for key, row in TABLE_1.items()}
    if table == "table-2":
        columns = ("treated_mean", "control_mean", "effect", "t")
        return {key: dict(zip(columns, row, strict=True)) for key, row in TABLE_2.items()}
    return {}
