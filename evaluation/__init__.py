"""Evaluation of randomised trials and of comparisons without a draw, on linked register data. Plain Python.

The public functions are imported when they are first used: a command that only checks a delivery need not load an
estimator.
"""

from importlib import import_module
from typing import Any, Final

_HOMES: Final = {
    "baseline_table": "baseline",
    "person_months": "panel",
    "monthly_shares": "shares",
    "effects_on_totals": "effects",
    "effects_by_month": "effects",
    "person_totals": "effects",
    "pre_period_test": "pre_period",
    "cells_of": "monthly_cells",
    "effects_from_cells": "cell_effects",
    "adjusted_effects_by_month": "cell_covariates",
    "TrialDesign": "trial_design",
    "simulate_design": "design_study",
    "shares_from_cells": "cell_effects",
    "joint_effects_by_month": "joint_months",
    "differences_in_differences": "differences",
    "complier_effects": "complier",
    "weighted_effects": "weighting",
    "drawn_units": "units",
    "likeness": "units",
    "lee_bounds": "bounds",
    "manski_bounds": "bounds",
    "participant_flow": "flow",
    "attrition": "flow",
    "register_coverage": "flow",
    "precision_of": "precision",
    "EvaluationError": "errors",
    "adjusted_effects": "adjustment",
    "write_results": "writing",
    "power_of": "power",
    "required_sample": "power",
    "detectable_effect": "power",
    "TTest": "power",
    "Proportions": "power",
    "Anova": "power",
    "RepeatedMeasures": "power",
    "compare_groups": "comparison",
    "compare_from_summary": "comparison",
    "compare_from_counts": "comparison",
    "correlations": "comparison",
    "bivariate": "comparison",
    "repeated_measures": "repeated",
    "mixed_measures": "mixed",
    "survey_scores": "questionnaire",
    "response_rates": "questionnaire",
    "size_of": "questionnaire",
    "QuestionnaireStudy": "questionnaire_tables",
    "retention": "into_work",
    "transitions": "into_work",
    "time_in_measure": "in_measure",
    "concurrent_measures": "in_measure",
    "cost_effectiveness": "cost",
    "cost_and_effect": "cost_uncertainty",
    "acceptability": "cost_uncertainty",
    "meta_analysis": "review.meta",
    "meta_regression": "review.meta_regression",
    "leave_one_out": "review.sensitivity",
    "influence": "review.sensitivity",
    "egger": "review.small_studies",
    "trim_and_fill": "review.small_studies",
    "compare_measures": "comparing.running",
    "ComparisonPlan": "comparing.plan",
    "proba_plan": "comparing.plan",
    "selection_model": "comparing.weighting",
    "weighted_difference": "comparing.weighting",
    "balance": "comparing.weighting",
    "oster_bound": "comparing.sensitivity",
    "forest_plot": "review.forest",
    "funnel_plot": "review.funnel",
    "risk_of_bias": "review.bias",
    "review_flow": "review.flow",
    "summary_of_findings": "review.certainty",
    "ReviewOutcome": "review.certainty",
    "certainty": "review.certainty",
    "ReviewFlow": "review.flow",
    "ZeroCells": "review.effect_sizes",
    "effect_sizes": "review.effect_sizes",
    "trial_as_study": "review.joining",
    "join_review": "review.joining",
    "randomisation_test": "rerandomisation",
    "Design": "redraws",
    "subgroup_effects": "subgroups",
    "adjust_p_values": "multiplicity",
    "validate": "deliveries",
    "starts": "starters",
    "Plan": "plan",
    "seklar_plan": "plan",
    "run": "running",
    "Results": "findings",
    "LinearModel": "linear_models",
    "linear_probability": "linear_models",
    "nested_models": "nesting",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evaluation' has no attribute {name!r}")
    return getattr(import_module(f"evaluation.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
