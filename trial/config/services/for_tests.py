"""A pytest plugin: PostgreSQL and Redis for the tests, also when pytest is the first thing done on a machine.

The tests have servers of their own under `.local/test-1`, beside a demonstration that may be running. It is a plugin
named on pytest's command line rather than a conftest, because pytest-django reads the settings before any conftest.
The workers of pytest-xdist inherit the addresses from the process that started the servers. A second run at the same
time gets other servers: both would make, and drop, databases of the same names.
"""

import sys
from collections.abc import Iterator
from itertools import count

import pytest

from trial.config.services.failures import ServiceFailure
from trial.config.services.provision import provide
from trial.config.services.sharing import Durability, Place


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    try:
        provide(_unused)
    except ServiceFailure as failure:
        sys.exit(str(failure))
    return (yield)


def _unused() -> Place:
    places = (Place.at(Place.local_folder() / f"test-{number}", Durability.THROWAWAY) for number in count(1))
    return next(place for place in places if not place.others_present())
