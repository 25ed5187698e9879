"""A new participant with the keyboard alone, in under a minute; what is begun is found again; consent on screen."""

import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.allocation.trials import DrawCast, drawing
from tests.browser import violations
from tests.cast import ELIGIBLE
from tests.factories import synthetic_person
from tests.journey.desks import Desks

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("pages")]

LIST = "/trials/se-klar/participants/"
MOST_TABS = 60
A_MINUTE = 60.0
MOST_STROKES = 160  # letters included: at three a second, still under a minute


@pytest.fixture
def trial(committed_database: None) -> DrawCast:
    """A trial whose numbers wait for the researcher."""
    return drawing()


class Keyboard:
    """Someone without a mouse: Tab, arrows, Space, Enter and letters."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.strokes = 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.strokes += 1

    def reach(self, wanted: Locator) -> None:
        """Tab until the control has the focus."""
        for _turn in range(MOST_TABS):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"the Tab key never reaches {wanted}")

    def write(self, label: str, text: str) -> None:
        self.reach(self.page.get_by_label(label))
        self.page.keyboard.type(text)
        self.strokes += len(text)

    def choose(self, question: Locator, yes: bool) -> None:
        """The first choice by Space, the second by the arrow: as radio buttons work."""
        self.reach(question.get_by_role("radio").first)
        self.press("Space" if yes else "ArrowDown")

    def open(self, control: Locator) -> None:
        self.reach(control)
        self.press("Enter")


def test_from_the_list_to_waiting_for_the_draw_in_under_a_minute(desks: Desks, trial: DrawCast) -> None:
    page = desks.sign_in(trial.cast.kari, LIST)
    hands, person = Keyboard(page), synthetic_person(41)
    begun = time.monotonic()
    hands.open(page.get_by_role("link", name="Ny deltaker"))
    for place, answer in enumerate(ELIGIBLE.values()):
        hands.choose(page.get_by_role("group").filter(has=page.get_by_role("radio")).nth(place), answer)
    hands.press("Enter")
    hands.write("Navn", person.name)
    hands.write("Fødselsnummer eller D-nummer", person.national_id)
    hands.press("Enter")
    hands.reach(page.get_by_label("Personen har lest eller fått opplest"))
    hands.press("Space")
    hands.write("Hvor papiret oppbevares", "Perm 3, side 12")
    hands.press("Enter")
    hands.open(page.get_by_role("button", name="Meld inn i forsøket"))
    expect(page.locator(".app-heading")).to_contain_text("Venter på loddtrekning siden")
    assert time.monotonic() - begun < A_MINUTE
    assert hands.strokes < MOST_STROKES


def test_what_is_begun_is_found_again_after_going_back_and_away(desks: Desks, trial: DrawCast) -> None:
    page = desks.sign_in(trial.cast.kari, LIST)
    page.get_by_role("link", name="Ny deltaker").click()
    groups = page.get_by_role("group").filter(has=page.get_by_role("radio"))
    for place, answer in enumerate(ELIGIBLE.values()):
        groups.nth(place).get_by_label("Ja" if answer else "Nei").check()
    page.get_by_role("button", name="Neste").dblclick()  # begins one registration all the same
    page.get_by_label("Navn").fill("Nora Halvveis")
    page.get_by_role("button", name="Forrige").click()
    expect(groups.first.get_by_label("Ja")).to_be_checked()
    page.get_by_role("button", name="Neste").click()
    expect(page.get_by_label("Navn")).to_have_value("Nora Halvveis")
    page.get_by_role("button", name="Lagre og fortsett senere").click()
    expect(page.get_by_role("link", name="Fortsett")).to_have_count(1)
    page.get_by_role("row", name="Nora Halvveis").get_by_role("link", name="Fortsett").click()
    expect(page.get_by_label("Navn")).to_have_value("Nora Halvveis")


def test_a_person_consents_on_the_offices_screen_with_nothing_else_in_reach(desks: Desks, trial: DrawCast) -> None:
    page = desks.sign_in(trial.cast.kari, LIST)
    page.get_by_role("link", name="Ny deltaker").click()
    groups = page.get_by_role("group").filter(has=page.get_by_role("radio"))
    for place, answer in enumerate(ELIGIBLE.values()):
        groups.nth(place).get_by_label("Ja" if answer else "Nei").check()
    page.get_by_role("button", name="Neste").click()
    person = synthetic_person(42)
    page.get_by_label("Navn").fill(person.name)
    page.get_by_label("Fødselsnummer eller D-nummer").fill(person.national_id)
    page.get_by_role("button", name="Neste").click()
    page.get_by_role("link", name="La personen samtykke på skjerm").click()
    assert page.locator("header").count() == 0
    assert page.locator("input:checked").count() == 0
    assert violations(page) == []
    page.get_by_role("button", name="Jeg samtykker").click()
    expect(page.get_by_role("heading", name="Du må rette disse feilene")).to_be_visible()
    page.get_by_label("Jeg har lest teksten og samtykker").check()
    page.get_by_role("button", name="Jeg samtykker").click()
    expect(page.get_by_role("heading", name="Takk, samtykket er registrert")).to_be_visible()
    page.get_by_role("link", name="Veileder: fortsett registreringen").click()
    expect(page.get_by_text("På skjerm ved kontoret")).to_be_visible()
