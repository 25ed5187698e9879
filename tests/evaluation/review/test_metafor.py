"""Everything a review computes, beside what R's metafor printed of the same studies (`references/review.R`)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import egger, influence, leave_one_out, meta_analysis, meta_regression, trim_and_fill
from evaluation.review.effect_sizes import RATIOS, ZeroCells
from evaluation.review.pooling import Pooled
from tests.evaluation.review.studies import BCG, RARE, STAY

PRINTED = json.loads((Path(__file__).parent.parent / "references" / "review.json").read_text())
ESTIMATORS = ("DL", "PM", "REML", "SJ")


def _same(found: Pooled, printed: dict[str, Any], measure: str) -> None:
    back = np.log if measure in RATIOS else np.asarray
    ours = [back(found.estimate), found.se, back(found.ci_low), back(found.ci_high), found.p, found.tau2, found.q]
    theirs = [printed["estimate"], printed["se"], *printed["ci"], printed["p"], printed["tau2"], printed["q"]]
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-9)
    np.testing.assert_allclose(found.q_p, printed["q_p"], rtol=1e-6)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "PETO"])
@pytest.mark.parametrize("tau2", ESTIMATORS)
def test_random_effects(measure: str, tau2: str) -> None:
    _same(meta_analysis(BCG, measure=measure, tau2=tau2).pooled, PRINTED["pooled"][measure][tau2], measure)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "PETO"])
def test_fixed_effects_and_hartung_knapp(measure: str) -> None:
    _same(meta_analysis(BCG, measure=measure, model="fixed").pooled, PRINTED["pooled"][measure]["fixed"], measure)
    found = meta_analysis(BCG, measure=measure, tau2="REML", hartung_knapp=True).pooled
    _same(found, PRINTED["knapp_hartung"][measure], measure)


@pytest.mark.parametrize(("studies", "printed"), [(BCG, "mantel_haenszel"), (RARE, "rare_mantel_haenszel")])
@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_mantel_haenszel(studies: Any, printed: str, measure: str) -> None:
    _same(
        meta_analysis(studies, measure=measure, model="fixed", weights="MH").pooled, PRINTED[printed][measure], measure
    )


@pytest.mark.parametrize(("rule", "to"), [("only_empty", "only0"), ("all_if_any", "if0all"), ("all", "all")])
def test_empty_cells(rule: str, to: str) -> None:
    _same(meta_analysis(RARE, measure="OR", zero_cells=ZeroCells(rule)).pooled, PRINTED["rare"][to], "OR")


def test_petos_odds_ratio_needs_no_correction() -> None:
    _same(meta_analysis(RARE, measure="PETO", model="fixed").pooled, PRINTED["rare_peto"], "PETO")


@pytest.mark.parametrize("measure", ["MD", "SMD"])
def test_means(measure: str) -> None:
    _same(meta_analysis(STAY, measure=measure, tau2="REML").pooled, PRINTED["stay"][measure], measure)


def test_the_interval_of_the_variance_between_studies() -> None:
    found = meta_analysis(BCG, measure="RR", tau2="REML").pooled.tau2_ci
    np.testing.assert_allclose(found, PRINTED["tau2_interval"], rtol=1e-4)


def _regression(printed: dict[str, Any], moderators: list[str], **options: Any) -> None:
    found = meta_regression(BCG, measure="RR", moderators=moderators, **options)
    for column in ("estimate", "se", "p"):
        np.testing.assert_allclose(found.table[column], printed[column], rtol=1e-4, err_msg=column)
    for name in ("tau2", "i2", "r2", "q_e", "q_e_p", "q_m", "q_m_p"):
        np.testing.assert_allclose(getattr(found, name), printed[name], rtol=2e-4, err_msg=name)


@pytest.mark.parametrize("tau2", ESTIMATORS)
def test_latitude_explains_the_vaccine(tau2: str) -> None:
    _regression(PRINTED["regression"][tau2], ["latitude"], tau2=tau2)


def test_words_and_knapp_hartung_in_a_regression() -> None:
    _regression(PRINTED["regression_words"], ["latitude", "allocation"])
    _regression(PRINTED["regression_knapp_hartung"], ["latitude"], hartung_knapp=True)


def test_what_rests_on_each_study() -> None:
    found = meta_analysis(BCG, measure="RR", tau2="REML")
    left = leave_one_out(BCG, found)
    np.testing.assert_allclose(np.log(left["estimate"]), PRINTED["leave_one_out"]["estimate"], rtol=1e-4)
    np.testing.assert_allclose(left["tau2"], PRINTED["leave_one_out"]["tau2"], rtol=2e-4)
    np.testing.assert_allclose(left["q"], PRINTED["leave_one_out"]["q"], rtol=1e-8)
    table = influence(BCG, found)
    for column, expected in PRINTED["influence"].items():
        np.testing.assert_allclose(table[column], expected, rtol=2e-3, atol=1e-5, err_msg=column)


def test_eggers_regression() -> None:
    found = egger(BCG, meta_analysis(BCG, measure="RR"))
    printed = PRINTED["egger"]
    np.testing.assert_allclose([found.t, found.df, found.p], [printed["t"], printed["df"], printed["p"]], rtol=1e-8)
    np.testing.assert_allclose(
        np.log([found.limit, *found.limit_ci]), [printed["limit"], *printed["limit_ci"]], rtol=1e-8
    )
    assert not found.too_few


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("method", "options"), [("FE", {"model": "fixed"}), ("DL", {}), ("REML", {"tau2": "REML"})])
def test_trim_and_fill(method: str, options: dict[str, str], side: str) -> None:
    printed = PRINTED["trim_and_fill"][method][side]
    found = trim_and_fill(BCG, meta_analysis(BCG, measure="RR", **options), side=side)
    assert (found.missing, len(found.filled)) == (printed["missing"], printed["missing"])
    np.testing.assert_allclose(found.missing_se, float(printed["missing_se"]), rtol=1e-8)
    _same(found.pooled, printed, "RR")


def test_the_side_where_studies_lack_is_found() -> None:
    assert trim_and_fill(BCG, meta_analysis(BCG, measure="RR", tau2="REML")).side == PRINTED["trim_and_fill_side"]
