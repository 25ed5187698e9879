"""The Celery application. The worker connects to PostgreSQL as `analyst`: code with a bug cannot read a name.

Messages only say "look now"; what is to be done stands in PostgreSQL. So each worker looks round whenever it has
reached the broker and every half minute: for runs and deliveries whose message was lost with a broker or a killed
worker, and for notices.
"""

import os
from typing import Any

from celery import Celery, bootsteps
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.config.settings")

LOOK_ROUND_SECONDS = 30
ROUNDS = (
    "trial.analyses.tasks.resume_runs",
    "trial.registers.tasks.resume_checks",
    "trial.registers.tasks.destroy_due",
    "trial.audit.tasks.send_notices",
)

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
        self.entry: Any = None

    def start(self, consumer: Any) -> None:
        self.stop(consumer)
        consumer.timer.call_after(0, look_round)
        self.entry = consumer.timer.call_repeatedly(LOOK_ROUND_SECONDS, look_round)

    def stop(self, consumer: Any) -> None:
        if self.entry:
            self.entry.cancel()
            self.entry = None


def look_round() -> None:
    """Queue the rounds; those that wait longer than until the next one are dropped by the broker's reader."""
    for task in ROUNDS:
        try:
            app.send_task(task, expires=LOOK_ROUND_SECONDS, retry=False)
        except OperationalError:
            return


app.steps["consumer"].add(LookRound)
