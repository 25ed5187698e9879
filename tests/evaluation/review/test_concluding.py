"""What a review concludes, how certain it is, and what a finished trial changes."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, forest_plot, meta_analysis
from evaluation.disclosure import disclosed
from evaluation.review.certainty import LEVELS, ReviewOutcome, certainty, conclusion, summary_of_findings
from evaluation.review.joining import JoinedReview, join_review, may_leave, trial_as_study
from evaluation.review.meta import MetaAnalysis
from evaluation.writing import printable
from tests.evaluation.review.studies import BCG

TREATMENT = {"nb": "Supported employment", "en": "Supported employment"}
EMPLOYED = {"nb": "andelen i jobb", "en": "the share in work"}

# Nøkleby and Hernes (2017): 21 studies of IPS against other follow-up add up to RR 2.40 (2.08 to 2.77). One row with
# that sum stands for them where only the sum matters.
PUBLISHED = pd.DataFrame({"effect": [np.log(2.40)], "se": [(np.log(2.77) - np.log(2.08)) / (2 * 1.959964)]})


def _ratio(estimate: float, se: float = 0.05) -> MetaAnalysis:
    """Two large studies with one risk ratio."""
    n = 40_000
    events = round(0.2 * n)
    row = {"events_treated": round(events * estimate), "total_treated": n, "events_control": events, "total_control": n}
    return meta_analysis(pd.DataFrame([row, row]), measure="RR")


def test_the_published_sum_keeps_its_interval() -> None:
    pooled = meta_analysis(PUBLISHED, measure="generic", model="fixed").pooled
    assert [round(float(np.exp(end)), 2) for end in (pooled.estimate, pooled.ci_low, pooled.ci_high)] == [
        2.4,
        2.08,
        2.77,
    ]


@pytest.mark.parametrize(
    ("judged", "level"),
    [
        ({}, "high"),
        ({"down": {"risk_of_bias": 1}}, "moderate"),
        ({"down": {"risk_of_bias": 1, "imprecision": 1}}, "low"),
        ({"down": {"risk_of_bias": 2, "imprecision": 2}}, "very_low"),
        ({"randomised": False}, "low"),
        ({"randomised": False, "up": {"large_effect": 2}}, "high"),
    ],
)
def test_certainty_begins_with_the_draw_and_takes_steps(judged: dict, level: str) -> None:
    assert certainty(**judged) == level


@pytest.mark.parametrize(
    "judged",
    [
        {"down": {"luck": 1}},
        {"down": {"imprecision": 3}},
        {"up": {"large_effect": 1}},
        {"randomised": False, "up": {"x": 1}},
    ],
)
def test_a_step_without_a_reason_is_refused(judged: dict) -> None:
    with pytest.raises(EvaluationError) as caught:
        certainty(**judged)
    assert caught.value.code == "bad_judgement"


@pytest.mark.parametrize(
    ("level", "nb", "en"),
    [
        ("high", "Supported employment øker andelen i jobb.", "Supported employment increases the share in work."),
        (
            "moderate",
            "Supported employment øker trolig andelen i jobb.",
            "Supported employment probably increases the share in work.",
        ),
        (
            "low",
            "Supported employment øker muligens andelen i jobb.",
            "Supported employment may increase the share in work.",
        ),
        (
            "very_low",
            "Det er usikkert om supported employment øker andelen i jobb.",
            "It is uncertain whether supported employment increases the share in work.",
        ),
    ],
)
def test_a_conclusion_is_as_strong_as_its_certainty(level: str, nb: str, en: str) -> None:
    outcome = ReviewOutcome("employed", EMPLOYED, _ratio(2.4), 2901, level)
    assert conclusion(outcome, treatment=TREATMENT) == {"nb": nb, "en": en}


@pytest.mark.parametrize(("estimate", "verb"), [(0.5, "reduserer"), (1.0, "gir liten eller ingen forskjell i")])
def test_a_conclusion_follows_the_effect(estimate: float, verb: str) -> None:
    outcome = ReviewOutcome("employed", EMPLOYED, _ratio(estimate), 2901, "high")
    assert verb in conclusion(outcome, treatment=TREATMENT)["nb"]


def test_a_summary_tells_persons_of_a_thousand() -> None:
    found = _ratio(2.4)
    table = summary_of_findings(
        [ReviewOutcome("employed", EMPLOYED, found, 2901, "moderate", 0.2)], treatment=TREATMENT
    )
    (row,) = table.records
    assert row["control_per_1000"] == pytest.approx(200)
    assert row["treated_per_1000"] == pytest.approx(480, abs=0.1)
    assert row["treated_low"] == pytest.approx(200 * found.pooled.ci_low)
    assert table.notes["sentences"][0]["sentence"]["nb"].startswith("Supported employment øker trolig")


def test_odds_become_risks_and_never_pass_a_thousand() -> None:
    odds = meta_analysis(BCG, measure="OR")
    row = summary_of_findings([ReviewOutcome("tb", EMPLOYED, odds, 1, "low", 0.5)], treatment=TREATMENT).records[0]
    effect = odds.pooled.estimate
    assert row["treated_per_1000"] == pytest.approx(1000 * effect / (1 + effect))
    row = summary_of_findings([ReviewOutcome("x", EMPLOYED, _ratio(2.4), 1, "low", 0.9)], treatment=TREATMENT).records[
        0
    ]
    assert row["treated_per_1000"] == 1000


def test_levels_and_risks_outside_their_bounds_are_refused() -> None:
    for level, risk in (("certain", 0.1), (LEVELS[0], 1.0)):
        with pytest.raises(EvaluationError):
            ReviewOutcome("employed", EMPLOYED, _ratio(2.4), 1, level, risk)


@pytest.fixture
def panel() -> pd.DataFrame:
    """Eighteen months of 167 and 101 persons, one of each unseen in the last month."""
    arms = ["intervention"] * 167 + ["control"] * 101
    rows = [
        {"arm": arm, "month": month, "employed": float(person % 3 == 0), "hours": float(person % 40)}
        for month in (12, 18)
        for person, arm in enumerate(arms)
    ]
    frame = pd.DataFrame(rows)
    frame.loc[(frame["month"] == 18) & frame.index.isin([268, 268 + 167]), ["employed", "hours"]] = np.nan
    return frame


def test_a_trial_becomes_a_study(panel: pd.DataFrame) -> None:
    row = trial_as_study(panel, outcome="employed", month=18, measure="RR", study="SE-KLAR").iloc[0]
    seen = panel[(panel["month"] == 18) & panel["employed"].notna()]
    treated = seen.loc[seen["arm"] == "intervention", "employed"]
    assert (row["events_treated"], row["total_treated"], row["total_control"]) == (treated.sum(), 166, 100)
    hours = trial_as_study(panel, outcome="hours", month=12, measure="SMD", study="SE-KLAR").iloc[0]
    assert hours["mean_treated"] == pytest.approx(np.mean([person % 40 for person in range(167)]))
    assert (hours["n_treated"], hours["n_control"]) == (167, 101)


def test_a_trial_joins_the_evidence_with_one_call(panel: pd.DataFrame) -> None:
    trial = trial_as_study(panel, outcome="employed", month=18, measure="RR", study="SE-KLAR")
    joined = join_review(BCG, trial, measure="RR")
    assert (joined.earlier.pooled.studies, joined.together.pooled.studies) == (13, 14)
    assert joined.earlier.pooled == meta_analysis(BCG, measure="RR").pooled
    assert joined.predicted is True
    table, forest = joined.findings()
    assert [record["review"] for record in table.records] == ["earlier_trials", "this_trial", "all_trials"]
    assert "SE-KLAR" in [record["study"] for record in forest.records]
    drawn = json.dumps(printable(forest), ensure_ascii=False)
    assert "Tidligere studier" in drawn
    assert "Dette forsøket" in drawn


def test_the_forest_is_wide_enough_for_where_the_next_study_would_lie() -> None:
    found = meta_analysis(BCG.head(4), measure="RR")
    low, high = found.prediction
    text = json.dumps(forest_plot(found).spec)
    domain = json.loads(text[text.index('"domain": [', text.index('"log"')) + 10 :].split("]")[0] + "]")
    assert domain[0] <= low < high <= domain[1]


def test_too_few_earlier_studies_predict_nothing(panel: pd.DataFrame) -> None:
    trial = trial_as_study(panel, outcome="employed", month=18, measure="RR", study="SE-KLAR")
    assert join_review(BCG.head(2), trial, measure="RR").predicted is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"measure": "generic"}, "unknown_measure"),
        ({"outcome": "aap"}, "unknown_outcome"),
        ({"outcome": "hours"}, "bad_study"),
        ({"month": 36}, "nobody_observed"),
    ],
)
def test_what_a_trial_cannot_bring_is_named(panel: pd.DataFrame, options: dict, code: str) -> None:
    asked = {"outcome": "employed", "month": 18, "measure": "RR", "study": "SE-KLAR"} | options
    with pytest.raises(EvaluationError) as caught:
        trial_as_study(panel, **asked)
    assert caught.value.code == code


def test_a_trial_is_not_counted_twice(panel: pd.DataFrame) -> None:
    trial = trial_as_study(panel, outcome="employed", month=18, measure="RR", study="Aronson")
    with pytest.raises(EvaluationError, match="already"):
        join_review(BCG, trial, measure="RR")


def _row(*counts: int) -> pd.DataFrame:
    names = ("events_treated", "total_treated", "events_control", "total_control")
    return pd.DataFrame([{"study": "SE-KLAR"} | dict(zip(names, counts, strict=True))])


@pytest.mark.slow
def test_what_leaves_of_the_trial_among_earlier_ones_follows_from_rounded_counts() -> None:
    """Exact, the ratio and its interval tell the counts: two equations for two numbers of persons."""
    exact, rounded = _row(33, 61, 18, 58), _row(35, 60, 20, 60)
    table, forest = may_leave(_joined(exact), _joined)
    left = disclosed(table.to_dict(), "opensafely")
    expected = _joined(rounded).findings()[0]
    assert left["rows"] == [list(row) for row in expected.rows]
    assert left["rows"] != [list(row) for row in table.rows]
    assert _effects(disclosed(forest.to_dict(), "opensafely"))["SE-KLAR"] == pytest.approx(35 / 20)


@pytest.mark.slow
def test_a_trial_with_a_hidden_count_leaves_the_review_as_it_was() -> None:
    for counts in ((5, 61, 18, 58), (33, 61, 55, 58)):  # few have it, or few lack it
        table, forest = may_leave(_joined(_row(*counts)), _joined)
        left, drawn = (disclosed(finding.to_dict(), "opensafely") for finding in (table, forest))
        assert [row[-1] for row in left["rows"]] == ["hidden_counts"]
        assert "SE-KLAR" not in json.dumps([left, drawn])
        assert "Aronson" in _effects(drawn)


def _effects(content: dict[str, Any]) -> dict[str, float]:
    rows = [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
    return {row["study"]: row["effect"] for row in rows}


def _joined(trial: pd.DataFrame) -> JoinedReview:
    return join_review(BCG, trial, measure="RR")
