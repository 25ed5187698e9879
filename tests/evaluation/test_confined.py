"""The child that judges a file has bounded memory and time, no secrets, and says what it found or dies alone."""

import json
import os
import signal
from datetime import date
from pathlib import Path
from time import monotonic

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluation.confined import ConfinedError, Confinement, _End, _reason, validate_confined
from evaluation.deliveries import FILE_REASONS, validate_file
from evaluation.judging import ACCEPTED, People

pytestmark = pytest.mark.slow

TODAY = date(2020, 1, 1)
HEAD = "participant_number;benefit;start;end\n"


def judged(path: Path, folder: Path, **options: object):
    folder.mkdir(exist_ok=True)
    return validate_confined("benefits", path, folder=folder, name=path.name, today=TODAY, **options)


def test_the_child_finds_what_the_parent_would_find(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(HEAD + "P1;AAP;2015-01-01;\nP2;TROLL;2015-01-01;\nP3;AAP;2015-01-01;\n")
    people = People({"P1", "P2"}, None, {"P1": "Moss", "P2": "Hurum"})
    told: list[tuple[str, int]] = []
    child = judged(path, tmp_path / "child", people=people, progress=lambda *what: told.append(what))
    (tmp_path / "own").mkdir()
    assert child == validate_file("benefits", path, folder=tmp_path / "own", people=people, today=TODAY)
    assert pq.read_table(tmp_path / "child" / ACCEPTED) == pq.read_table(tmp_path / "own" / ACCEPTED)
    assert told == [("read", 3), ("check", 3), ("write", 3)]


def test_the_child_has_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for children")
    path = tmp_path / "file.csv"
    path.write_text(HEAD)
    seen: list[str] = []

    def look(_label: str, _rows: int) -> None:
        mine = [
            place for place in Path("/proc").glob("[0-9]*/cmdline")
            if b"evaluation.confined\0" + str(tmp_path).encode() in _bytes(place)
        ]  # fmt: skip
        seen.extend(_bytes(place.parent / "environ").decode() for place in mine)

    path.write_text(HEAD + "P1;AAP;2015-01-01;\n")
    judged(path, tmp_path / "child", progress=look)
    assert seen
    assert not any("SECRET" in environment for environment in seen)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_parquet_that_claims_little_and_unpacks_to_much_is_refused_within_bounds(tmp_path: Path) -> None:
    giant = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000_000, dtype=np.int32)), pa.array(["y" * 100_000]))
    pq.write_table(pa.table({"participant_number": giant}), tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 300_000
    assert judged(tmp_path / "bomb.parquet", tmp_path / "child").refused in ("too_much_memory", "unpacks_too_far")


def test_a_file_that_takes_too_long_ends_with_its_child(tmp_path: Path) -> None:
    with (tmp_path / "long.csv").open("w") as file:
        file.write(HEAD)
        file.writelines(f"P{place};AAP;2015-01-01;\n" for place in range(500_000))
    found = judged(tmp_path / "long.csv", tmp_path / "child", confinement=Confinement(seconds=1))
    assert found.refused == "too_slow"
    assert not (tmp_path / "child" / "answer.json").exists()


def test_a_child_that_does_nothing_any_more_is_ended_long_before_its_time(tmp_path: Path) -> None:
    (tmp_path / "child").mkdir()
    os.mkfifo(tmp_path / "silent.csv")  # opening it waits for a writer who never comes
    begun = monotonic()
    found = judged(tmp_path / "silent.csv", tmp_path / "child", confinement=Confinement(seconds=300, idle_seconds=2))
    assert found.refused == "too_demanding"
    assert monotonic() - begun < 100


@pytest.mark.parametrize("megabytes", [20, 60, 90, 110])
def test_memory_beyond_the_limit_is_not_to_be_had(tmp_path: Path, megabytes: int) -> None:
    """What fails first differs by the limit and by luck: an answer, an abort, the loader's 127, a thread never got."""
    with (tmp_path / "wide.csv").open("w") as file:
        file.write(HEAD)
        file.writelines(f"P{place};AAP;2015-01-01;\n" for place in range(300_000))
    small = Confinement(memory_bytes=megabytes << 20, idle_seconds=5)
    assert judged(tmp_path / "wide.csv", tmp_path / "child", confinement=small).refused == "too_much_memory"


def test_a_mistake_of_ours_does_not_refuse_the_file_and_tells_no_cell(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(HEAD + "P1;AAP;2015-01-01;\n")
    (tmp_path / "child").mkdir()
    people = People({"P1"}, None, groups={"P1": ["a secret"]})  # a group is a text: the list breaks the check
    with pytest.raises(ConfinedError) as caught:
        judged(path, tmp_path / "child", people=people)
    assert " at profile.py:" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (_End(-signal.SIGKILL, by_us="too_slow", full=True), "too_slow"),
        (_End(-signal.SIGXCPU), "too_slow"),
        (_End(-signal.SIGKILL, by_us="too_demanding", full=True), "too_much_memory"),
        (_End(-signal.SIGABRT, full=True), "too_much_memory"),
        (_End(-signal.SIGKILL, by_us="too_demanding"), "too_demanding"),
        (_End(-signal.SIGKILL), "too_demanding"),
        (_End(-signal.SIGSEGV), "reader_crashed"),
    ],
)
def test_how_a_child_ended_tells_why_the_file_is_refused(end: _End, reason: str) -> None:
    assert _reason(end) == reason
    assert reason in FILE_REASONS


def test_the_request_holds_no_more_than_the_check_needs(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(HEAD)
    judged(path, tmp_path / "child")
    request = json.loads((tmp_path / "child" / "request.json").read_text())
    assert set(request) == {"register", "source", "name", "people", "columns", "today", "confinement"}
