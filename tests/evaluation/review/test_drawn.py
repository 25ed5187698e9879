"""The figures of a review: every number in the rows, every word in both languages, nothing drawn that is not told."""

import re

import numpy as np
import pandas as pd
import pytest

from evaluation import EvaluationError, meta_analysis, trim_and_fill
from evaluation.findings import Finding
from evaluation.review.bias import DOMAINS, risk_of_bias
from evaluation.review.flow import ReviewFlow, review_flow
from evaluation.review.forest import forest_plot
from evaluation.review.funnel import funnel_plot
from evaluation.review.meta import MetaAnalysis
from evaluation.writing import as_svg, printable
from tests.evaluation.review.studies import BCG, STAY

# Nøkleby and Hernes (2017), figure 1.
PRINTED_FLOW = ReviewFlow(
    database_references=4810,
    other_references=200,
    references=5010,
    excluded_on_title=4781,
    read_in_full=229,
    excluded_in_full=165,
    protocols=10,
    included_publications=54,
    included_studies=38,
    by_kind={"SE": 9, "IPS": 29},
)


@pytest.fixture(scope="module")
def bcg() -> MetaAnalysis:
    return meta_analysis(BCG, measure="RR", tau2="REML", subgroup="allocation")


def _texts(finding: Finding, language: str = "nb") -> list[str]:
    drawn = as_svg(printable(finding, language))
    assert "@" not in drawn
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawn)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "effect", "total"), [("nb", "0,49 [0,34; 0,70]", "Samlet"), ("en", "0.49 [0.34; 0.70]", "Total")]
)
def test_a_forest_tells_every_study_in_the_readers_numbers(
    bcg: MetaAnalysis, language: str, effect: str, total: str
) -> None:
    texts = _texts(forest_plot(bcg), language)
    assert {"Aronson", "TPT Madras", effect} <= {text.replace("&amp;", "&") for text in texts}
    assert any(text.startswith(total) for text in texts)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_line_of_no_effect_lies_within_the_panel_of_a_forest(sign: int) -> None:
    """Outside it, the line would run through the studies' names."""
    sure = pd.DataFrame({"study": ["a", "b"], "effect": [3.0 * sign, 4.0 * sign], "se": 0.3})
    spec = forest_plot(meta_analysis(sure, measure="MD")).spec
    assert spec is not None
    low, high = spec["hconcat"][1]["layer"][1]["encoding"]["x"]["scale"]["domain"]
    assert low <= 0 <= high


@pytest.mark.slow
def test_a_forest_has_a_diamond_for_every_sum(bcg: MetaAnalysis) -> None:
    drawn = as_svg(printable(forest_plot(bcg)))
    assert len(re.findall(r'aria-roledescription="line mark"', drawn)) == 1 + len(bcg.subgroups)


def test_a_forests_rows_are_its_numbers(bcg: MetaAnalysis) -> None:
    records = forest_plot(bcg).records
    studies = [record for record in records if record["kind"] == "study"]
    assert [record["kind"] for record in records][-2:] == ["total", "prediction"]
    assert len(studies) == len(BCG)
    np.testing.assert_allclose(sum(record["weight"] for record in studies), 1)
    assert [record["study"] for record in records if record["kind"] == "heading"] == list(bcg.subgroups)
    assert records[-2]["effect"] == bcg.pooled.estimate


def test_studies_without_an_effect_stand_in_the_forest_without_a_mark() -> None:
    nothing = pd.DataFrame(
        [{"study": "Ingen", "events_treated": 0, "total_treated": 9, "events_control": 0, "total_control": 9}]
    )
    found = forest_plot(meta_analysis(pd.concat([BCG, nothing], ignore_index=True), measure="RR"))
    row = next(record for record in found.records if record["study"] == "Ingen")
    assert (row["effect"], row["weight"], row["reason"]) == (None, 0.0, "no_events")


@pytest.mark.slow
def test_differences_lie_on_a_plain_axis() -> None:
    found = forest_plot(meta_analysis(STAY, measure="MD"))
    assert "Forskjell i gjennomsnitt" in _texts(found)
    assert found.spec["hconcat"][1]["layer"][1]["encoding"]["x"]["scale"]["type"] == "linear"


def test_a_funnel_shows_what_was_filled_in(bcg: MetaAnalysis) -> None:
    filled = trim_and_fill(BCG, bcg, side="right")
    records = funnel_plot(BCG, bcg, filled=filled).records
    assert [record["kind"] for record in records].count("filled") == filled.missing
    corners = [record for record in records if record["kind"] == "limit"]
    assert corners[1]["effect"] == pytest.approx(bcg.pooled.estimate)
    widest = corners[0]["se"]
    assert np.log(corners[2]["effect"] / corners[0]["effect"]) == pytest.approx(2 * 1.959964 * widest)


@pytest.mark.slow
def test_a_funnel_is_drawn_without_filling_too(bcg: MetaAnalysis) -> None:
    assert "Standardfeil" in _texts(funnel_plot(BCG, bcg))


def _judged(**changed: str) -> pd.DataFrame:
    return pd.DataFrame([{"study": "Bond 2015"} | dict.fromkeys(DOMAINS, "low_risk") | changed])


@pytest.mark.slow
def test_a_light_is_told_by_its_sign_too() -> None:
    found = risk_of_bias(_judged(other_bias="high_risk", selective_reporting="unclear_risk"))
    assert {"+", "?", "–", "Skjult fordeling"} <= set(_texts(found))


@pytest.mark.parametrize(
    ("judged", "code"),
    [(_judged(other_bias="some"), "bad_judgement"), (pd.DataFrame({"study": ["Bond"]}), "no_domains")],
)
def test_a_judgement_that_is_none_is_named(judged: pd.DataFrame, code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        risk_of_bias(judged)
    assert caught.value.code == code


@pytest.mark.slow
def test_the_published_flow_adds_up_and_is_drawn() -> None:
    texts = _texts(review_flow(PRINTED_FLOW))
    assert {"4810", "5010", "229", "54", "38", "9", "29", "Lest i fulltekst"} <= set(texts)


@pytest.mark.parametrize(
    ("changed", "step"),
    [
        ({"references": 5011}, "references"),
        ({"excluded_on_title": 4780}, "read_in_full"),
        ({"protocols": 9}, "included_publications"),
        ({"by_kind": {"SE": 9}}, "included_studies"),
        ({"included_studies": 60, "by_kind": {}}, "more studies"),
    ],
)
def test_a_flow_that_does_not_add_up_is_refused_at_its_step(changed: dict, step: str) -> None:
    with pytest.raises(EvaluationError, match=step):
        review_flow(ReviewFlow(**(PRINTED_FLOW.__dict__ | changed)))
