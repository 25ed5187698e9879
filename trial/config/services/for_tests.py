"""A pytest plugin: PostgreSQL and Redis for the tests, also when pytest is the first thing done on a machine.

The tests have servers of their own under `.local/test`, beside a demonstration that may be running. It is a plugin
named on pytest's command line rather than a conftest, because pytest-django reads the settings before any conftest.
The workers of pytest-xdist inherit the addresses from the process that started the servers.
"""

import sys
from collections.abc import Iterator

import pytest

from trial.config.services.failures import ServiceFailure
from trial.config.services.provision import provide
from trial.config.services.sharing import Durability, Place


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    try:
        provide(lambda: Place.at(Place.local_folder() / "test", Durability.THROWAWAY))
    except ServiceFailure as failure:
        sys.exit(str(failure))
    return (yield)
