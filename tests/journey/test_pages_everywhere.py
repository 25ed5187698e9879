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
from trial.config.endpoints import endpoints
from trial.config.rules import RULES, SIGN_IN

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("pages")]

DEPTH, MOST_PAGES = 2, 12  # links from the home page; pages a role
DEEP, VERY_MANY = 6, 200  # all that links lead to
EXAMPLES = 2  # pages of one kind: two participants, not sixty
NARROW = (390, 320)
LINKS = "[...document.links].map((link) => link.href.split('#')[0])"
CONTENT = """document.querySelector("main").innerHTML.replace(/csrfmiddlewaretoken" value="\\w+/g, "")"""

WHILE_RECRUITING = ("kari", "jon", "siri", "researcher", "coordinator", "lead", "auditor", "outsider")
# What no link leads to while this trial is lived through. Each has a test of its own in its room.
OUT_OF_REACH = {
    # not led to but sent: forms, and what the browser does by itself
    **dict.fromkeys(["config:language", "config:theme", "enrolment:search"], "a form's address"),
    **dict.fromkeys(["config:styleguide", "config:styleguide_live"], "for whoever builds pages"),
    "allocation:verdict": "fetched by the page around it",
    # stands behind a personal link, without an account
    **dict.fromkeys(
        ["surveys:open", *(f"surveys:answer{step}" for step in ("", "_start", "_page", "_save", "_send", "_thanks"))],
        "for whoever holds a letter",
    ),
    # stands only where something is, that this trial has not
    **dict.fromkeys(["surveys:instrument", "surveys:item", "surveys:new_item", "surveys:wave"], "no questionnaire"),
    **dict.fromkeys(["surveys:invitation", "surveys:type_answers"], "nobody is invited"),
    **dict.fromkeys(["followup:employer", "followup:change_employer", "followup:job"], "no employer"),
    "followup:reviewed": "no review of fidelity",
    "registers:columns": "no file with strange columns",
    "registers:dropped": "no drop folder",
    "registers:proof": "nothing destroyed",
    "analyses:propose": "the plan is locked",
    "enrolment:criteria": "the criteria are locked",
    "results:ask": "asked for already",
    # stands behind one of many participants, of whom two are looked at
    **dict.fromkeys(["allocation:receipt", "allocation:receipt_sheet"], "the two wait for their draw"),
}
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
def test_every_address_of_a_page_is_reached_and_is_for_everyone(
    lived: tuple[Cast, object], desks: Desks, examined: set[str], request: pytest.FixtureRequest
):
    """Before the data are locked and after: what no link leads to is named, with the reason."""
    cast, reached, faults = lived[0], set[str](), list[str]()
    for stage in (WHILE_RECRUITING, WHEN_ANALYSED):
        if stage is WHEN_ANALYSED:
            request.getfixturevalue("analysed")
        for who in stage:
            faults += faults_for(cast.everyone[who], desks, examined, reached, deep=True)
    assert faults == []
    pages = {each.name for each in endpoints() if each.kind == "page" and RULES[each.name].get is not None}
    assert sorted(pages - reached - SIGN_IN.keys()) == sorted(OUT_OF_REACH)


def faults_for(
    user: User, desks: Desks, examined: set[str], reached: set[str] | None = None, *, deep: bool = False
) -> list[str]:
    """What is wrong with the pages of somebody's role that nobody has examined before; `reached` takes their names."""
    page, found = desks.sign_in(user), []
    for path in pages_of(page, DEEP, VERY_MANY) if deep else pages_of(page, DEPTH, MOST_PAGES):
        content = page.evaluate(CONTENT)
        if content not in examined:
            found += [f"{path}: {fault}" for fault in faults_of(page)]
        examined.add(content)
        if reached is not None:
            reached.add(kind_of(path))
    return found


def pages_of(page: Page, deepest: int, most: int) -> Iterator[str]:
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
        for link in page.evaluate(LINKS) if depth < deepest else ():
            target = link.removeprefix(host)
            if target in found or target == link or len(queue) == most:
                continue
            found.add(target)
            kinds[kind_of(target)] += 1
            if kinds[kind_of(target)] <= EXAMPLES:
                queue.append((target, depth + 1))


def kind_of(path: str) -> str:
    return resolve(urlsplit(path).path).view_name


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
