"""The judgement of one file in a child process: what a hostile file can reach is bounded, and it dies with the child.

The child has a limit on memory, time and the size of what it writes, and an environment without secrets. What comes
back is plain JSON and the two Parquet files of `judging`. The limits are those of Unix (`resource`).
"""

import json
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import IO, Any, Final

from evaluation.deliveries import validate_file
from evaluation.formats import USUAL_LIMITS, Limits
from evaluation.judging import ANYBODY, Judgement, People, Progress

MEMORY_BYTES: Final = 4 << 30  # beyond what the libraries have mapped: DuckDB works with one gigabyte of it
MOST_SECONDS: Final = 3600
IDLE_SECONDS: Final = 60  # a library that could not start a thread for want of memory waits for it without end
LOOK_EVERY: Final = 0.02  # seconds; a child may fill its memory and be gone between two looks
MOST_WRITTEN: Final = 200 << 30
NEARLY_ALL: Final = 0.9  # of the memory that the child may map: whoever failed there failed for want of it
WANT_OF_MEMORY: Final = (  # what dies of it says one of these: Python, C++, Rust, Arrow, the loader, the thread library
    *("memoryerror", "bad_alloc", "memory allocation", "out of memory", "cannot allocate memory"),
    *("failed to map segment", "can't start new thread", "libgcc_s.so.1 must be installed"),
)
LONGEST_LINE: Final = 4096
REQUEST: Final = "request.json"
ANSWER: Final = "answer.json"
FAILURE: Final = "failure.json"


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
        Judgement; `refused` is `too_much_memory` or `too_slow` when the file needed more than the confinement allows,
        `reader_crashed` when a library broke down on it, `too_demanding` when the child was ended from outside or
        waited for nothing.

    Raises:
        ConfinedError: the check failed for a reason that does not lie in the file: a mistake of ours, a full disk.
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
    for left in (ANSWER, FAILURE):
        (folder / left).unlink(missing_ok=True)
    end = _child(folder, confinement, progress or (lambda _label, _rows: None))
    if (folder / ANSWER).exists():
        return _judgement(json.loads((folder / ANSWER).read_text(encoding="utf-8")))
    if end.code > 0 and (told := _told(folder / FAILURE)):
        raise ConfinedError(told)
    if end.code > 0 and not end.full:
        raise ConfinedError(f"the child ended with code {end.code}")
    return Judgement(register, refused=_reason(end))


class ConfinedError(RuntimeError):
    """The check itself failed; says what kind of error it was and where, never a value of the file."""


@dataclass
class _End:
    """How a child ended: its exit code (negative: the signal), whether it used nearly all its memory or died saying
    that there was no more, and why we ended it (`too_slow`, `too_demanding`), if we did."""

    code: int = 0
    by_us: str = ""
    full: bool = False


def _reason(end: _End) -> str:
    if end.by_us == "too_slow" or -end.code == signal.SIGXCPU:
        return "too_slow"
    if end.full:
        return "too_much_memory"
    if end.by_us or -end.code in (signal.SIGKILL, signal.SIGTERM):
        return "too_demanding"  # the system ends what needs more memory than the machine has, and so may anyone
    return "reader_crashed"


def _told(failure: Path) -> str:
    return failure.read_text(encoding="utf-8") if failure.exists() else ""


def _child(folder: Path, confinement: Confinement, progress: Progress) -> _End:
    """Start the child, pass on what it tells, and end it when its time is up or it does nothing any more."""
    home = str(Path(__file__).resolve().parents[1])
    child = subprocess.Popen(
        [sys.executable, "-m", "evaluation.confined", str(folder)],
        env={"PYTHONPATH": home, "LC_ALL": "C.UTF-8"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    end, ended = _End(), Event()
    Thread(target=_watch, args=(child, confinement, end, ended), daemon=True).start()
    listener = Thread(target=_listen, args=(child.stderr, end), daemon=True)
    listener.start()
    try:
        with child:
            for line in child.stdout or ():
                label, rows = line.split()
                progress(label, int(rows))
            listener.join()
    finally:
        ended.set()
        child.kill()
    end.code = child.returncode
    return end


def _listen(complaints: IO[str] | None, end: _End) -> None:
    """Hear whether the child, a library or the loader of libraries dies for want of memory, long before all of it is
    mapped: one large piece was not to be had. Nothing of it is kept, since it may hold a cell of the file."""
    while complaints and (line := complaints.readline(LONGEST_LINE)):
        if _wants_memory(line):
            end.full = True


def _wants_memory(words: str) -> bool:
    return any(word in words.lower() for word in WANT_OF_MEMORY)


def _watch(child: subprocess.Popen[str], confinement: Confinement, end: _End, ended: Event) -> None:
    begun = busy_at = monotonic()
    used = ""
    while not ended.wait(LOOK_EVERY):
        now, uses = monotonic(), _processor_time(child.pid)
        if uses != used:
            used, busy_at = uses, now
        if not end.full and _is_full(child.pid):  # never set back: the other thread may have heard it meanwhile
            end.full = True
        late, idle = now - begun > confinement.seconds, now - busy_at > confinement.idle_seconds
        if late or idle:
            end.by_us = "too_slow" if late else "too_demanding"
            child.kill()
            return


def _is_full(pid: int | str) -> bool:
    """Whether a process has mapped nearly as much memory as it may; where the system does not say, no."""
    try:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    except OSError:
        return False
    peak = next((line.split()[1] for line in status if line.startswith("VmPeak:")), "0")
    most = next((line.split()[3] for line in limits if line.startswith("Max address space")), "unlimited")
    return most.isdecimal() and int(peak) * 1024 > NEARLY_ALL * int(most)


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
        found = _judged(folder, request)
    except MemoryError:
        found = Judgement(request["register"], refused="too_much_memory")
    except Exception as error:  # what broke is told without its words, which may hold a cell of the file
        if not (_is_full("self") or _wants_memory(str(error))):
            (folder / FAILURE).write_text(f"{type(error).__name__} at {_where(error)}", encoding="utf-8")
            sys.exit(1)
        found = Judgement(request["register"], refused="too_much_memory")
    if found.refused == "unreadable" and _is_full("self"):  # libraries have many words for want of memory
        found = Judgement(request["register"], refused="too_much_memory")
    (folder / ANSWER).write_text(json.dumps(asdict(found)), encoding="utf-8")


def _judged(folder: Path, request: Mapping[str, Any]) -> Judgement:
    return validate_file(
        request["register"],
        Path(request["source"]),
        folder=folder,
        name=request["name"],
        people=People(**request["people"]),
        columns=request["columns"],
        today=date.fromisoformat(request["today"]),
        limits=Limits(**request["confinement"]["limits"]),
        progress=lambda label, rows: print(label, rows, flush=True),
    )


def _where(error: BaseException) -> str:
    """File and line of ours in which it broke."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "evaluation" in Path(frame.filename).parts]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"


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
