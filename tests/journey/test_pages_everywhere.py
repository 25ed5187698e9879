"""Every page that a role's links lead to: it answers, axe finds nothing in light or dark, it fits a narrow screen."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pandas as pd
import pytest
from django.urls import resolve
from playwright.sync_api import Page

from tests.analyses.life import BEGINNING, FOLLOWED_UP
from tests.browser import DESKTOP, overflows, violations
from tests.cast import Cast
from tests.journey import life
from tests.journey.desks import Desks
from trial.access.models import User
from trial.audit import clock

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("pages")]

DEPTH = 2  # links from the home page
MOST_PAGES = 40
EXAMPLES = 2  # pages of one kind: two participants, not sixty
NARROW = (390, 320)
LINKS = "[...document.links].map((link) => link.href.split('#')[0])"
CONTENT = """document.querySelector("main").innerHTML.replace(/csrfmiddlewaretoken" value="\\w+/g, "")"""

WHILE_RECRUITING = ("kari", "jon", "siri", "researcher", "coordinator", "lead", "auditor", "outsider")
WHEN_ANALYSED = ("data_manager", "analyst", "checker", "second_lead")


@pytest.fixture(scope="module")
def lived(journey_database: None) -> tuple[Cast, dict[str, pd.DataFrame]]:
    """The trial with people in every stage of it: begun, waiting, drawn, followed."""
    with clock.simulated(BEGINNING) as time:
        draw = life.recruiting()
        life.recruited(draw)
        life.followed(draw.cast)
        time.set(FOLLOWED_UP)
        frames = life.registers(draw.cast)
        life.waiting(draw)
    return draw.cast, frames


@pytest.fixture(scope="module")
def analysed(lived: tuple[Cast, dict[str, pd.DataFrame]]) -> Cast:
    """The same trial after the data lock, with runs and releases."""
    with clock.simulated(FOLLOWED_UP):
        life.analysed(*lived)
    return lived[0]


@pytest.fixture(scope="module")
def examined() -> set[str]:
    """What has been examined; many roles reach the same content, and every page still has to answer."""
    return set()


@pytest.mark.parametrize("who", WHILE_RECRUITING)
def test_every_page_of_a_role_is_for_everyone(lived: tuple[Cast, object], who: str, desks: Desks, examined: set[str]):
    assert faults_for(lived[0].everyone[who], desks, examined) == []


@pytest.mark.nightly
@pytest.mark.parametrize("who", WHEN_ANALYSED)
def test_every_page_about_data_and_results_is_for_everyone(analysed: Cast, who: str, desks: Desks, examined: set[str]):
    assert faults_for(analysed.everyone[who], desks, examined) == []


def faults_for(user: User, desks: Desks, examined: set[str]) -> list[str]:
    """What is wrong with the pages of somebody's role that nobody has examined before."""
    page = desks.sign_in(user)
    found = []
    for path in pages_of(page):
        content = page.evaluate(CONTENT)
        if content not in examined:
            found += [f"{path}: {fault}" for fault in faults_of(page)]
        examined.add(content)
    return found


def pages_of(page: Page) -> Iterator[str]:
    """Go where the links lead from the home page, nearest first; files are asked for and not shown."""
    host = page.url.rstrip("/")
    found, queue, kinds = {"/"}, [("/", 0)], Counter[str]()
    for path, depth in queue:  # grows while it is read
        if is_file(path):
            assert page.request.get(host + path).status == 200, path
            continue
        answer = page.goto(host + path)
        assert answer is not None
        assert answer.status == 200, path
        yield path
        for link in page.evaluate(LINKS) if depth < DEPTH else ():
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
