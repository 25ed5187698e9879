"""What the published evaluation of SE-KLAR shows: the rows of tables 1 and 2, and the outcomes of each figure."""

from collections.abc import Mapping
from typing import Final

TABLE_1: Final = (
    "age",
    "men",
    "born_in_norway",
    "married",
    "has_children",
    "completed_upper_secondary",
    "employed_at_start",
    "hours_at_start",
    "income_at_start",
    "aap_at_start",
    "work_capacity_standard",
    "work_capacity_situational",
    "work_capacity_specially_adapted",
    "work_capacity_permanently_adapted",
    "work_capacity_unknown",
)
TABLE_2: Final = (
    "employed",
    "employed_or_higher_education",
    "mean_hours_per_week",
    "total_hours",
    "aap",
    "aap_and_employed",
    "aap_only",
    "disability_benefit",
    "disability_benefit_and_employed",
    "disability_benefit_only",
    "health_benefit",
    "health_benefit_and_employed",
    "health_benefit_only",
    "employed_only",
    "any_measure",
    "none_of_these",
)
SHARE_FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "1": ("reduced_work_capacity", "any_measure"),
    "2": ("work_practice", "wage_subsidy", "follow_up", "training"),
    "3": ("employed_or_higher_education", "hours"),
    "4": ("aap", "disability_benefit", "health_benefit", "health_benefit_and_employed"),
    "5": ("employed_only", "none_of_these"),
    "V1": ("clarification", "sheltered_work", "other_measure"),
}
EFFECT_FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "6": ("employed_or_higher_education", "hours"),
    "7": ("aap", "disability_benefit", "health_benefit", "health_benefit_and_employed"),
    "8": ("employed_only", "none_of_these"),
}
