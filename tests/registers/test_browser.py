"""A data manager at work in a real browser: a file in pieces, a lost connection, unknown columns, and the report."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from tests.browser import NARROW, Watched, overflows, violations
from tests.cast import PASSWORD, Cast, acting, recruiting
from tests.registers.files import EMPLOYMENT, checked, employment_of, enrolled
from trial.access.planes import maintenance
from trial.registers import uploads
from trial.registers.actions import accept
from trial.registers.models import Delivery, Upload

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("pages")]


@pytest.fixture
def cast(committed_database: None, simulated_clock: object) -> Iterator[Cast]:
    return recruiting()


def signed_in(site: Watched, cast: Cast, path: str) -> Page:
    page = site.page("/")
    page.fill("input[name=login]", cast.data_manager.username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    page.goto(site.host + path, wait_until="networkidle")
    return page


def here(cast: Cast, tail: str = "") -> str:
    return f"/trials/{cast.trial.code}/deliveries/{tail}"


def examined(page: Page, name: str, tmp_path: Path) -> None:
    """Nothing for axe, nothing that scrolls sideways, on a wide and on a narrow screen."""
    assert violations(page) == []
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    wide = page.viewport_size
    for width in (390, NARROW["width"]):
        page.set_viewport_size({"width": width, "height": 800})
        assert not overflows(page), f"{name} at {width}"
        page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size(wide)


def test_a_file_is_sent_in_pieces_and_goes_on_after_a_lost_connection(
    site: Watched, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PIECE_BYTES", 1000)
    file = tmp_path / "jobb.csv"
    file.write_text(EMPLOYMENT + "\n" + "MOS-7K4Q-3;2020-01-01;;37.5;50\n" * 100)
    page = signed_in(site, cast, here(cast, "new/"))
    examined(page, "deliver", tmp_path)
    lost: list[str] = []

    def once(route: Route) -> None:
        if route.request.method == "PUT" and not lost:
            lost.append(route.request.url)
            route.fulfill(status=503, json={"code": "busy", "detail": "busy"})
        else:
            route.continue_()

    page.route("**/uploads/**", once)
    page.select_option("select[name=register]", "employment")
    page.fill("input[name=source]", "Aa-registeret")
    page.set_input_files("input[type=file]", file)
    page.click("button[type=submit]:has-text('Lever')")
    page.wait_for_url("**/deliveries/*-*/", timeout=20_000)
    assert lost
    site.complaints = [said for said in site.complaints if "503" not in said]  # the one that the test made
    with maintenance():
        assert Delivery.objects.get().size == file.stat().st_size == Upload.objects.get().arrived


def test_an_upload_that_was_left_is_gone_on_with_or_thrown_away(
    site: Watched, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PIECE_BYTES", 1000)
    file = tmp_path / "jobb.csv"
    file.write_text(EMPLOYMENT + "\n" + "MOS-7K4Q-3;2020-01-01;;37.5;50\n" * 100)
    page = signed_in(site, cast, here(cast, "new/"))
    stopped = begin_and_lose_the_connection(page, file)
    examined(page, "waiting", tmp_path)
    page.goto(site.host + here(cast), wait_until="networkidle")
    page.get_by_text("Påbegynte opplastinger").wait_for()
    examined(page, "unfinished", tmp_path)
    page.unroute("**/uploads/**")
    page.get_by_role("link", name="Fortsett").click()
    page.get_by_text("fortsetter sendingen der den stoppet").wait_for()
    assert page.locator("input[name=source]").input_value() == "Aa-registeret"
    examined(page, "going-on", tmp_path)
    begun: list[str] = []
    page.on("request", lambda one: begun.append(one.headers.get("upload-offset", "")) if one.method == "PUT" else None)
    page.set_input_files("input[type=file]", file)
    page.click("button[type=submit]:has-text('Lever')")
    page.wait_for_url("**/deliveries/*-*/", timeout=20_000)
    assert begun[0] == stopped == "1000"
    with maintenance():
        assert Delivery.objects.get().size == file.stat().st_size

    page.goto(site.host + here(cast, "new/"), wait_until="networkidle")
    file.write_text("another file")
    monkeypatch.setattr(uploads, "PIECE_BYTES", 5)
    begin_and_lose_the_connection(page, file)
    page.goto(site.host + here(cast), wait_until="networkidle")
    page.get_by_role("button", name="Kast", exact=True).click()
    page.get_by_role("button", name="Kast det som er sendt").click()
    page.get_by_text("Påbegynte opplastinger").wait_for(state="detached")
    site.complaints = [said for said in site.complaints if "ERR_FAILED" not in said]  # those that the test made


def begin_and_lose_the_connection(page: Page, file: Path) -> str:
    """Send the first piece of a file and no further one; returns where the second would have begun."""
    lost: list[str] = []

    def one_piece(route: Route) -> None:
        offset = route.request.headers.get("upload-offset", "0")
        if route.request.method == "PUT" and offset != "0":
            lost.append(offset)
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads/**", one_piece)
    page.select_option("select[name=register]", "employment")
    page.fill("input[name=source]", "Aa-registeret")
    page.set_input_files("input[type=file]", file)
    page.click("button[type=submit]:has-text('Lever')")
    page.get_by_text("Forbindelsen er borte").wait_for()
    return lost[0]


def test_a_refusal_is_said_beside_the_form(site: Watched, cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "13097248022.csv"
    file.write_text("x")
    page = signed_in(site, cast, here(cast, "new/"))
    page.select_option("select[name=register]", "employment")
    page.fill("input[name=source]", "Aa-registeret")
    page.set_input_files("input[type=file]", file)
    page.click("button[type=submit]:has-text('Lever')")
    page.get_by_text("Fødselsnummer kan ikke skrives her").wait_for()
    site.complaints = [said for said in site.complaints if "422" not in said]


def test_columns_are_chosen_and_the_report_is_read(site: Watched, cast: Cast, tmp_path: Path, settings: object) -> None:
    settings.DROP_ROOT = str(tmp_path / "drop")  # type: ignore[attr-defined]
    (tmp_path / "drop" / cast.trial.code).mkdir(parents=True)
    (tmp_path / "drop" / cast.trial.code / "ytelser.csv").write_text("x")
    numbers = [enrolled(cast).number for _ in range(3)]
    before = checked(cast, employment_of(*numbers))
    with acting(cast.data_manager):
        accept(by=cast.data_manager, delivery=before)
    strange = "LOPENR;FRA;TIL;ANTALLTIMERPRUKE;STILLINGSPROSENT;ARBEIDSGIVER MED LANGT KOLONNENAVN\n"
    strange += f"{numbers[0]};01.02.2015;;37,5;50;912345678\n{numbers[1]};soon;;37,5;50;\n"
    waiting = checked(cast, strange)
    page = signed_in(site, cast, here(cast, f"{waiting.pk}/"))
    examined(page, "awaits", tmp_path)
    page.get_by_role("link", name="Velg kolonner").click()
    examined(page, "columns", tmp_path)
    assert page.locator("select[name=start]").input_value() == "fra"
    page.click("button[type=submit]:has-text('Lagre')")
    page.wait_for_url(f"**{here(cast, f'{waiting.pk}/')}")
    later = checked(cast, strange.replace("2015", "2019"))
    page.goto(site.host + here(cast, f"{later.pk}/"), wait_until="networkidle")
    page.get_by_text("Endret siden forrige leveranse").wait_for()
    page.get_by_role("heading", name="Rader per måned").click()
    examined(page, "report", tmp_path)
    for name in ("", "dropped/", "retention/"):
        page.goto(site.host + here(cast, name), wait_until="networkidle")
        examined(page, name.strip("/") or "deliveries", tmp_path)
