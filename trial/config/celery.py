"""The Celery application. The worker connects to PostgreSQL as `analyst`: code with a bug cannot read a name.

Messages only say "look now"; what is to be done stands in PostgreSQL. So each worker looks round whenever it has
reached the broker and every half minute: for runs and deliveries whose message was lost with a broker or a killed
worker, and for notices. What was left lying is looked for every hour.
"""

import os
from typing import Any

from celery import Celery, bootsteps
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")

LOOK_ROUND_SECONDS = 30
TIDY_SECONDS = 3600
ROUNDS = (
    "trial.analyses.tasks.resume_runs",
    "trial.registers.tasks.resume_checks",
    "trial.registers.tasks.destroy_due",
    "trial.audit.tasks.send_notices",
)
TIDYING = ("trial.registers.tasks.tidy",)

app = Celery("navtrial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class LookRound(bootsteps.StartStopStep):
    """The worker's own clock: no second process that may be forgotten, and more workers do no harm.

    A step of the consumer, which starts again with every connection: a broker that comes back empty has forgotten all
    that was queued, and nobody shall wait for the next half minute.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_options: Any) -> None:
        self.entries: list[Any] = []

    def start(self, consumer: Any) -> None:
        self.stop(consumer)
        for rounds, seconds in ((look_round, LOOK_ROUND_SECONDS), (tidy_up, TIDY_SECONDS)):
            consumer.timer.call_after(0, rounds)
            self.entries.append(consumer.timer.call_repeatedly(seconds, rounds))

    def stop(self, consumer: Any) -> None:
        for entry in self.entries:
            entry.cancel()
        self.entries = []


def look_round() -> None:
    """Queue the rounds of every half minute."""
    _queue(ROUNDS, LOOK_ROUND_SECONDS)


def tidy_up() -> None:
    """Queue the rounds of every hour, which list whole folders and buckets."""
    _queue(TIDYING, TIDY_SECONDS)


def _queue(tasks: tuple[str, ...], seconds: int) -> None:
    """Those that wait longer than until the next round are dropped by the broker's reader."""
    for task in tasks:
        try:
            app.send_task(task, expires=seconds, retry=False)
        except OperationalError:
            return


app.steps["consumer"].add(LookRound)
