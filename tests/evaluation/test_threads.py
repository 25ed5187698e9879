"""The same inputs give the same bytes, whatever the number of threads that the machine lends."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation import Plan
from tests.evaluation.test_running import WHOLE
from tests.evaluation.trials import SHORT

PROGRAM = """
import json, pickle, sys
from hashlib import sha256
from evaluation import Plan, run
plan, frames = pickle.load(open(sys.argv[1], "rb"))
print(sha256(json.dumps(run(Plan.from_dict(plan), frames).to_dict(), sort_keys=True).encode()).hexdigest())
"""


def digest(inputs: Path, threads: int) -> str:
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads))
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(inputs)], env=environment, capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


@pytest.mark.slow
def test_one_thread_and_two_find_the_same_bytes(deliveries, tmp_path: Path) -> None:
    plan = Plan.from_dict(SHORT.to_dict() | WHOLE | {"months": [-36, 36], "covariance": "classical"})
    inputs = tmp_path / "inputs.pickle"
    inputs.write_bytes(pickle.dumps((plan.to_dict(), deliveries)))
    assert digest(inputs, 1) == digest(inputs, 2)
