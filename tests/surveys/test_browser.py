"""A questionnaire on a phone: axe in light and dark, no sideways scroll, saved at every answer, and without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import NARROW, Watched, overflows, violations
from tests.cast import Cast, recruiting
from tests.surveys.asked import ABILITY, asking, code_for, invited, opened_by

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def code(committed_database: None) -> str:
    """A code that opens T1, in a database that the server sees; the server's clock is the real one."""
    cast: Cast = asking(recruiting())
    return code_for(cast, invited(cast))


@pytest.fixture
def without_script(chromium: Browser, server: LiveServer) -> Iterator[Watched]:
    context = chromium.new_context(viewport=PHONE, locale="nb-NO", java_script_enabled=False)  # type: ignore[arg-type]
    yield Watched(context, server.url)
    context.close()


def choose(page: Page, question: str, answer: str) -> None:
    page.get_by_role("group", name=question).get_by_role("radio", name=answer, exact=True).check()


def faults(page: Page) -> list[str]:
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += violations(page)
    for size in (PHONE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        found += ["scrolls sideways"] if overflows(page) else []
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    return found


def test_every_page_of_a_questionnaire_is_for_everyone(code: str, site: Watched) -> None:
    page = site.page(f"/answer/{code}/", **PHONE)
    assert faults(page) == []
    page.get_by_role("link", name="Begynn").click()
    choose(page, "Tenk deg at arbeidsevnen din", "7")
    expect(page.get_by_text("Lagret.")).to_be_visible()
    assert faults(page) == []
    assert opened_by(code).answers == {ABILITY: "7"}, "saved before the page was left"
    page.get_by_role("button", name="Neste").click()
    assert faults(page) == []
    page.get_by_role("button", name="Neste").click()
    page.get_by_label("Vet ikke").check()
    assert faults(page) == []
    page.get_by_role("button", name="Neste").click()
    assert faults(page) == []
    page.get_by_role("button", name="Send svarene").click()
    expect(page.get_by_role("heading", name="Takk for svarene")).to_be_visible()
    assert faults(page) == []


def test_a_scale_is_answered_with_the_keyboard(code: str, site: Watched) -> None:
    page = site.page(f"/answer/{code}/")
    page.goto(f"{site.host}/answer/1/")
    page.get_by_role("radio", name="0", exact=True).focus()
    for _step in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Lagret.")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer/2/")
    assert opened_by(code).answers == {ABILITY: "3"}


def test_it_works_without_script_from_the_code_to_the_thanks(code: str, without_script: Watched) -> None:
    page = without_script.page("/answer/")
    page.get_by_label("Koden i brevet").fill(code.lower())
    page.get_by_role("button", name="Fortsett").click()
    page.get_by_role("link", name="Begynn").click()
    choose(page, "Tenk deg at arbeidsevnen din", "10")
    for _page in range(3):
        page.get_by_role("button", name="Neste").click()
    page.get_by_role("button", name="Send svarene").click()
    expect(page.get_by_role("heading", name="Takk for svarene")).to_be_visible()
