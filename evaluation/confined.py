"""The judgement of one file in a child process: what a hostile file can reach is bounded, and it dies with the child.

The child has a limit on memory, time and the size of what it writes, and an environment without secrets. What comes
back is plain JSON and the two Parquet files of `judging`. The limits are those of Unix (`resource`).
"""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

from evaluation.deliveries import validate_file
from evaluation.formats import USUAL_LIMITS, Limits
from evaluation.judging import ANYBODY, Judgement, People, Progress

MEMORY_BYTES: Final = 4 << 30  # beyond what the libraries have mapped: DuckDB works with one gigabyte of it
MOST_SECONDS: Final = 3600
IDLE_SECONDS: Final = 60  # a library that could not start a thread for want of memory waits for it without end
LOOK_EVERY: Final = 0.2
MOST_WRITTEN: Final = 200 << 30
REQUEST: Final = "request.json"
ANSWER: Final = "answer.json"


@dataclass(frozen=True)
class Confinement:
    """What the child may use: bytes of memory beyond those of its libraries, seconds from start to end, and seconds
    in which it does nothing at all."""

    memory_bytes: int = MEMORY_BYTES
    seconds: int = MOST_SECONDS
    idle_seconds: int = IDLE_SECONDS
    limits: Limits = USUAL_LIMITS


USUAL: Final = Confinement()


def validate_confined(
    register: str,
    source: Path,
    *,
    folder: Path,
    name: str,
    people: People = ANYBODY,
    columns: Mapping[str, str] | None = None,
    today: date,
    progress: Progress | None = None,
    confinement: Confinement = USUAL,
) -> Judgement:
    """As `deliveries.validate_file`, in a child process. A child that dies or takes too long refuses the file.

    Returns:
        Judgement; `refused` is `too_demanding` when the file needed more than the confinement allows.
    """
    request = {
        "register": register,
        "source": str(source.resolve()),
        "name": name,
        "people": _as_lists(people),
        "columns": dict(columns or {}),
        "today": today.isoformat(),
        "confinement": asdict(confinement),
    }
    (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
    (folder / ANSWER).unlink(missing_ok=True)
    _child(folder, confinement, progress or (lambda _label, _rows: None))
    if not (folder / ANSWER).exists():
        return Judgement(register, refused="too_demanding")
    return _judgement(json.loads((folder / ANSWER).read_text(encoding="utf-8")))


def _child(folder: Path, confinement: Confinement, progress: Progress) -> None:
    """Start the child, pass on what it tells, and end it when its time is up or it does nothing any more."""
    home = str(Path(__file__).resolve().parents[1])
    child = subprocess.Popen(
        [sys.executable, "-m", "evaluation.confined", str(folder)],
        env={"PYTHONPATH": home, "LC_ALL": "C.UTF-8"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    ended = Event()
    Thread(target=_watch, args=(child, confinement, ended), daemon=True).start()
    try:
        with child:
            for line in child.stdout or ():
                label, rows = line.split()
                progress(label, int(rows))
    finally:
        ended.set()
        child.kill()


def _watch(child: subprocess.Popen[str], confinement: Confinement, ended: Event) -> None:
    begun = busy_at = monotonic()
    used = ""
    while not ended.wait(LOOK_EVERY):
        now, uses = monotonic(), _processor_time(child.pid)
        if uses != used:
            used, busy_at = uses, now
        if now - begun > confinement.seconds or now - busy_at > confinement.idle_seconds:
            child.kill()
            return


def _processor_time(pid: int) -> str:
    """What a process has used of the processors, as the system counts it; where it does not say, the time of day."""
    try:
        return " ".join(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])
    except OSError:
        return str(monotonic())


def _as_lists(people: People) -> dict[str, Any]:
    return {
        "participants": None if people.participants is None else sorted(people.participants),
        "consented": None if people.consented is None else sorted(people.consented),
        "groups": dict(people.groups),
    }


def _judgement(answer: dict[str, Any]) -> Judgement:
    """JSON knows lists only; the fields that are tuples become tuples again."""
    tuples = {name: tuple(answer[name]) for name in ("missing", "columns", "coverage_by_group", "header")}
    return Judgement(**(answer | tuples | {"sample": tuple(tuple(row) for row in answer["sample"])}))


def main(folder: Path) -> None:
    """What the child does: bind itself, judge, and leave the answer where it is looked for."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    confinement = request["confinement"]
    _bind(confinement["memory_bytes"], confinement["seconds"])
    try:
        found = validate_file(
            request["register"],
            Path(request["source"]),
            folder=folder,
            name=request["name"],
            people=People(**request["people"]),
            columns=request["columns"],
            today=date.fromisoformat(request["today"]),
            limits=Limits(**confinement["limits"]),
            progress=lambda label, rows: print(label, rows, flush=True),
        )
    except MemoryError:
        return
    (folder / ANSWER).write_text(json.dumps(asdict(found)), encoding="utf-8")


def _bind(memory_bytes: int, seconds: int) -> None:
    """No way back: the limits hold for this process and whatever it starts."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    mapped = pages * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, mapped + memory_bytes),
        (resource.RLIMIT_CPU, 2 * seconds),
        (resource.RLIMIT_FSIZE, MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(what)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (allowed, allowed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
