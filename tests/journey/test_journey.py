"""One trial walked through by the people in it: consent, number, draw, receipt, caseload, deliveries, run, table 2.

Everything happens in a real browser, against a server and a Celery worker of their own. The people who make up the
numbers were enrolled in 2014, by the same actions that the pages call.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import statsmodels.formula.api as smf
from playwright.sync_api import Page, expect

from evaluation.national_id import synthetic_national_id
from evaluation.simulation import write_deliveries
from tests import worker as workers
from tests.allocation.trials import DrawCast
from tests.analyses.life import BEGINNING
from tests.cast import ARMS, Cast
from tests.journey import life, steps
from tests.journey.desks import Desks
from trial.access.planes import maintenance
from trial.allocation.models import Allocation
from trial.allocation.receipts import receipt_holds
from trial.allocation.sealing import checkpoint_signer
from trial.audit import clock
from trial.identity.models import Person

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journey")]

ARM_NAMES = {arm["code"]: arm["name"] for arm in ARMS}
PERSON = Person(name="Nora Testvik", national_id=synthetic_national_id(date(1985, 5, 17), 7))
SHOWN_TO = 0.05 + 1e-9  # the table has one decimal


@pytest.fixture
def prepared(journey_database: None) -> tuple[DrawCast, dict[str, pd.DataFrame]]:
    """The trial in recruitment, with people drawn in 2014 and what the registers came to know of them."""
    with clock.simulated(BEGINNING):
        made = life.recruiting()
        life.recruited(made)
        life.appointed(made.cast)
    return made, life.registers(made.cast)


@pytest.fixture
def worker(journey_database: None, tmp_path: Path) -> Iterator[workers.Worker]:
    workers.forget_messages()
    running = workers.Worker(tmp_path / "worker.log")
    yield running
    running.stop()
    workers.forget_messages()


def test_a_trial_from_consent_to_table_2(prepared, desks: Desks, worker, tmp_path: Path):
    draw, frames = prepared
    cast = draw.cast
    caseworker = desks.sign_in(cast.kari)
    number = enrolled_by(caseworker, draw)
    refused_twice(caseworker)
    arm = drawn_by(desks.sign_in(cast.researcher, f"/trials/{cast.trial.code}/draws/"), number, tmp_path)
    shown_with_receipt(caseworker, cast, number, arm)
    assigned_by(desks.sign_in(cast.siri, f"/trials/{cast.trial.code}/caseloads/"), cast)
    delivered_by(desks.sign_in(cast.data_manager), write_deliveries(life.without_arms(frames), tmp_path / "registers"))
    closed_and_locked_by(desks.sign_in(cast.lead, f"/trials/{cast.trial.code}/setup/"))
    analysed_by(desks.sign_in(cast.analyst), worker, frames)


def enrolled_by(page: Page, draw: DrawCast) -> str:
    """Through the four steps to a number that waits for the draw."""
    steps.answer_questions(page)
    steps.name_person(page, PERSON)
    number = steps.consent_and_enrol(page)
    assert number.startswith("MOS-")
    expect(page.get_by_text("Plassen er fast. Resultatet vises her når det er trukket.")).to_be_visible()
    assert arm_of(number) is None
    return number


def refused_twice(page: Page) -> None:
    """The same person again: refused at the field, in words, with what was typed still there."""
    page.goto(page.url.split("/trials/")[0] + "/")
    steps.answer_questions(page)
    steps.name_person(page, PERSON)
    field = page.get_by_label("Fødselsnummer eller D-nummer")
    sentence = page.locator(f"#{field.get_attribute('id')}_error")
    expect(sentence).to_contain_text("Personen er allerede registrert ved kontoret, med nummeret")
    expect(page.get_by_label("Navn", exact=True)).to_have_value(PERSON.name)


def drawn_by(page: Page, number: str, folder: Path) -> str:
    """A wrong key file draws nothing; the right one draws for the number that waits."""
    button = page.get_by_role("button", name="Trekk", exact=True)
    steps.choose_key(page, life.key_file(folder / "wrong", seed=bytes(32)), "hører ikke til dette forsøket")
    expect(button).to_be_disabled()
    steps.choose_key(page, life.key_file(folder / "other", code="another-trial"), "hører ikke til dette forsøket")
    expect(button).to_be_disabled()
    assert arm_of(number) is None
    steps.choose_key(page, life.key_file(folder / "right"), "Nøkkelfilen hører til forsøket.")
    drawn, arm = steps.draw(page), arm_of(number)
    assert arm
    assert drawn == {number: ARM_NAMES[arm]}
    return arm


def shown_with_receipt(page: Page, cast: Cast, number: str, arm: str) -> None:
    """The caseworker sees the arm, and the receipt that is downloaded proves it."""
    page.goto(page.url.split("/trials/")[0] + f"/trials/{cast.trial.code}/participants/{number}/")
    expect(page.locator("main").get_by_text(ARM_NAMES[arm]).first).to_be_visible()
    receipt = steps.downloaded_receipt(page)
    signer = checkpoint_signer().public_key().public_bytes_raw().hex()
    assert receipt["leaf"]["arm"] == arm
    assert receipt_holds(receipt, signer)
    assert not receipt_holds(receipt | {"leaf": receipt["leaf"] | {"arm": "another"}}, signer)


def assigned_by(page: Page, cast: Cast) -> None:
    """The first in line gets a job specialist; someone of the control group is not offered, and refused if sent."""
    chosen = page.get_by_label("Deltaker", exact=True)
    waiting = chosen.locator("option").all_inner_texts()
    assert set(waiting) == numbers_at_moss(cast, "intervention")
    page.get_by_role("button", name="Tildel").click()
    expect(page.get_by_text("Deltakeren har fått jobbspesialist.")).to_be_visible()
    expect(chosen.locator("option")).to_have_count(len(waiting) - 1)
    control = min(numbers_at_moss(cast, "control"))
    chosen.locator("option").first.evaluate("(option, number) => { option.value = number }", control)
    page.get_by_role("button", name="Tildel").click()
    expect(page.locator(f"#{chosen.get_attribute('id')}_error p")).to_be_visible()
    expect(page.get_by_text("Deltakeren har fått jobbspesialist.")).to_be_hidden()


def delivered_by(page: Page, files: list[Path]) -> None:
    """Every register: sent, checked by the worker, accepted with every row that the file has."""
    reports = {}
    for file in files:
        steps.deliver(page, file, file.stem)
        reports[page.url] = len(pd.read_csv(file))
    for address, rows in reports.items():
        page.goto(address)
        steps.accept(page)
        written = re.compile(f"{rows:,}".replace(",", r"\s"))  # thousands apart
        expect(page.get_by_text("Rader i filen").locator("xpath=..")).to_contain_text(written)
        expect(page.get_by_text("Godtatt", exact=True).locator("xpath=..")).to_contain_text(written)


def closed_and_locked_by(page: Page) -> None:
    steps.confirm(page, "Avslutt rekrutteringen")
    steps.confirm(page, "Lås data")
    expect(page.get_by_text("Lagret.")).to_be_visible()


def analysed_by(page: Page, worker: workers.Worker, frames: dict[str, pd.DataFrame]) -> None:
    """The page tells by itself how the run gets on; then the effect is what statsmodels finds in the same registers."""
    worker.pause()
    steps.start_plan(page)
    expect(page.locator(".app-live")).to_contain_text("Venter på en ledig arbeider")
    worker.resume()
    assert steps.watch_run(page) > 0
    shown = steps.table_row(page, "Tabell 2", "I jobb")
    effect, standard_error = employment_effect(frames)
    assert number_in(shown["Effekt"]) == pytest.approx(effect, abs=SHOWN_TO)
    assert number_in(shown["Standardfeil"]) == pytest.approx(standard_error, abs=SHOWN_TO)


def employment_effect(frames: dict[str, pd.DataFrame]) -> tuple[float, float]:
    """Months in work of 36 on arm and office, counted spell by spell and regressed by statsmodels."""
    people = frames["participants"].assign(
        months=lambda all_of_them: [
            months_in_work(
                person.start_date, frames["employment"].query("participant_number == @person.participant_number")
            )
            for person in all_of_them.itertuples()
        ],
        treated=lambda all_of_them: (all_of_them["arm"] == "intervention").astype(int),
    )
    fitted = smf.ols("months ~ treated + C(office)", people).fit()
    return fitted.params["treated"], fitted.bse["treated"]


def months_in_work(start: pd.Timestamp, jobs: pd.DataFrame) -> int:
    """The months 1 to 36 after the start on whose last day someone works at least four hours a week."""
    lasts = [start + pd.offsets.MonthEnd(0) + pd.offsets.MonthEnd(month) for month in range(1, 37)]
    hours = jobs["full_time_hours"] * jobs["position_percent"] / 100
    return sum(hours[(jobs["start"] <= last) & ~(jobs["end"] < last)].sum() >= 4 for last in lasts)


def number_in(text: str) -> float:
    """A number of the page as a number."""
    return float(text.replace(",", ".").replace("−", "-"))


def arm_of(number: str) -> str | None:
    with maintenance():
        code: str | None = Allocation.objects.values_list("arm__code", flat=True).get(participant__number=number)
    return code


def numbers_at_moss(cast: Cast, arm: str) -> set[str]:
    with maintenance():
        drawn = Allocation.objects.filter(trial=cast.trial, office=cast.moss, arm__code=arm)
        return set(drawn.values_list("participant__number", flat=True))
