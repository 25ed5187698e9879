"""A real Chromium for tests: found on the machine or the test skips with a reason.

Every page of `site` is watched: at the end of the test, a complaint in its console or a request to another host is a
failure. A test whose pages need the database asks for `committed_database` as well: the server runs in another thread
and sees only what is committed. (pytest-django's `live_server` would empty the tables; the append-only ones refuse.)
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from trial.config import assets

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
NARROW = {"width": 320, "height": 800}
DESKTOP = {"width": 1280, "height": 900}
# Another colour scheme comes over a panel little by little, and what is on its way has the contrast of neither.
SETTLED = """Promise.allSettled(
    document.getAnimations().filter((each) => each instanceof CSSTransition).map((each) => each.finished))"""


def find_chromium() -> str | None:
    """The path of a Chromium of this machine: `CHROMIUM` in the environment, else the first known name on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


class Watched:
    """A browser context whose pages are watched for console errors and for requests to other hosts."""

    def __init__(self, context: BrowserContext, host: str) -> None:
        self.context = context
        self.host = host
        self.complaints: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", self._request)

    def page(self, path: str = "/", **viewport: int) -> Page:
        """Open a page of the site; `width` and `height` in pixels set its window."""
        page = self.context.new_page()
        if viewport:
            page.set_viewport_size(DESKTOP | viewport)  # type: ignore[arg-type]
        page.goto(self.host + path, wait_until="networkidle")
        return page

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.host, "data:", "blob:")):
            self.complaints.append(f"request to another host: {request.url}")


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA, one line per element."""
    asked = {"runOnly": RULES, "resultTypes": ["violations"]}  # what passes is not listed, which is most of the time
    page.evaluate(SETTLED)
    axe = Axe()
    if page.evaluate("!window.axe"):  # half a megabyte, once a page
        page.evaluate(axe.axe_script)
    found = page.evaluate("(asked) => axe.run(asked).then((found) => found.violations)", asked)
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def overflows(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all browser tests of a process."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: install Debian's package chromium, or name one in CHROMIUM")
    # Playwright runs an event loop in this thread, in which Django refuses the database unless told that it may. It has
    # other connections there than without the loop: whoever copies or drops a database could not close these.
    connections.close_all()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
        connections.close_all()


@pytest.fixture
def site(chromium: Browser, server: LiveServer) -> Iterator[Watched]:
    """The running site in a fresh, watched browser context."""
    context = chromium.new_context(viewport=DESKTOP, locale="nb-NO")  # type: ignore[arg-type]
    watched = Watched(context, server.url)
    yield watched
    context.close()
    assert watched.complaints == []


@pytest.fixture(scope="session")
def server(look: None) -> Iterator[LiveServer]:
    """The site on a free port of this machine, in another thread."""
    running = LiveServer("127.0.0.1")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def look() -> None:
    """The pages' style sheets and scripts, or a skip with the reason why they cannot be made here."""
    try:
        assets.build()
    except (assets.AssetsError, RuntimeError) as error:
        pytest.skip(str(error))
