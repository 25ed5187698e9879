"""A browser's worth of steps for the tests of the pages."""

import pytest
from django.test import Client

from tests.cast import ELIGIBLE


class Office:
    """A signed-in caseworker's client, at the pages of the trial."""

    def __init__(self, user):
        self.client = Client()
        self.client.force_login(user)

    def get(self, path="", **options):
        return self.client.get(f"/trials/se-klar/participants/{path}", **options)

    def post(self, path, data=None, **options):
        return self.client.post(f"/trials/se-klar/participants/{path}", data or {}, **options)


@pytest.fixture
def office(cast):
    """Kari at Moss."""
    return Office(cast.kari)


@pytest.fixture
def at():
    """The pages as seen by any user."""
    return Office


@pytest.fixture
def eligible_answers():
    """What the first step posts for someone who may take part."""
    return {f"criterion-{code}": "yes" if answer else "no" for code, answer in ELIGIBLE.items()}
