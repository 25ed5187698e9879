"""Published numbers to stand beside a comparison's own: Proba samfunnsanalyse, Resultater av oppfølgingstiltak,
delrapport 2 (2020). Pairs are (extended follow-up, follow-up), as fractions; models give the treatment's coefficient.

The report prints its numbers of people separately for what was observed after 12 and after 18 months. Which steps its
table V1 takes is not among what we have of it (`models.STEPS` says what follows from the numbers); ours are named in
the table.
"""

from collections.abc import Mapping
from typing import Final

Rows = Mapping[str, tuple[float, ...]]

SHARES: Final[Mapping[str, Rows]] = {
    "table-2-1": {
        "work_practice": (0.347, 0.045),
        "wage_subsidy": (0.167, 0.036),
        "mentor": (0.036, 0.006),
        "training": (0.073, 0.025),
        "inclusion_grant": (0.002, 0.001),
    },
    "table-3-2": {
        "men": (0.537, 0.468),
        "women": (0.463, 0.532),
        "age_24_or_less": (0.198, 0.107),
        "age_25_29": (0.214, 0.137),
        "age_30_39": (0.252, 0.262),
        "age_40_49": (0.188, 0.251),
        "age_50_or_more": (0.148, 0.243),
        "born_in_norway": (0.741, 0.767),
        "primary_school": (0.090, 0.090),
        "upper_secondary_not_completed": (0.251, 0.249),
        "upper_secondary_completed": (0.321, 0.300),
        "higher_up_to_4_years": (0.221, 0.221),
        "higher_over_4_years": (0.071, 0.074),
        "unknown_education": (0.047, 0.067),
        "no_aap": (0.614, 0.547),
        "aap_mental": (0.244, 0.228),
        "aap_musculoskeletal": (0.068, 0.127),
        "aap_other": (0.075, 0.098),
        "disability_at_start": (0.016, 0.021),
        "employed_at_start": (0.155, 0.176),
        "reduced_capacity": (0.560, 0.570),
    },
    "table-4-1": {
        "employed": (0.331, 0.292),
        "part_time": (0.082, 0.092),
        "full_time": (0.249, 0.200),
        "with_wage_subsidy": (0.033, 0.015),
        "without_wage_subsidy": (0.298, 0.277),
        "with_disability_benefit": (0.008, 0.013),
        "without_disability_benefit": (0.329, 0.279),
    },
    "table-4-2": {"12": (0.331, 0.294), "18": (0.371, 0.350), "12 and 18": (0.270, 0.246)},
}
SAMPLE: Final[Rows] = {
    "starters": (7265, 30512, 37777),
    "observed": (4598, 21696, 26294),
    "observed_later": (2995, 16500, 19495),
}
COSTS: Final[Mapping[str, Mapping[str, Mapping[str, float]]]] = {
    "table-6-1": {
        "follow_up": {"total_cost": 638_126_000, "participant_months": 102_457, "cost_per_month": 6_228},
        "extended_follow_up": {"participant_months": 36_364, "cost_per_month": 7_569},
    },
    "table-6-2": {
        "follow_up": {
            "cost_per_month": 6_228,
            "months_in_first_year": 7.20,
            "first_year": 44_835,
            "transaction_cost": 1_278,
            "first_year_total": 46_114,
        },
        "extended_follow_up": {
            "cost_per_month": 7_569,
            "months_in_first_year": 8.26,
            "first_year_total": 62_511,
        },
    },
    "table-6-3": {
        "raw": {"cost_per_month_ratio": 1.22, "first_year_ratio": 1.36, "result_ratio": 1.14},
        "whole_model": {"cost_per_month_ratio": 1.22, "first_year_ratio": 1.36, "result_ratio": 1.05},
    },
}
ESTIMATES: Final[Mapping[str, Rows]] = {
    "table-4-3": {
        "extended_follow_up": (0.0150,),
        "age": (0.00892,),
        "age_squared": (-0.000104,),
        "women": (0.0000057,),
        "immigrant": (-0.0481,),
        "education[upper_secondary_not_completed]": (0.0438,),
        "education[upper_secondary_completed]": (0.0524,),
        "education[higher_up_to_4_years]": (0.0578,),
        "education[higher_over_4_years]": (0.0749,),
        "education[unknown_education]": (0.0369,),
        "diagnosis[aap_mental]": (-0.351,),
        "diagnosis[aap_musculoskeletal]": (-0.311,),
        "diagnosis[aap_other]": (-0.326,),
        "employed_at_start": (0.113,),
        "months_employed": (0.00411,),
        "reduced_capacity": (-0.0847,),
    },
    "table-4-4": {
        "extended_follow_up": (0.0575, 0.157),
        "extended_follow_up:aap": (-0.0431, 0.157),
        "with_aap": (0.0144, 0.157),
    },
    "table-4-5": {
        "under_30/extended_follow_up": (0.0593,),
        "under_30/extended_follow_up:aap": (-0.0439,),
        "30_or_more/extended_follow_up": (0.0515,),
        "30_or_more/extended_follow_up:aap": (-0.0353,),
    },
    "table-4-6": {"extended_follow_up": (0.0301,), "extended_follow_up:aap": (-0.0117,)},
    "table-4-7": {"extended_follow_up": (0.0334,), "extended_follow_up:aap": (-0.0277,)},
    "table-v1": {
        "1": (0.0394, 0.00107),
        "2": (0.0379, 0.00849),
        "3": (0.0397, 0.135),
        "4": (0.0185, 0.227),
        "5": (0.0150, 0.245),
    },
}


def beside_comparison(table: str) -> Mapping[str, Mapping[str, float]]:
    """Row key (of two columns, joined by "/") -> column -> published number; empty where the report has none."""
    if table == "table-3-1":
        return _named(SAMPLE, ("treated_n", "control_n", "n"))
    if table in COSTS:
        return COSTS[table]
    if table in SHARES:
        return _named(SHARES[table], ("treated_mean", "control_mean"))
    return _named(ESTIMATES.get(table, {}), ("estimate", "r2"))


def _named(rows: Rows, columns: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {key: dict(zip(columns, numbers, strict=False)) for key, numbers in rows.items()}
