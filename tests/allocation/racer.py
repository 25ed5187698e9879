"""One of several processes that enrol and draw at once: `python -m tests.allocation.racer`, told what by stdin.

Reads {"user", "trial", "numbers", "threads", "locked"} and prints one answer per number and request as JSON. With
`locked` false the locks of the draw are taken out, as the control that the checker must catch.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")
django.setup()

from django.db import connection, models  # noqa: E402 - after the set-up

from trial.access.models import User  # noqa: E402
from trial.access.planes import acting_in, entered  # noqa: E402
from trial.allocation.actions import enrol  # noqa: E402
from trial.enrolment.models import Participant  # noqa: E402
from trial.studies.queries import plane_for  # noqa: E402


def main() -> None:
    said = json.load(sys.stdin)
    if not said["locked"]:
        models.QuerySet.select_for_update = lambda rows, **_options: rows.all()
    user = User.objects.get(username=said["user"])
    plane = plane_for(user)

    def ask(number: str) -> dict[str, str]:
        try:
            with acting_in(plane):
                with entered(plane):
                    person = Participant.objects.select_related("trial", "office").get(number=number)
                allocation = enrol(by=user, participant=person, idempotency_key=f"race-{number}")
                return {"number": number, "arm": allocation.arm.code if allocation.arm else ""}
        except Exception as error:  # every failure is an answer that the checker judges
            return {"number": number, "error": f"{type(error).__name__}: {error}"}
        finally:
            connection.close()

    with ThreadPoolExecutor(said["threads"]) as pool:
        json.dump(list(pool.map(ask, said["numbers"])), sys.stdout)


if __name__ == "__main__":
    main()
