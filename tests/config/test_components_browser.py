"""The style guide in a real browser: what the components promise to everyone who builds on them."""

import pytest
from playwright.sync_api import expect

from tests.browser import NARROW, Watched, overflows, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
GUIDE = "/styleguide/"
CARELESS = """() => {
    const unnamed = document.createElement("input");
    unnamed.type = "text";
    document.querySelector("main").append(unnamed);
    Object.assign(document.querySelector("main p").style, {color: "#ccc", backgroundColor: "#fff"});
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_component_meets_wcag_in_light_and_dark(site: Watched, scheme: str) -> None:
    page = site.page(GUIDE)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    expect(page.locator("[data-chart] svg")).to_be_visible()
    assert violations(page) == []


def test_control_a_field_without_a_label_and_pale_text_are_found(site: Watched) -> None:
    page = site.page(GUIDE)
    page.evaluate(CARELESS)
    assert {found.partition(":")[0] for found in violations(page)} == {"label", "color-contrast"}


def test_the_page_follows_the_device_until_the_reader_chooses(site: Watched) -> None:
    page = site.page(GUIDE)
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(background)
    assert light != dark
    page.get_by_text("Visning").click()
    page.get_by_role("button", name="Lys").click()
    page.wait_for_load_state("networkidle")
    assert page.evaluate(background) == light


def test_the_reader_changes_the_language_and_stays_on_the_page(site: Watched) -> None:
    page = site.page(f"{GUIDE}?page=3")
    page.get_by_text("Visning").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith(f"{GUIDE}?page=3")


def test_nothing_scrolls_sideways_on_a_narrow_screen(site: Watched) -> None:
    assert not overflows(site.page(GUIDE, **NARROW))


def test_the_chart_is_drawn_in_the_page_s_colours_and_stands_beside_its_table(site: Watched) -> None:
    page = site.page(GUIDE)
    figure = page.locator("figure#employment")
    line = figure.locator("[data-chart] path[stroke]").first
    before = line.get_attribute("stroke")
    assert "10 %" in (figure.locator("[data-chart] svg").text_content() or "").replace("\u00a0", " ")
    page.emulate_media(color_scheme="dark")
    expect(figure.locator("[data-chart] path[stroke]").first).not_to_have_attribute("stroke", before or "")
    figure.get_by_text("Vis tallene som tabell").click()
    expect(figure.get_by_role("row", name="Måneder i arbeid 10,9 8,9")).to_be_visible()


def test_a_confirmation_is_a_dialog_that_keyboard_alone_opens_and_closes(site: Watched) -> None:
    page = site.page(GUIDE)
    page.locator(".app-confirm > summary").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Trekke samtykket?")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_without_script_everything_is_there(site: Watched) -> None:
    context = site.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    page = context.new_page()
    page.goto(site.host + GUIDE)
    page.locator(".app-confirm > summary").click()
    assert page.get_by_role("heading", name="Trekke samtykket?").is_visible()
    page.get_by_text("Vis tallene som tabell").click()
    assert page.get_by_role("row", name="Måneder i arbeid 10,9 8,9").is_visible()
    page.get_by_text("Visning").click()
    page.get_by_role("button", name="Mørk").click()
    assert "dark" in (page.locator("html").get_attribute("class") or "")
    context.close()


def test_the_error_summary_has_the_focus_and_leads_to_the_field(site: Watched) -> None:
    page = site.page(GUIDE)
    assert page.evaluate("document.activeElement.closest('[data-error-summary]') !== null")
    page.get_by_role("link", name="Oppgi en gyldig dato.").click()
    assert page.evaluate("document.activeElement.name") == "faulty-born"


def test_a_part_of_the_page_renews_itself_until_it_is_done(site: Watched) -> None:
    page = site.page(GUIDE)
    expect(page.get_by_role("progressbar", name="Oppdaterer seg selv")).to_have_attribute("aria-valuenow", "3")
    assert page.locator(".app-live[hx-get]").count() == 0


def test_a_page_that_asks_another_host_is_caught(site: Watched) -> None:
    """The negative control: the watch sees what the tests above never do."""
    page = site.page(GUIDE)
    page.evaluate("fetch('http://127.0.0.1:9/x').catch(() => null)")
    page.wait_for_timeout(100)
    assert any("127.0.0.1:9" in complaint for complaint in site.complaints)
    site.complaints.clear()
