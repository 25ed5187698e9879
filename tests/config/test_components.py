"""Components and form rendering: what each promises to the pages that use it."""

import re
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.template import RequestContext, Template
from django.test import RequestFactory
from django.utils import translation
from pytest_django.fixtures import Settings

from trial.config import assets


def rendered(source: str, query: str = "", **context: Any) -> str:
    """The template `source` on a page with the query string `query`."""
    request = RequestFactory().get(f"/?{query}")
    return Template(source).render(RequestContext(request, context))


class Sample(forms.Form):
    number = forms.CharField(label="Deltakernummer", help_text="For eksempel MOS-7K4Q-3")
    born = forms.DateField(label="Dato")
    office = forms.ChoiceField(label="Kontor", choices=[("1", "Moss")])
    allowance = forms.ChoiceField(label="AAP?", choices=[("y", "Ja")], widget=forms.RadioSelect)
    registers = forms.MultipleChoiceField(label="Registre", choices=[("a", "Aa")], widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(label="Merknad", widget=forms.Textarea, required=False)
    file = forms.FileField(label="Fil")
    active = forms.BooleanField(label="Aktiv", required=False)
    consent = forms.BooleanField(label="Samtykker", widget=forms.CheckboxInput(attrs={"data-panel": "true"}))
    version = forms.CharField(widget=forms.HiddenInput)


KINDS = {
    "number": "text",
    "born": "date",
    "office": "select",
    "allowance": "radio",
    "registers": "checkboxes",
    "note": "textarea",
    "file": "file",
    "active": "checkbox",
    "consent": "panel",
    "version": "hidden",
}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_every_widget_has_its_control(name: str, kind: str) -> None:
    assert Sample()[name].kind == kind


def test_a_field_without_error_is_described_by_its_help_text() -> None:
    html = Sample()["number"].as_field_group()
    assert 'aria-describedby="id_number_helptext"' in html
    assert 'id="id_number_helptext"' in html
    assert "aksel-text-field--error" not in html


def test_a_faulty_field_is_described_by_its_error() -> None:
    html = Sample({})["number"].as_field_group()
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_number_helptext id_number_error"' in html
    assert "Deltakernummer må fylles ut." in html


def test_a_date_without_help_is_described_by_its_format() -> None:
    html = Sample()["born"].as_field_group()
    assert 'aria-describedby="id_born_format"' in html
    assert "dd.mm.åååå" in html


@pytest.mark.parametrize("language", ["nb", "en"])
def test_dates_are_typed_alike_in_both_languages(language: str) -> None:
    with translation.override(language):
        form = Sample({"born": "03.02.2014"})
        assert form["born"].errors == []
        assert 'value="03.02.2014"' in str(form["born"])


def test_the_exceptions_are_marked_not_the_rule() -> None:
    html = str(Sample())
    assert html.count("(valgfritt)") == 1


def test_the_error_summary_leads_to_each_field_and_to_a_group_s_first_choice() -> None:
    html = rendered('{% include "components/error_summary.html" %}', form=Sample({}))
    assert 'href="#id_number">Deltakernummer må fylles ut.' in html
    assert 'href="#id_allowance_0">Du må velge: AAP?' in html
    assert 'href="#id_consent">Du må krysse av for «Samtykker».' in html
    assert Sample({})["allowance"].subwidgets[0].id_for_label == "id_allowance_0"


def test_a_form_is_sent_by_post_with_its_token_and_its_files() -> None:
    html = rendered('{% component "form" form=form %}{% endcomponent %}', form=Sample())
    assert 'method="post"' in html
    assert 'enctype="multipart/form-data"' in html
    assert 'name="csrfmiddlewaretoken"' in html


def test_a_component_sees_its_parameters_and_nothing_else_of_the_page() -> None:
    html = rendered('{% component "card" heading="Kort" %}Innhold{% endcomponent %}', tag="Lekker", url="/hemmelig/")
    assert "Innhold" in html
    assert "Lekker" not in html
    assert "/hemmelig/" not in html


def test_what_a_user_typed_is_escaped_in_body_and_cell() -> None:
    source = '{% component "info_card" heading=name %}{{ name }}{% endcomponent %}{% td %}{{ name }}{% endtd %}'
    html = rendered(source, name="<b>Kari</b>")
    assert "<b>" not in html
    assert html.count("&lt;b&gt;") == 3


def test_a_table_s_numbers_stand_to_the_right_and_its_region_can_be_scrolled_by_keyboard() -> None:
    source = '{% include "components/data_table.html" with caption="Uker" columns=columns rows=rows only %}'
    html = rendered(source, columns=[{"label": "Hvem"}, {"label": "Uker", "numeric": True}], rows=[["MOS-1", 0]])
    assert 'role="region" tabindex="0" aria-label="Uker"' in html
    assert 'scope="row">MOS-1' in html
    assert 'align-right app-num">0</td>' in html


@pytest.mark.parametrize(
    ("value", "html"),
    [
        (1.5, "1,5"),
        ({"text": "<MOS>", "url": "/p/"}, '<a class="aksel-link" href="/p/">&lt;MOS&gt;</a>'),
        ({"text": "Trukket", "tag": "success"}, 'data-color="success"'),
        ({"text": "<b>"}, "&lt;b&gt;"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_a_cell_is_a_value_a_link_or_a_tag(value: Any, html: str) -> None:
    with translation.override("nb"):
        assert html in rendered("{% cell value %}", value=value)


def test_a_row_longer_than_its_header_loses_nothing() -> None:
    html = rendered("{% data_row row columns %}", row=["a", "b", "c"], columns=[{"label": "A"}])
    assert html.count("<td") == 2


@pytest.mark.parametrize(
    ("query", "direction", "target"),
    [("", "none", "sort=n"), ("sort=n", "ascending", "sort=-n"), ("sort=-n", "descending", "sort=n")],
)
def test_a_sort_link_turns_the_direction(query: str, direction: str, target: str) -> None:
    html = rendered('{% th sort="n" %}Nummer{% endth %}', query=f"{query}&page=4&office=1")
    assert f'aria-sort="{direction}"' in html
    assert target in html
    assert "office=1" in html
    assert "page=4" not in html


def test_pages_keep_the_search() -> None:
    page = Paginator(range(100), 10).get_page(2)
    html = rendered(
        '{% include "components/pagination.html" with page=page only %}', query="office=1&page=2", page=page
    )
    assert 'href="?office=1&amp;page=3"' in html
    assert html.count('aria-current="page"') == 1


@pytest.mark.parametrize(("value", "total", "share"), [(0, 10, 0), (3, 8, 38), (12, 10, 100), (5, 0, 0), (None, 4, 0)])
def test_a_share_is_a_width_class_that_exists(value: Any, total: int, share: int) -> None:
    html = rendered("{{ value|share:total }}", value=value, total=total)
    assert html == str(share)
    assert f".app-share-{html}{{" in assets.share_classes()


def test_a_chart_s_data_cannot_leave_its_island() -> None:
    html = rendered("{{ spec|json_island:name }}", spec={"t": "</script><script>alert(1)"}, name="figur")
    assert html.count("</script>") == 1
    assert 'id="figur-spec" type="application/json"' in html


def test_an_icon_that_does_not_exist_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "icons", lambda: {"Plus": "<path/>"})
    assert "<path/>" in rendered('{% icon "Plus" %}')
    assert 'role="img" aria-label="Ny"' in rendered('{% icon "Plus" title="Ny" %}')
    with pytest.raises(ImproperlyConfigured, match="no icon"):
        rendered('{% icon "Pluss" %}')


def test_every_icon_that_a_template_names_is_one_of_aksel_s(look: None, settings: Settings) -> None:
    sources = [path.read_text() for path in (settings.ROOT / "templates").glob("**/*.html")]
    named = {name for source in sources for name in re.findall(r'(?:icon=|{% icon )"(\w+)"', source)}
    assert "Plus" in named
    assert named - assets.icons().keys() == set()
