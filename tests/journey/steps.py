"""What people do on the way through a trial, each through the pages alone, as they stand on the screen."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, expect

from trial.identity.models import Person

QUESTIONS = {
    "Har personen nedsatt arbeidsevne?": "Ja",
    "Ønsker personen ordinært arbeid?": "Ja",
    "Er personen i ordinært arbeid nå?": "Nei",
}
PATIENCE = 60_000  # milliseconds, for what the worker does


def answer_questions(page: Page) -> None:
    """The first step of a registration, for someone who may take part."""
    page.get_by_role("link", name="Registrer deltaker").click()
    for question, answer in QUESTIONS.items():
        page.get_by_role("group", name=question).get_by_label(answer).check()
    page.get_by_role("button", name="Neste").click()


def name_person(page: Page, person: Person) -> None:
    """The second step."""
    page.get_by_label("Navn", exact=True).fill(person.name)
    page.get_by_label("Fødselsnummer eller D-nummer").fill(person.national_id)
    page.get_by_role("button", name="Neste").click()


def consent_and_enrol(page: Page) -> str:
    """The last two steps. Returns the number that the person got."""
    page.get_by_label("Personen har lest eller fått opplest teksten").check()
    page.get_by_label("Hvor papiret oppbevares").fill("Perm 3")
    page.get_by_role("button", name="Neste").click()
    page.get_by_role("button", name="Meld inn i forsøket").click()
    expect(page.get_by_text("Meldt inn. Venter på loddtrekning.")).to_be_visible()
    return page.get_by_role("heading", level=1).inner_text()


def choose_key(page: Page, file: Path, says: str) -> None:
    """Choose a key file in the draw room, which says what it thinks of it."""
    page.get_by_label("Nøkkelfil").set_input_files(file)
    expect(page.locator("#key-file-status")).to_contain_text(says)


def draw(page: Page) -> dict[str, str]:
    """Draw for everyone who waits. Returns the arm of each number as the room shows it."""
    page.get_by_role("button", name="Trekk", exact=True).click()
    expect(page.get_by_text("Ferdig. Alle som ventet, er trukket.")).to_be_visible()
    rows = page.get_by_role("table", name="Trukket nå").locator("tbody tr").all()
    return {cells[0]: cells[1] for cells in (row.locator("td").all_inner_texts() for row in rows)}


def downloaded_receipt(page: Page) -> dict[str, Any]:
    """The receipt of the participant whose page is open, as the caseworker downloads it."""
    page.get_by_role("link", name="Kvittering for loddtrekningen").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Last ned kvitteringen").click()
    receipt: dict[str, Any] = json.loads(download.value.path().read_text())
    return receipt


def confirm(page: Page, name: str) -> None:
    """Press a button that asks once more, and confirm in the dialog."""
    page.locator(".app-confirm > summary", has_text=name).click()
    page.get_by_role("dialog").get_by_role("button", name=name).click()


def deliver(page: Page, file: Path, register: str) -> None:
    """Upload a file; its report opens."""
    page.get_by_role("link", name="Leveranser").first.click()
    page.get_by_role("link", name="Lever fil").click()
    page.get_by_label("Register", exact=True).select_option(register)
    page.get_by_label("Registereier").fill("Simulert register")
    page.get_by_label("Fil", exact=True).set_input_files(file)
    page.get_by_role("button", name="Lever").click()
    expect(page.get_by_text("Kontrollrapport")).to_be_visible()


def accept(page: Page) -> None:
    """Wait for the report of the delivery that is open, and accept."""
    expect(page.get_by_text("Venter på din avgjørelse")).to_be_visible(timeout=PATIENCE)
    confirm(page, "Godkjenn")
    expect(page.get_by_text("Godkjent").first).to_be_visible()


def start_plan(page: Page) -> None:
    """Start the locked plan."""
    page.get_by_role("link", name="Analyseplan").click()
    page.get_by_role("link", name="Versjon 1").click()
    confirm(page, "Kjør planen")


def watch_run(page: Page) -> int:
    """Watch a run to its end without touching the page. Returns how often the page asked by itself how it gets on."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "hx-request" in request.headers else None)
    expect(page.get_by_role("link", name="Tabell 2")).to_be_visible(timeout=PATIENCE)
    return len(asked)


def table_row(page: Page, tab: str, first: str) -> dict[str, str]:
    """A row of a run's table by its first cell: heading -> what is shown."""
    page.get_by_role("link", name=tab).click()
    headings = page.locator("thead th").all_inner_texts()
    row = page.locator("tbody tr", has=page.get_by_role("rowheader", name=first, exact=True))
    return dict(zip(headings, row.locator("th, td").all_inner_texts(), strict=True))
