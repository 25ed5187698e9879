"""A process of its own that enrols people over several connections at once: `python -m tests.allocation.racer`.

Reads a JSON job from standard input and prints the saved history, one answer a request. Run by the fault tests.
"""

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")
django.setup()

from django.db import Error, connection  # noqa: E402 - settings first

from trial.access.models import User  # noqa: E402
from trial.access.planes import acting_in, entered  # noqa: E402
from trial.access.refusals import Refusal  # noqa: E402
from trial.allocation import actions, log, session  # noqa: E402
from trial.allocation.models import LogHead  # noqa: E402
from trial.enrolment.models import Participant  # noqa: E402
from trial.enrolment.queries import participant_for  # noqa: E402
from trial.studies.models import Trial  # noqa: E402
from trial.studies.queries import plane_for  # noqa: E402


def main() -> None:
    job = json.load(sys.stdin)
    if not job["lock"]:
        _without_lock()
    if job["kill_at"]:
        _killed_at(job["kill_at"], job["survive"])
    with ThreadPoolExecutor(job["connections"], initializer=_connect) as pool:
        for answer in pool.map(lambda request: _ask(job, request), job["requests"]):
            print(json.dumps(answer), flush=True)


def _connect() -> None:
    connection.ensure_connection()


def _ask(job: dict, request: dict) -> dict:
    user = User.objects.get(username=job["user"])
    plane = plane_for(user)
    try:
        with entered(plane):
            person = participant_for(user, Trial.objects.get(code=job["trial"]), request["number"])
        with acting_in(plane):
            place = actions.enrol(by=user, participant=person, idempotency_key=request["key"])
        return request | {"arm": place.arm.code if place.arm else "", "position": place.position}
    except Refusal as refusal:
        return request | {"refused": refusal.code}
    except (Error, Participant.DoesNotExist) as error:
        return request | {"failed": type(error).__name__}


def _without_lock() -> None:
    """The broken variant: rows are read and written as if nobody else did."""
    actions._lock_trial = lambda trial: Trial.objects.get(pk=trial.pk)
    log.LogWriter.locked = classmethod(lambda cls, trial: cls(trial, LogHead.objects.get(trial=trial)))


def _killed_at(point: str, survive: int) -> None:
    """Kill this process, without any tidying, when the point is reached for the (survive + 1)th time."""
    owner, name = {
        "before": (actions, "_lock_people"),
        "locked": (actions, "_next_position"),
        "enrol_written": (actions, "mark_enrolled"),
        "enrol_committed": (actions, "_draw_at_once"),
        "alloc_written": (session.Session, "close"),
    }[point]
    original, reached = getattr(owner, name), iter(range(10**9))

    def deadly(*args: object, **kwargs: object) -> object:
        if next(reached) >= survive:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(owner, name, deadly)


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
