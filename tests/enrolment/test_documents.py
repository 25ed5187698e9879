"""Printed documents: what is wide stays within its column, and numbers stand under one another."""

from itertools import combinations

import pypdfium2
import pytest

from trial.enrolment.documents import Document, Section, pdf_of

HEADS = [
    "Måned", "Gruppe", "Arbeidstrening og arbeidspraksis", "Lønnstilskudd", "Oppfølging", "Opplæring", "Avklaring",
    "Tilrettelagt arbeid", "Andre tiltak",
]  # fmt: skip
ROWS = [
    ["september 2026", "Intervensjonsgruppe", "3", "0", "12", "104", "0", "<5", "7"],
    ["september 2026", "Kontrollgruppe", "11", "5", "2", "9", "0", "0", "17"],
]

Box = tuple[float, float, float, float]


def boxes_of(pdf: bytes) -> list[tuple[Box, str]]:
    """The pieces of text on the last page with their place: left, bottom, right, top."""
    pages = pypdfium2.PdfDocument(pdf)
    page = pages[len(pages) - 1].get_textpage()
    found = [page.get_rect(place) for place in range(page.count_rects())]
    return [(box, page.get_text_bounded(*box).strip()) for box in found]


def overlap(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1


@pytest.mark.slow
def test_the_columns_of_a_wide_table_keep_apart_and_its_groups_are_whole_words() -> None:
    boxes = boxes_of(pdf_of(Document("Tiltak", "nb", sections=[Section("Tiltak", columns=HEADS, table=ROWS)])))
    assert [(a, b) for (one, a), (other, b) in combinations(boxes, 2) if overlap(one, other)] == []
    assert max(box[2] for box, _text in boxes) < 842 - 60  # within the margin of an A4 on its side
    assert [text for _box, text in boxes].count("Intervensjonsgruppe") == 1


@pytest.mark.slow
def test_numbers_end_under_one_another_and_words_begin_so() -> None:
    rows = [["Moss", "9", "ja"], ["Hurum", "1 234", "nei"], ["Rygge", "<5", "ja"], ["Røyken", "≈20", "nei"]]
    found = {
        text: box
        for box, text in boxes_of(
            pdf_of(Document("Kontor", "nb", sections=[Section("", columns=["K", "Antall", "Med"], table=rows)]))
        )
    }
    assert found["9"][2] == pytest.approx(found["1 234"][2], abs=1) == pytest.approx(found["≈20"][2], abs=1)
    assert found["Moss"][0] == pytest.approx(found["Hurum"][0], abs=1)
    assert found["nei"][0] == pytest.approx(found["ja"][0], abs=1)


@pytest.mark.slow
def test_many_narrow_columns_stay_on_the_page_that_they_belong_to() -> None:
    heads = ["Måned", "Meldt inn i måneden", "Meldt inn i alt", "Plan", "Prognose", "Fra", "Til"]
    table = [["september 2026", "104", "1 204", "1 300", "1 250", "1 100", "1 400"]]
    pdf = pdf_of(Document("Status", "nb", sections=[Section("Rekruttering", columns=heads, table=table)]))
    assert len(pypdfium2.PdfDocument(pdf)) == 1
    boxes = boxes_of(pdf)
    assert [(a, b) for (one, a), (other, b) in combinations(boxes, 2) if overlap(one, other)] == []
