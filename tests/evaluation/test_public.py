"""The public names: each can be had, twice, and asking for the package loads none of them."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import pytest

import evaluation


@pytest.mark.parametrize("name", evaluation.__all__)
def test_a_public_name_is_the_same_however_often_it_is_asked_for(name: str) -> None:
    first = getattr(evaluation, name)
    import_module(f"evaluation.{evaluation._HOMES[name]}")
    assert getattr(evaluation, name) is first
    assert first.__doc__


def test_no_module_hides_a_public_name() -> None:
    assert {module.name for module in iter_modules(evaluation.__path__)} & set(evaluation.__all__) == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="magic"):
        _ = evaluation.magic


@pytest.mark.slow
def test_importing_the_package_loads_no_estimator() -> None:
    program = "import sys, evaluation; print(sorted({'statsmodels', 'pandas', 'scipy', 'django'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
