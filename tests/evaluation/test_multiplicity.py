"""P-values of a family: equal to statsmodels, whatever the order and the gaps."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from evaluation import EvaluationError, adjust_p_values

NAMES = {"holm": "holm", "benjamini-hochberg": "fdr_bh"}


@pytest.mark.slow
@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("seed", range(20))
def test_adjusted_p_values_equal_statsmodels(method: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p_values = np.round(rng.random(rng.integers(1, 30)) ** 3, 2)  # rounded, so that some are the same, or 0
    expected = multipletests(p_values, method=NAMES[method])[1]
    np.testing.assert_allclose(adjust_p_values(p_values, method=method), expected, atol=1e-15)


def test_a_missing_p_value_is_not_of_the_family() -> None:
    found = adjust_p_values([0.02, np.nan, 0.01], method="holm")
    np.testing.assert_allclose(found, [0.02, np.nan, 0.02])


def test_none_leaves_them_and_an_unknown_method_is_refused() -> None:
    assert adjust_p_values([0.5, 0.1], method="none").tolist() == [0.5, 0.1]
    with pytest.raises(EvaluationError, match="holm"):
        adjust_p_values([0.5], method="bonferroni-ish")
