"""Browser windows of people at work: each signs in through the sign-in page, in a context of their own."""

from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser import DESKTOP, Watched
from tests.cast import PASSWORD
from trial.access.models import User


class Desks:
    """Opens a watched browser context for each person who signs in."""

    def __init__(self, browser: Browser, server: LiveServer) -> None:
        self.browser = browser
        self.server = server
        self.contexts: list[Watched] = []

    def sign_in(self, user: User, path: str = "/") -> Page:
        """Sign in as somebody, starting from the page that they wanted."""
        context = self.browser.new_context(viewport=DESKTOP, locale="nb-NO", accept_downloads=True)  # type: ignore[arg-type]
        watched = Watched(context, self.server.url)
        self.contexts.append(watched)
        page = watched.page(path)
        page.get_by_label("Brukernavn").fill(user.username)
        page.get_by_label("Passord", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Logg inn", exact=True).click()
        page.wait_for_url(f"{self.server.url}{path}")
        return page

    @property
    def complaints(self) -> list[str]:
        """Console errors and requests to other hosts of every window so far."""
        return [complaint for watched in self.contexts for complaint in watched.complaints]

    def close(self) -> None:
        for watched in self.contexts:
            watched.context.close()
