"""A log at its most talkative names nobody either: libraries then write what they hold, and we are no library."""

import logging

import pytest
from django.template import Context, Template, VariableDoesNotExist

from tests import factories
from tests.access import canary_life, leaving
from tests.access.canaries import Canaries
from tests.cast import Cast, recruiting
from trial.config import logs

pytestmark = pytest.mark.slow
LOUD = "trial.test"


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> Canaries:
    released = Canaries()
    monkeypatch.setattr(factories, "synthetic_person", released.next)
    return released


@pytest.fixture
def trial(db: None) -> Cast:
    return recruiting("berg")


@pytest.fixture
def everything_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The set-up of the log as it would be without the two precautions."""
    monkeypatch.setattr(logs, "worth_writing", lambda _record: True)
    monkeypatch.setattr(logs, "LEFT_OUT", {})


def written(cast: Cast, canaries: Canaries) -> str:
    """What a caseworker's day leaves in the log at DEBUG: somebody new, somebody known, mistakes, a fault of ours."""
    with leaving.heard() as heard:
        logging.getLogger().setLevel(logging.DEBUG)
        logging.getLogger(LOUD).debug("our own line")
        canary_life.clicked(cast, canaries.next(), known_person(cast, canaries))
    return heard["log"].getvalue()


def known_person(cast: Cast, canaries: Canaries) -> object:
    factories.registered(cast)
    return canaries.let_out[0]


def test_nobody_is_named_at_debug(trial: Cast, canaries: Canaries) -> None:
    text = written(trial, canaries)
    assert "our own line" in text
    assert canaries.found_in(text, "log") == []


def test_control_without_the_filter_the_templates_name_them(
    trial: Cast, canaries: Canaries, everything_heard: None
) -> None:
    text = written(trial, canaries)
    assert "django.template" in text
    assert "log: a name" in canaries.found_in(text, "log")


def test_what_a_page_held_is_left_out_of_an_error(canaries: Canaries) -> None:
    person = canaries.next()
    with leaving.heard() as heard:
        try:
            Template("{{ 1|add:person.nickname }}").render(Context({"person": {"name": person.name}, "n": 1}))
        except VariableDoesNotExist:
            logging.getLogger("django.request").exception("Internal Server Error")
    text = heard["log"].getvalue()
    assert "Failed lookup for key [nickname]" in text
    assert canaries.found_in(text, "log") == []
    assert "Traceback" in text
