"""In a real browser: contacts logged without a network, people given away by keyboard and by drag."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import cast as casting
from tests.browser import overflows, violations
from tests.cast import Cast, acting
from tests.followup.people import drawn, employer, specialist
from tests.journey.desks import Desks
from trial.access.planes import maintenance
from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup.actions import assign, log_contact
from trial.followup.models import Assignment, Contact

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("followup")]

WIDTHS = (1280, 390)
MEANT = ("ERR_INTERNET_DISCONNECTED", "422 (Unprocessable Entity)", "htmx:sendError", "htmx:afterRequest")
STORES = {  # browsers that keep nothing: the store is full, or closed to the page
    "full": "(() => { Storage.prototype.setItem = () => { throw new Error('full'); }; })()",
    "closed": "(() => { Object.defineProperty(window, 'localStorage', { get() { throw new Error('closed'); } }); })()",
}
KEPT = "Object.entries(localStorage).filter(([name]) => name.startsWith('navtrial-outbox')).map(([, kept]) => kept)"


@pytest.fixture
def world(committed_database: None) -> Cast:
    """A trial in which Jon follows one of two drawn to follow-up; the other waits. It all happened just now."""
    cast = casting.recruiting()
    post = specialist(cast)
    first = drawn(cast, "intervention")
    drawn(cast, "intervention")
    employer(cast)
    with acting(cast.siri):
        assign(by=cast.siri, participant=first, specialist=post)
    return cast


@pytest.fixture
def desks(chromium: Browser, server: LiveServer) -> Iterator[Desks]:
    """Desks whose windows may complain that the network is away or that a contact is refused, and of nothing else."""
    opened = Desks(chromium, server)
    yield opened
    opened.close()
    assert [each for each in opened.complaints if not any(meant in each for meant in MEANT)] == []


def _portfolio(cast: Cast, desks: Desks) -> Page:
    return desks.sign_in(cast.jon, f"/trials/{cast.trial.code}/portfolio/")


def _fill(page: Page, minutes: int, note: str) -> None:
    page.locator("details.app-read-more > summary").first.click()
    form = page.locator("form[data-quick-log]").first
    form.wait_for()
    form.get_by_label("Minutter").fill(str(minutes))
    form.get_by_label("Notat").fill(note)


def _send(page: Page) -> None:
    page.get_by_role("button", name="Lagre kontakten").first.click()


def _contacts() -> list[tuple[int, str]]:
    with maintenance():
        return sorted(Contact.objects.values_list("minutes", "note"))


def test_a_contact_logged_without_a_network_is_kept_and_sent_once(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    _fill(page, 25, "Snakket om jobb på lager")
    page.context.set_offline(True)
    _send(page)
    expect(page.locator("[data-outbox-status]")).to_contain_text("1 kontakter er lagret på denne enheten")
    assert _contacts() == []
    page.context.set_offline(False)
    expect(page.locator("[data-outbox-status]")).to_contain_text("er sendt", timeout=10_000)
    assert _contacts() == [(25, "Snakket om jobb på lager")]
    page.reload(wait_until="networkidle")
    assert _contacts() == [(25, "Snakket om jobb på lager")]
    assert page.evaluate(KEPT) == ["{}"]


def test_a_form_that_was_never_opened_is_there_without_a_network_too(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    page.context.set_offline(True)
    _fill(page, 35, "På vei ut fra bedriften")
    _send(page)
    expect(page.locator("[data-outbox-status]")).to_contain_text("1 kontakter er lagret på denne enheten")
    page.context.set_offline(False)
    expect(page.locator("[data-outbox-status]")).to_contain_text("er sendt", timeout=10_000)
    assert _contacts() == [(35, "På vei ut fra bedriften")]


@pytest.mark.parametrize("store", STORES)
def test_a_form_that_nothing_can_keep_stands_filled_in_until_there_is_a_network(
    world: Cast, desks: Desks, store: str
) -> None:
    page = _portfolio(world, desks)
    page.evaluate(STORES[store])
    _fill(page, 45, "Uten lager")
    form = page.locator("form[data-quick-log]").first
    page.context.set_offline(True)
    for _click in range(2):
        _send(page)
        expect(form.get_by_role("alert")).to_contain_text("Kontakten er ikke lagret")
    assert (form.get_by_label("Minutter").input_value(), form.get_by_label("Notat").input_value()) == (
        "45", "Uten lager",
    )  # fmt: skip
    page.context.set_offline(False)
    form.get_by_label("Minutter").fill("900")
    _send(page)
    expect(form.get_by_role("alert")).to_contain_text("Skriv antall minutter")
    form.get_by_label("Minutter").fill("50")
    page.get_by_role("button", name="Lagre kontakten").first.dblclick()
    expect(page.locator("[data-outbox-status]")).to_contain_text("Kontakten er lagret.")
    assert _contacts() == [(50, "Uten lager")]


def test_a_page_whose_store_is_closed_from_the_beginning_works(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    page.add_init_script(STORES["closed"])
    page.reload(wait_until="networkidle")
    _fill(page, 15, "Fra lukket lager")
    _send(page)
    expect(page.locator("[data-outbox-status]")).to_contain_text("Kontakten er lagret.")
    assert _contacts() == [(15, "Fra lukket lager")]


def test_what_is_kept_survives_that_the_window_is_closed(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    _fill(page, 10, "10 minutter")
    page.context.set_offline(True)
    _send(page)
    expect(page.locator("[data-outbox-status]")).to_be_visible()
    context, address = page.context, page.url
    page.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(address)
    expect(again.locator("[data-outbox-status]")).to_contain_text("er sendt", timeout=15_000)
    assert _contacts() == [(10, "10 minutter")]


def test_with_a_network_a_contact_is_logged_once_and_an_error_stands_at_its_field(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    _fill(page, 0, "")
    _send(page)
    expect(page.get_by_text("Skriv antall minutter").first).to_be_visible()
    assert page.locator("[data-outbox]").is_hidden()
    page.locator("form[data-quick-log]").first.get_by_label("Minutter").fill("15")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        _send(page)
    page.reload()
    assert _contacts() == [(15, "")]


def test_a_day_in_eight_digits_goes_without_a_network_as_it_does_with_one(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    _fill(page, 20, "Uten skilletegn")
    page.locator("form[data-quick-log]").first.get_by_label("Dato").fill(f"{clock.today():%d%m%Y}")
    page.context.set_offline(True)
    _send(page)
    page.context.set_offline(False)
    expect(page.locator("[data-outbox-status]")).to_contain_text("er sendt", timeout=10_000)
    with maintenance():
        assert Contact.objects.get().day == clock.today()


def test_what_the_server_refuses_stays_with_its_sentence_until_it_is_discarded(world: Cast, desks: Desks) -> None:
    page = _portfolio(world, desks)
    _fill(page, 900, "For lenge")
    page.context.set_offline(True)
    _send(page)
    page.context.set_offline(False)
    expect(page.locator("[data-outbox-list] li")).to_contain_text("Skriv antall minutter", timeout=10_000)
    expect(page.locator("[data-outbox-list] li")).to_contain_text("«For lenge»")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forkast").click()
    expect(page.locator("[data-outbox]")).to_be_hidden()
    assert _contacts() == []


def _assigned_numbers() -> set[str]:
    with maintenance():
        return set(Assignment.objects.filter(end=None).values_list("participant__number", flat=True))


def test_someone_waiting_is_given_away_by_keyboard(world: Cast, desks: Desks) -> None:
    page = desks.sign_in(world.siri, f"/trials/{world.trial.code}/caseloads/")
    pick = page.locator("[data-pick]").first
    pick.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-board-status]")).to_contain_text("er valgt")
    page.keyboard.press("Escape")
    expect(pick).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Deltakeren har fått jobbspesialist.")).to_be_visible()
    assert len(_assigned_numbers()) == 2


def test_someone_waiting_is_given_away_by_drag(world: Cast, desks: Desks) -> None:
    page = desks.sign_in(world.siri, f"/trials/{world.trial.code}/caseloads/")
    page.locator("[data-number]").first.drag_to(page.locator("[data-specialist]").first)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Deltakeren har fått jobbspesialist.")).to_be_visible()
    assert len(_assigned_numbers()) == 2


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_follow_up_fit_and_are_for_everyone(world: Cast, desks: Desks, width: int) -> None:
    with maintenance():
        participant = Participant.objects.get(assignments__end=None, assignments__isnull=False)
    with acting(world.jon):
        contact = log_contact(by=world.jon, participant=participant, kind="meeting", minutes=30, day=clock.today())
    base, person = f"/trials/{world.trial.code}", f"participants/{participant.number}/follow-up/"
    for user, paths in {
        world.jon: (
            "portfolio/",
            "employers/",
            "employers/new/",
            person,
            f"{person}history/",
            f"records/contact/{contact.pk}/",
        ),
        world.siri: ("caseloads/", "norms/", "fidelity/ips25/new/", "measures/usage/", "deviations/"),
        world.lead: ("guidelines/", "deviations/"),
    }.items():
        page = desks.sign_in(user, "/")
        page.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            page.goto(f"{desks.server.url}{base}/{path}")
            assert violations(page) == [], path
            assert not overflows(page), path
