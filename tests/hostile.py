"""Settings against accidents: no test talks to another machine, none is slow unnoticed, none skips a browser in CI."""

import os
import socket
import sys
from ipaddress import ip_address
from typing import Any

import pytest

SLOW_SECONDS = 0.1
MARKED_SLOW = {"slow", "browser", "nightly", "release", "benchmark"}
BROWSER_REQUIRED = os.environ.get("CI_REQUIRE_BROWSER") == "1"
CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
LOOKING_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


def _only_loopback(
    event: str,
    arguments: tuple[Any, ...],
    connecting: frozenset[str] = CONNECTING,
    looking: frozenset[str] = LOOKING_UP,
) -> None:
    """An audit hook, which Python code cannot go round: refuses every address but this machine's.

    The sets are its own, since it outlives the module's names while the interpreter ends.
    """
    if event in connecting and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
        host = arguments[1][0] if arguments[1] else "localhost"
    elif event in looking:
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        raise RuntimeError(f"a test reaches for {host!r}: only this machine is allowed")


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class Watch:
    """Keeps what the session's reports tell: tests that are slow without saying so, browser tests that were skipped."""

    def __init__(self) -> None:
        self.slow: dict[str, float] = {}
        self.without_browser: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        marked = MARKED_SLOW.intersection(report.keywords)
        if report.when == "call" and report.duration > SLOW_SECONDS and not marked:
            self.slow[report.nodeid] = report.duration
        if report.skipped and "browser" in report.keywords:
            self.without_browser.add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if BROWSER_REQUIRED and self.without_browser:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.slow:
            terminalreporter.section(f"over {SLOW_SECONDS} s without the marker slow")
            for test, seconds in sorted(self.slow.items(), key=lambda item: -item[1]):
                terminalreporter.line(f"{seconds:6.2f} s  {test}")
        if BROWSER_REQUIRED and self.without_browser:
            terminalreporter.section("browser tests were skipped, and CI_REQUIRE_BROWSER=1 forbids that")
            for test in sorted(self.without_browser):
                terminalreporter.line(test)


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(_only_loopback)
    if not hasattr(config, "workerinput"):  # reports of all workers arrive at the process that started them
        config.pluginmanager.register(Watch(), "watch")
