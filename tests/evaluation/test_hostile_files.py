"""Hostile files, one after the other in a bound child: refused with a reason, or read as the text that they are."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from evaluation.deliveries import FILE_REASONS, validate_file
from evaluation.formats import USUAL_LIMITS, Limits
from evaluation.judging import ACCEPTED
from tests.evaluation.hostile_files import FORMULAS, KINDS, hostile_file
from tests.evidence import keep

pytestmark = pytest.mark.slow

TODAY = date(2020, 1, 1)
LIMITS = Limits(times=20, floor=1 << 20)
MOST_MB = (
    500  # beyond what the libraries take; a file of six megabytes that is read whole several times fits, a bomb no
)
CHILD = """
import json, sys
from datetime import date
from pathlib import Path
from evaluation.confined import _bind
from evaluation.deliveries import validate_file
from evaluation.formats import Limits
from tests.evaluation.hostile_files import hostile_file
from tests.evaluation.test_hostile_files import LIMITS, TODAY, peak_mb, tell
folder, seeds = Path(sys.argv[1]), range(int(sys.argv[2]), int(sys.argv[3]))
begun = peak_mb()
_bind(4 << 30, 600)
for seed in seeds:
    print(json.dumps(tell(folder, seed) | {"grew_mb": peak_mb() - begun}), flush=True)
"""


def peak_mb() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024


def tell(folder: Path, seed: int, limits: Limits = LIMITS) -> dict[str, object]:
    """What the check says of one hostile file, and whether a cell of its accepted rows is a formula."""
    kind, content, name = hostile_file(seed)
    own = folder / str(seed)
    own.mkdir()
    (own / "file").write_bytes(content)
    found = validate_file("employment", own / "file", folder=own, name=name, today=TODAY, limits=limits)
    told = {"seed": seed, "kind": kind, "refused": found.refused, "rows": found.rows}
    formulas = 0
    if not found.refused:
        texts = pd.read_parquet(own / ACCEPTED).select_dtypes(include=["object", "string"])
        formulas = sum(str(cell).startswith(("=", "@")) or str(cell) in FORMULAS for cell in texts.to_numpy().ravel())
    return told | {"adds_up": found.rows == found.accepted + found.rejected, "formulas": formulas}


def judged(folder: Path, seeds: range) -> list[dict[str, object]]:
    """A child that a file kills has refused it, and the next file has a child of its own."""
    told: list[dict[str, object]] = []
    while len(told) < len(seeds):
        command = [sys.executable, "-c", CHILD, str(folder), str(seeds.start + len(told)), str(seeds.stop)]
        child = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
        told += [json.loads(line) for line in child.stdout.splitlines()]
        if child.returncode:
            assert child.returncode < 0, child.stderr  # a signal; an error that nobody foresaw is none of the reasons
            seed = seeds.start + len(told)
            died = {"seed": seed, "kind": hostile_file(seed)[0], "refused": "too_demanding", "grew_mb": 0}
            told.append(died | {"rows": 0, "formulas": 0, "adds_up": True})
    return told


@pytest.mark.parametrize("seeds", [range(200), pytest.param(range(200, 5000), marks=pytest.mark.nightly)])
def test_every_hostile_file_is_refused_or_read_as_text_in_bounded_memory(tmp_path: Path, seeds: range) -> None:
    told = judged(tmp_path, seeds)
    assert [one["seed"] for one in told] == list(seeds)
    assert all(one["refused"] in FILE_REASONS or (one["refused"] is None and one["adds_up"]) for one in told)
    assert sum(one["formulas"] for one in told) == 0
    assert max(one["grew_mb"] for one in told) < MOST_MB
    always = set(KINDS) - {"formulas", "formulas in a workbook", "name of a path", "endless line"}
    harmless = {one["kind"] for one in told if one["refused"] is None and not one["kind"].startswith("damaged")}
    assert not harmless & always, harmless
    assert not (tmp_path.parent / "evil.csv").exists()
    if len(told) > 200:
        refused = sum(one["refused"] is not None for one in told)
        keep("hostile-files", files=len(told), refused=refused, formulas=0, grew_mb=max(one["grew_mb"] for one in told))


def test_without_its_limits_a_bomb_would_be_read(tmp_path: Path) -> None:
    """The control: it is the limit that refuses the bomb."""
    seed = next(seed for seed in range(len(KINDS)) if hostile_file(seed)[0] == "gzip bomb")
    assert tell(tmp_path, seed)["refused"] == "unpacks_too_far"
    (tmp_path / str(seed)).rename(tmp_path / "before")
    assert tell(tmp_path, seed, USUAL_LIMITS)["rows"] > 200_000


def test_without_its_rule_a_formula_would_be_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the counting of formulas finds them where the check lets them pass."""
    monkeypatch.setattr("evaluation.cell_rules.FORMULA", "never")
    seed = next(seed for seed in range(len(KINDS)) if hostile_file(seed)[0] == "formulas")
    assert tell(tmp_path, seed)["formulas"] > 0
