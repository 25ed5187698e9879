"""A process of its own that enrols people over several connections at once: `python -m tests.allocation.racer JOB`.

It reads the JSON job from a file, says "ready", waits for a line, and works in a child. A request that names a `kill`
point kills the child there with SIGKILL, all its other requests with it; the next child goes on with what has no
answer yet, but for the clients who never return. The saved history is one line of JSON a request that was answered.
"""

import copy
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")
django.setup()

from django.db import Error, connection  # noqa: E402 - settings first

from trial.access.models import User  # noqa: E402
from trial.access.planes import Plane, acting_in, entered  # noqa: E402
from trial.access.refusals import Refusal  # noqa: E402
from trial.allocation import actions, readings, trips  # noqa: E402
from trial.allocation.models import Allocation  # noqa: E402
from trial.enrolment.models import Participant  # noqa: E402
from trial.studies.queries import plane_for  # noqa: E402

under_way = threading.local()


def main(path: Path) -> None:
    job = json.loads(path.read_text())
    if not job["lock"]:
        _without_lock()
    _deadly()
    users = _users(job)
    history = os.open(job["history"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    print("ready", flush=True)
    sys.stdin.readline()
    left = job["requests"]
    while left:
        child = os.fork()
        if child == 0:
            os._exit(_work(history, job["connections"], users, left))
        _child, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and status:
            sys.exit("a child ended with an error of its own")
        left = _left(left, [json.loads(line) for line in Path(job["history"]).read_text().splitlines()])


def _users(job: dict) -> tuple[User, Plane, dict[str, Participant]]:
    """Who asks, on which plane, and whom for by number; read before the first fork, over a connection of its own."""
    user = User.objects.get(username=job["user"])
    plane = plane_for(user)
    with entered(plane):
        people = {person.number: person for person in Participant.objects.select_related("trial", "office")}
    connection.close()
    return user, plane, people


def _work(history: int, connections: int, users: tuple[User, Plane, dict], requests: list[dict]) -> int:
    """Ask for all of them; the exit code."""
    user, plane, people = users

    def say(line: dict) -> None:
        os.write(history, (json.dumps(line) + "\n").encode())

    def ask(request: dict) -> None:
        under_way.request, under_way.say, began = request, say, time.time()
        say({"begun": request["id"]})
        answer, cut_off = _answer(user, plane, people[request["number"]], request["key"]), 0
        while _comes_again(request, answer):
            cut_off += "failed" in answer
            time.sleep(0.05)
            answer = _answer(user, plane, people[request["number"]], request["key"])
        times = {"began": began, "ended": time.time(), "cut_off": cut_off}
        say(request | answer | {"answered": request["id"]} | times)

    with ThreadPoolExecutor(connections, initializer=connection.ensure_connection) as pool:
        asked = [pool.submit(ask, request) for request in requests]
    errors = [error for each in asked if (error := each.exception())]
    print(*errors, sep="\n", file=sys.stderr)
    return int(bool(errors))


def _comes_again(request: dict, answer: dict) -> bool:
    """Whether the first try may just have been killed, or the server with it, and the client is one who waits."""
    in_progress = request["insists"] and answer.get("refused") == "in_progress"
    return in_progress or (request["endures"] and "failed" in answer)


def _answer(user: User, plane: Plane, person: Participant, key: str) -> dict:
    try:
        with acting_in(plane):
            place = actions.enrol(by=user, participant=copy.copy(person), idempotency_key=key)
        answer = actions.answer_of(place)
        return {"arm": answer["arm"], "position": place.position}
    except Refusal as refusal:
        return {"refused": refusal.code}
    except (Error, Participant.DoesNotExist) as error:
        connection.close()  # as after each request of the site: a broken one is not used again
        return {"failed": f"{type(error).__name__} {error}"}


def _left(requests: list[dict], history: list[dict]) -> list[dict]:
    """The requests without an answer; whoever was killed tries again without it, or gives up if cut off."""
    begun, answered, killed = (
        {line[word] for line in history if word in line} for word in ("begun", "answered", "killed")
    )
    left = [request for request in requests if request["id"] not in answered]
    patient = [request for request in left if not (request["gives_up"] and request["id"] in begun)]
    return [request | {"kill": ""} if request["id"] in killed else request for request in patient]


def _without_lock() -> None:
    """The broken variant: rows are read and written as if nobody else did."""
    for statement in (readings.LOCKED_PERSON, readings.LOCKED_WAITING, readings.LOCKED_TRIAL):
        statement.template = statement.template.partition("FOR NO KEY UPDATE")[0]
    trips.TURN = "SELECT %s::bigint, %s::bigint"


def _deadly() -> None:
    """Let these points kill the process for the requests that say so."""
    for owner, name, point in [
        (actions, "Claim", "before"),
        (actions, "_new_place", "locked"),
        (Allocation, "added", "enrol_written"),
        (actions, "_draw_at_once", "enrol_committed"),
        (actions, "keep_answer", "alloc_written"),
    ]:
        setattr(owner, name, _killing(getattr(owner, name), point))


def _killing(function: Callable, point: str) -> Callable:
    def deadly(*args: object, **kwargs: object) -> object:
        if under_way.request["kill"] == point:
            under_way.say({"killed": under_way.request["id"], "point": point})
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)

    return deadly


if __name__ == "__main__":
    main(Path(sys.argv[1]))
