"""Every page that a role's links lead to: it answers, axe finds nothing in light or dark, and it fits a narrow screen."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Page

from tests.allocation.trials import DrawCast
from tests.analyses.life import BEGINNING, FOLLOWED_UP
from tests.browser import DESKTOP, overflows, violations
from tests.cast import Cast
from tests.journey import life
from tests.journey.desks import Desks
from trial.audit import clock

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

DEPTH = 2  # links from the home page
MOST_PAGES = 40
EXAMPLES = 2  # pages of one kind: two participants, not sixty
NARROW = (390, 320)
IN_PAGE = "[...document.links].map((link) => link.href.split('#')[0])"

WHILE_RECRUITING = ("kari", "jon", "siri", "researcher", "coordinator", "lead", "auditor", "outsider")
WHEN_ANALYSED = ("data_manager", "analyst", "checker", "second_lead")


@pytest.fixture(scope="module")
def lived(journey_database: None) -> DrawCast:
    """The trial with people in every stage of it: begun, waiting, drawn, followed."""
    with clock.simulated(BEGINNING) as time:
        draw = life.recruiting()
        life.recruited(draw)
        life.followed(draw.cast)
        time.set(FOLLOWED_UP)
        life.waiting(draw)
    return draw


@pytest.fixture(scope="module")
def cast(lived: DrawCast, request: pytest.FixtureRequest) -> Cast:
    """The people of the trial, after it has come to the stage that the test asks for."""
    if request.param == "analysed":
        with clock.simulated(FOLLOWED_UP):
            life.analysed(lived.cast)
    return lived.cast


@pytest.mark.parametrize(
    ("cast", "who"),
    [("recruiting", who) for who in WHILE_RECRUITING] + [("analysed", who) for who in WHEN_ANALYSED],
    indirect=["cast"],
)
def test_every_page_of_a_role_is_for_everyone(cast: Cast, who: str, desks: Desks):
    page = desks.sign_in(cast.everyone[who])
    faults = [f"{path}: {fault}" for path in pages_of(page) for fault in faults_of(page)]
    assert faults == []


def pages_of(page: Page) -> Iterator[str]:
    """Go where the links lead from the home page, nearest first; files are asked for and not shown."""
    host = page.url.rstrip("/")
    found, queue, kinds = {"/"}, [("/", 0)], Counter[str]()
    for path, depth in queue:  # grows while it is read
        if is_file(path):
            assert page.request.get(host + path).status == 200, path
            continue
        answer = page.goto(host + path)
        assert answer and answer.status == 200, path
        yield path
        for link in page.evaluate(IN_PAGE) if depth < DEPTH else ():
            target = link.removeprefix(host)
            if target in found or target == link or len(queue) == MOST_PAGES:
                continue
            found.add(target)
            kind = resolve(urlsplit(target).path).view_name
            kinds[kind] += 1
            if kinds[kind] <= EXAMPLES:
                queue.append((target, depth + 1))


def is_file(path: str) -> bool:
    return "." in urlsplit(path).path.rpartition("/")[2]


def faults_of(page: Page) -> Iterator[str]:
    """What is wrong with the page that is open."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        yield from (f"{scheme}: {violation}" for violation in violations(page))
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 800})
        if overflows(page):
            yield f"scrolls sideways at {width} px"
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
