"""Findings as people read them: units, decimals, words, and the published numbers beside."""

from dataclasses import replace

import pytest

from evaluation.comparing.words import COMPARISONS
from evaluation.estimate_labels import ESTIMATES
from evaluation.findings import Finding
from evaluation.labels import LABELS, LANGUAGES, label, localise
from evaluation.outcomes import OUTCOMES
from evaluation.paper import TABLE_1, TABLE_2
from evaluation.published import TABLE_1 as PUBLISHED_1
from evaluation.published import TABLE_2 as PUBLISHED_2
from evaluation.published import remark
from evaluation.questionnaire_words import QUESTIONNAIRES
from evaluation.remarks import remarks
from evaluation.review.words import REVIEWS
from evaluation.showing import shown
from evaluation.tables import as_text, stars

PARTS = (ESTIMATES, COMPARISONS, QUESTIONNAIRES, REVIEWS)
BASELINE = Finding(
    "table-1",
    "table",
    {"nb": "Tabell 1", "en": "Table 1"},
    ("variable", "intervention", "control", "difference", "se", "t", "p", "smd", "missing"),
    (
        ("men", 0.5689, 0.6733, 0.1044, 0.061, 1.711, 0.0883, 0.2, 0),
        ("income_at_start", 215027.4, 197106.2, -17921.2, 15000.0, -1.19, 0.0004, None, 3),
    ),
    notes={"joint_f": 1.4, "joint_df": [14, 253], "joint_p": 0.19},
)
TOTALS = Finding(
    "table-2",
    "table",
    {"nb": "Tabell 2", "en": "Table 2"},
    ("outcome", "treated_mean", "control_mean", "effect", "t", "p", "n"),
    (("employed", 10.94, 8.91, 2.16, 1.43, 0.153, 268), ("total_hours", 1302.8, 1088.4, 224.2, 1.1, 0.27, 268)),
    notes={"covariance": "classical", "strata": "office", "alpha": "0.05"},
)


def test_shares_are_per_cents_and_money_is_whole() -> None:
    rows = shown(BASELINE, language="nb").rows
    assert rows[0][:4] == ("Menn", "56,9 %", "67,3 %", "10,4 %")
    assert rows[1][:4] == ("Inntekt året før start", "215\u00a0027", "197\u00a0106", "−17\u00a0921")
    assert rows[1][-2:] == ("–", "3")
    assert shown(BASELINE, language="en").rows[0][1] == "56.9 %"


def test_published_numbers_stand_in_columns_of_their_own() -> None:
    table = shown(BASELINE, language="nb", reference="seklar")
    assert table.heads[-3:] == ("Intervensjonsgruppe, publisert", "Kontrollgruppe, publisert", "p-verdi, publisert")
    assert table.rows[0][-3:] == ("56,9 %", "67,3 %", "0,090")
    totals = shown(TOTALS, language="en", reference="seklar")
    assert totals.heads[-4:] == tuple(f"{word}, published" for word in ("Intervention", "Control", "Effect", "t"))
    assert totals.rows[0][-4:] == ("10.9", "8.9", "2.2", "1.43")


def test_a_printed_number_that_is_made_otherwise_is_remarked_on() -> None:
    assert "working days" in remark("seklar", "table-2", "en")
    assert remark("seklar", "table-1") == remark("", "table-2") == ""


def test_notes_say_how_the_numbers_were_made() -> None:
    assert remarks(BASELINE.notes, "en") == ["Joint F test of all variables: F(14, 253) = 1.40, p = 0.190."]
    assert remarks(TOTALS.notes, "nb") == [
        "Standardfeil: klassiske.",
        "Regresjon med faste effekter av kontor; 95 % konfidensintervall (KI).",
    ]


@pytest.mark.parametrize("reference", ["", "seklar"])
def test_the_terminal_shows_aligned_lines_with_the_published_beside(reference: str) -> None:
    lines = as_text(BASELINE, reference=reference).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert ("67.3 %" in lines[1].split("|")[1]) == bool(reference)
    assert "0.153" not in as_text(TOTALS, reference=reference)
    assert "1.43" in as_text(TOTALS, reference=reference)


@pytest.mark.parametrize(("p", "mark"), [(0.009, "***"), (0.049, "**"), (0.099, "*"), (0.1, ""), (None, "")])
def test_stars_are_those_of_the_paper(p: float | None, mark: str) -> None:
    assert stars(p) == mark


def test_every_outcome_and_variable_has_its_words_in_both_languages() -> None:
    for key in (*OUTCOMES, *TABLE_1, *TABLE_2):
        assert all(LABELS[key][place] for place in range(len(LANGUAGES))), key
    assert label("shoe_size") == "shoe_size"
    assert localise({"title": "@men", "list": ["@aap", 3]}, "en") == {"title": "Men", "list": ["AAP", 3]}


def test_the_published_tables_name_what_the_plan_names() -> None:
    assert tuple(PUBLISHED_1) == TABLE_1
    assert tuple(PUBLISHED_2) == TABLE_2


def test_a_key_has_one_word_wherever_it_is_declared() -> None:
    """Of two, the later one would stand in the tables of both."""
    for part in PARTS:
        assert {key: LABELS[key] for key in part} == dict(part)


def test_a_text_that_somebody_gave_stands_for_itself() -> None:
    assert [label(text) for text in ("Moss: 2010", "Stein + Aronson", "Hart and Hall")] == [
        "Moss: 2010",
        "Stein + Aronson",
        "Hart and Hall",
    ]
    assert label("age + women") == "Alder, kvinner"
    assert (label("6 and 12"), label("6 and 12", "en")) == ("6 og 12", "6 and 12")


def test_the_heads_of_a_comparison_are_its_measures() -> None:
    arms = {"treated": "extended_follow_up", "control": "follow_up"}
    finding = Finding("table-3-1", "table", {}, ("sample", "treated_n", "control_n"), (("starters", 1, 2),))
    assert shown(finding).heads[1:] == ("Intervensjonsgruppe, antall", "Kontrollgruppe, antall")
    named = replace(finding, notes={"arms": arms})
    assert shown(named).heads[1:] == ("Utvidet oppfølging, antall", "Oppfølging, antall")
    assert shown(named, language="en", reference="proba").heads[-2:] == (
        "Extended follow-up, persons, published",
        "Follow-up, persons, published",
    )
