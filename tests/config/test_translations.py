"""Every text that a reader may see is there in English too."""

import gettext
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from trial.config import translations

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "{}"\nmsgstr "{}"\n'


@pytest.fixture
def small_project(tmp_path: Path, settings: Settings) -> Path:
    """A project of two rooms with one text each, in Python and in a template."""
    for name, text in {
        "trial/a/pages.py": 'title = _("%(n)s dager")\n',
        "trial/a/locale/en.po": PO.format("%(n)s dager", "%(n)s days"),
        "trial/b/locale/en.po": PO.format("Ukjent", "Unknown"),
        "templates/b/page.html": '  {% translate "Uke" %}\n{% blocktranslate %}{{ n }} uker{% endblocktranslate %}',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings.ROOT, settings.LOCAL = tmp_path, tmp_path / "local"
    return tmp_path


@pytest.mark.slow
def test_every_text_has_its_english() -> None:
    assert [f"{text.path}: {text.message}" for text in translations.untranslated()] == []


def test_no_two_rooms_disagree() -> None:
    assert translations.disagreements() == []


def test_english_names_the_same_placeholders() -> None:
    assert translations.broken_placeholders() == []


@pytest.mark.slow
def test_counted_texts_count_in_english_too() -> None:
    assert translations.uncounted() == []


def test_a_counted_text_with_one_english_form_is_found(small_project: Path) -> None:
    (small_project / "trial/a/pages.py").write_text('title = ngettext("%(n)s dag", "%(n)s dager", n)\n')
    (small_project / "trial/a/locale/en.po").write_text(PO.format("%(n)s dag", "%(n)s day"))
    assert translations.uncounted() == ["%(n)s dag"]


def test_texts_are_found_in_python_and_in_templates(small_project: Path) -> None:
    found = {(text.room, text.message) for text in translations.texts()}
    assert found == {("a", "%(n)s dager"), ("b", "Uke"), ("b", "%(n)s uker")}


def test_a_text_within_an_f_string_is_found_too(small_project: Path) -> None:
    (small_project / "trial/a/pages.py").write_text("name = f\"{number}-{_('innsyn')}.pdf\"\n")
    assert ("a", "innsyn") in {(text.room, text.message) for text in translations.texts()}


def test_a_text_without_english_is_named_with_its_room(small_project: Path) -> None:
    assert [(text.room, text.message) for text in translations.untranslated()] == [("b", "Uke"), ("b", "%(n)s uker")]


def test_rooms_that_disagree_are_found(small_project: Path) -> None:
    (small_project / "trial/b/locale/en.po").write_text(PO.format("%(n)s dager", "%(n)s nights"))
    assert translations.disagreements() == ["%(n)s dager"]


def test_a_lost_placeholder_is_found(small_project: Path) -> None:
    (small_project / "trial/a/locale/en.po").write_text(PO.format("%(n)s dager", "some days"))
    assert translations.broken_placeholders() == ["%(n)s dager"]


def test_the_compiled_catalogue_is_what_gettext_reads(small_project: Path) -> None:
    assert translations.compile_all() == 2
    english = gettext.translation("django", small_project / "local" / "locale", ["en"])
    assert english.gettext("Ukjent") == "Unknown"
