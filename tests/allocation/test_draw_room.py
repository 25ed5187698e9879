"""The draw room and the page of the key in Chromium: closed half-way, a wrong key, a key from two sheets of paper."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from tests.allocation.trials import SEED, DrawCast, drawing
from tests.browser import NARROW, Watched, overflows
from tests.cast import acting
from trial.access.models import User
from trial.access.planes import maintenance
from trial.allocation.contributions import commitment_of
from trial.allocation.models import Allocation
from trial.allocation.recovery import approve_recovery, request_recovery

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("browser")]

PEOPLE = 40  # several blocks, whose sizes the room learns one after the other


@pytest.fixture
def recruiting(committed_database) -> DrawCast:
    return drawing()


def opened(site: Watched, user: User, path: str, **viewport: int) -> Page:
    """A page of the trial, as the user sees it."""
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    site.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": site.host}])
    return site.page(f"/trials/se-klar/{path}", **viewport)


def key_file(folder: Path, seed: bytes = SEED) -> Path:
    content = {"trial": "se-klar", "seed": seed.hex(), "commitment": commitment_of("se-klar", seed)}
    path = folder / f"{seed.hex()[:4]}.json"
    path.write_text(json.dumps(content))
    return path


def drawn(trial: DrawCast) -> int:
    with maintenance():
        return Allocation.objects.filter(trial=trial.trial, arm__isnull=False).count()


def test_a_room_closed_half_way_is_taken_up_where_it_was_left(recruiting: DrawCast, site: Watched, tmp_path: Path):
    for person in recruiting.people(PEOPLE):
        recruiting.enrol(person)
    first = opened(site, recruiting.cast.researcher, "draws/")
    first.get_by_label("Nøkkelfil").set_input_files(key_file(tmp_path))
    with first.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        first.get_by_role("button", name="Trekk", exact=True).click()
    first.close()
    assert 0 < drawn(recruiting) < PEOPLE
    again = opened(site, recruiting.cast.researcher, "draws/")
    again.get_by_label("Nøkkelfil").set_input_files(key_file(tmp_path))
    again.get_by_role("button", name="Trekk", exact=True).click()
    expect(again.get_by_text("Ferdig. Alle som ventet, er trukket.")).to_be_visible()
    assert drawn(recruiting) == PEOPLE


def test_a_wrong_key_is_refused_before_anything_is_drawn(recruiting: DrawCast, site: Watched, tmp_path: Path):
    recruiting.enrol(recruiting.people()[0])
    page = opened(site, recruiting.cast.researcher, "draws/")
    page.get_by_label("Nøkkelfil").set_input_files(key_file(tmp_path, bytes(32)))
    expect(page.locator("#key-file-status")).to_contain_text("hører ikke til dette forsøket")
    expect(page.get_by_role("button", name="Trekk", exact=True)).to_be_disabled()
    expect(page.get_by_text("1 nummer venter på loddtrekning.")).to_be_visible()
    assert drawn(recruiting) == 0
    page.get_by_label("Nøkkelfil").set_input_files(key_file(tmp_path))
    page.get_by_role("button", name="Trekk", exact=True).click()
    expect(page.get_by_text("1 av 1 trukket")).to_be_visible()
    for gone in (page.locator("[data-waiting]"), page.get_by_text("1 nummer venter på loddtrekning.")):
        expect(gone).to_be_hidden()
    assert drawn(recruiting) == 1


def test_two_sheets_of_paper_make_the_key_file_again(recruiting: DrawCast, site: Watched, tmp_path: Path):
    researcher, lead = recruiting.cast.researcher, recruiting.cast.lead
    with acting(researcher):
        recovery = request_recovery(by=researcher, trial=recruiting.trial, reason="Maskinen ble stjålet.")
    with acting(lead):
        approve_recovery(by=lead, recovery=recovery)
    page = opened(site, researcher, "key/")
    page.get_by_label("Nøkkelfil").set_input_files(key_file(tmp_path))
    sheets = [page.locator(f"[data-sheet-{number}]") for number in (1, 2)]
    expect(sheets[1]).to_be_visible()
    for number, sheet in enumerate(sheets, 1):
        page.get_by_label(f"Ark {number} av 2").fill(sheet.inner_text().upper())
    with page.expect_download() as download:
        page.get_by_role("button", name="Sett sammen nøkkelen").click()
    assert json.loads(download.value.path().read_text())["seed"] == SEED.hex()
    page.get_by_label("Ark 2 av 2").fill("0" * 68)
    page.get_by_role("button", name="Sett sammen nøkkelen").click()
    expect(page.get_by_text("Ark 2 er ikke riktig skrevet av.")).to_be_visible()


@pytest.mark.parametrize("path", ["protocol/", "key/", "log/", "draws/"])
def test_nothing_scrolls_sideways_on_a_narrow_screen(recruiting: DrawCast, site: Watched, path: str):
    recruiting.enrol(recruiting.people()[0])
    assert not overflows(opened(site, recruiting.cast.researcher, path, **NARROW))
