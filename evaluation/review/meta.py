"""Meta-analysis: the studies of a review added up, with how much they differ and where the next one would lie."""

from dataclasses import dataclass, fields
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.errors import EvaluationError
from evaluation.review.effect_sizes import DEFAULT_ZERO_CELLS, ZeroCells, measure_called
from evaluation.review.pooling import Pooled, Rule, Sizes, between_groups
from evaluation.review.weighting import Array
from evaluation.shares import require_columns

Model = Literal["fixed", "random"]
Tau2 = Literal["DL", "PM", "REML", "SJ"]
Weights = Literal["IV", "MH"]
SUMMED: Final = frozenset(part.name for part in fields(Pooled))


@dataclass(frozen=True)
class MetaAnalysis:
    """`table`: the studies in the given order with study, effect, ci_low, ci_high, weight (share of 1), subgroup
    (empty without subgroups), reason.

    `subgroups`: name -> Pooled; `between`: q, df and p of the test that the subgroups have one effect. `convention`
    names model, weights, estimator of tau2, variance and whether tau2 is common to the subgroups. `rule` is how the
    studies were added up.
    """

    measure: str
    table: pd.DataFrame
    pooled: Pooled
    subgroups: dict[str, Pooled]
    between: dict[str, float]
    rule: Rule

    @property
    def convention(self) -> str:
        return self.rule.convention

    def __getattr__(self, name: str) -> Any:
        """The sum's own numbers, such as `estimate`, `ci_low`, `tau2` and `i2`, without the way through `pooled`."""
        if name not in SUMMED:
            raise AttributeError(f"a meta-analysis has no {name}")
        return getattr(self.pooled, name)


def meta_analysis(
    studies: pd.DataFrame,
    *,
    measure: str,
    model: Model = "random",
    tau2: Tau2 = "DL",
    subgroup: str | None = None,
    weights: Weights = "IV",
    hartung_knapp: bool = False,
    zero_cells: ZeroCells = DEFAULT_ZERO_CELLS,
    common_tau2: bool = False,
) -> MetaAnalysis:
    """Add up the studies of a review.

    Args:
        studies: one row a study, with the columns that `effect_sizes` names for the measure; `study` names it.
        measure: RR, OR, PETO, RD, MD, SMD (Hedges' g) or generic (effect and se on an additive scale). Studies of any
            of them may have effect and se, or effect and its printed interval, instead of counts or means.
        model: fixed or random.
        tau2: between-study variance by DerSimonian and Laird (cut at 0), Paule and Mandel, REML, Sidik and Jonkman.
        subgroup: column by which the studies are also added up.
        common_tau2: one tau2 for all subgroups, as metafor's moderators have; without it each has its own, as RevMan.
            The two tests between subgroups can differ much; `convention` says which was made.
        weights: IV (inverse variance) or, in the fixed model of RR, OR and RD, MH (Mantel-Haenszel).
        hartung_knapp: the variance of Hartung and Knapp (2001), with t and studies - 1 degrees of freedom.
        zero_cells: what is done about empty cells.

    Raises:
        EvaluationError: `unknown_measure`, `unknown_model`, `bad_study`, `not_a_number`, `unknown_outcome` naming the
            columns that are asked for, `no_studies` when no study has an effect.
    """
    measure = measure_called(measure)
    rule = Rule(measure, model, tau2, weights, hartung_knapp, zero_cells, common_tau2)
    effects, sizes = rule.sizes(studies)
    pooled, shares = rule.pooled(sizes)
    groups = _by_subgroup(sizes, subgroup, rule) if subgroup else {}
    return MetaAnalysis(
        measure,
        _table(studies, effects, shares, rule, subgroup),
        rule.shown(pooled),
        {name: rule.shown(part) for name, part in groups.items()},
        between_groups(groups) if groups else {},
        rule,
    )


def study_names(studies: pd.DataFrame) -> "pd.Series[Any]":
    """What each study is called: its `study`, else its place in the review."""
    return studies["study"] if "study" in studies else pd.Series(range(1, len(studies) + 1), index=studies.index)


def _by_subgroup(sizes: Sizes, subgroup: str, rule: Rule) -> dict[str, Pooled]:
    require_columns(sizes.studies, [subgroup])
    named = sizes.studies[subgroup]
    if named.isna().any():
        raise EvaluationError("bad_study", f"a study has no {subgroup}")
    members = {str(name): (named == name).to_numpy() for name in named.unique()}
    tau2 = rule.between(sizes, np.column_stack(list(members.values())).astype(float)) if rule.common_tau2 else None
    return {name: rule.pooled(sizes.only(mine), tau2=tau2)[0] for name, mine in members.items()}


def _table(
    studies: pd.DataFrame, effects: pd.DataFrame, weights: Array, rule: Rule, subgroup: str | None
) -> pd.DataFrame:
    reach = stats.norm.ppf(0.975) * np.sqrt(effects["v"])
    told = effects["reason"] == ""
    share = pd.Series(0.0, index=effects.index)
    share[told] = weights / weights.sum()
    ends = {"effect": effects["y"], "ci_low": effects["y"] - reach, "ci_high": effects["y"] + reach}
    columns = {"study": study_names(studies)} | {name: rule.back(values) for name, values in ends.items()}
    groups = studies[subgroup].astype(object).where(studies[subgroup].notna(), "").astype(str) if subgroup else ""
    told_of = {"weight": share, "subgroup": groups, "reason": effects["reason"]}
    return pd.DataFrame(columns | told_of).reset_index(drop=True)
