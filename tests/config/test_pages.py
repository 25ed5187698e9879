"""The house's own pages: language, theme, style guide, error pages."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from trial.access.refusals import Refusal
from trial.config.problems import refusal_response


@pytest.mark.slow  # the first request of a process reads every address
@pytest.mark.parametrize(
    ("address", "cookie", "value"), [("/language/", "language", "en"), ("/theme/", "theme", "dark")]
)
def test_a_choice_is_remembered_and_the_reader_stays_on_the_page(address: str, cookie: str, value: str) -> None:
    answer = Client().post(address, {cookie: value, "next": "/styleguide/?page=2"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/styleguide/?page=2"
    assert answer.cookies[cookie].value == value


@pytest.mark.parametrize("address", ["/language/", "/theme/"])
def test_a_choice_that_is_none_is_not_remembered(address: str) -> None:
    answer = Client().post(address, {"language": "xx", "theme": "pink"})
    assert answer.status_code == 302
    assert not answer.cookies


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_sent_to_another_site(target: str) -> None:
    answer = Client().post("/theme/", {"theme": "dark", "next": target})
    assert answer.headers["Location"] == "/"


@pytest.mark.slow
def test_the_page_is_in_the_language_and_theme_that_were_chosen() -> None:
    client = Client()
    client.cookies.load({"language": "en", "theme": "dark"})
    assert b'<html lang="en" class="dark">' in client.get("/styleguide/").content


def test_the_style_guide_is_not_there_in_production(settings: Settings) -> None:
    settings.RELAXED = False
    assert Client().get("/styleguide/", secure=True).status_code == 404


def test_a_page_that_is_not_there_is_answered_with_a_sentence_in_the_site_s_look() -> None:
    answer = Client().get("/finnes-ikke/")
    assert answer.status_code == 404
    assert "Fant ikke siden" in answer.content.decode()
    assert "app.css" in answer.content.decode()


@pytest.mark.parametrize(
    ("status", "heading"), [(404, "Fant ikke siden"), (403, "Du har ikke tilgang"), (409, "Det går ikke")]
)
def test_a_refusal_is_a_page_with_its_sentence(rf: RequestFactory, status: int, heading: str) -> None:
    answer = _refused(rf.get("/trials/"), status)
    assert answer.status_code == status
    assert heading in answer.content.decode()
    assert "Personen er allerede med." in answer.content.decode()


def test_a_refused_partial_update_is_an_alert(rf: RequestFactory) -> None:
    answer = _refused(rf.get("/trials/", headers={"HX-Request": "true"}), 409)
    assert 'role="alert"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_fault_of_ours_is_told_without_anything_that_could_fail_too() -> None:
    page = get_template("500.html").render()
    assert "Noe gikk galt" in page
    assert "{%" not in page


@pytest.mark.slow
def test_no_page_allows_inline_style_or_script() -> None:
    answer = Client().get("/styleguide/")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    body = answer.content.decode()
    assert " style=" not in body
    assert "onclick" not in body


def _refused(request: HttpRequest, status: int) -> HttpResponse:
    return refusal_response(request, Refusal("taken", "Personen er allerede med.", status=status))
