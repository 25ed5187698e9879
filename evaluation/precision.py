"""What an estimate can rule out: is the effect smaller than what matters, and what could the trial have shown?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy import stats

from evaluation.given import confidence
from evaluation.power import detectable_effect
from evaluation.shares import require_columns

POWER = 0.8


def precision_of(
    effects: pd.DataFrame, *, margins: Mapping[str, float] | None = None, alpha: float = 0.05, power: float = POWER
) -> pd.DataFrame:
    """Minimal detectable effect of each estimate, and equivalence tests where a margin was declared.

    Two one-sided t tests ask whether the effect lies within (-margin, margin) (Schuirmann 1987): it does when the
    1 - 2 alpha interval lies inside. The detectable effect follows from the standard error alone (Bloom 1995), never
    from the estimate: "observed power" says nothing that p did not.

    Args:
        effects: rows of `effects_on_totals`: outcome, effect, se, df.
        margins: outcome -> the smallest effect that matters, in its unit.

    Returns:
        outcome, effect, se, detectable, margin, ci_low, ci_high (of the 1 - 2 alpha interval), p_equivalence,
        verdict (`equivalent`, `not_shown`, or empty without a margin), reason (why there is no estimate,
        `no_variance`, or empty).
    """
    require_columns(effects, ["outcome", "effect", "se", "df"])
    declared = margins or {}
    rows = [_row(row, declared.get(row["outcome"]), alpha, power) for row in effects.to_dict("records")]
    return pd.DataFrame(rows)


def _row(row: Mapping[Any, Any], margin: float | None, alpha: float, power: float) -> dict[str, Any]:
    effect, se, df = (float(row[name]) for name in ("effect", "se", "df"))
    found: dict[str, Any] = {"outcome": row["outcome"], "effect": effect, "se": se}
    nothing = dict.fromkeys(("detectable", "margin", "ci_low", "ci_high", "p_equivalence"), float("nan"))
    if not se > 0:
        return found | nothing | {"margin": margin, "verdict": "", "reason": row.get("reason") or "no_variance"}
    reach = float(stats.t.ppf(confidence(alpha), df)) * se
    found |= {"detectable": detectable_effect(se, df=df, power=power, alpha=alpha), "reason": ""}
    found |= {"ci_low": effect - reach, "ci_high": effect + reach}
    if margin is None:
        return found | {"margin": float("nan"), "p_equivalence": float("nan"), "verdict": ""}
    p = float(stats.t.sf((margin - abs(effect)) / se, df))
    return found | {"margin": margin, "p_equivalence": p, "verdict": "equivalent" if p < alpha else "not_shown"}
