"""The trial in the middle of recruitment. It is lived in a process of its own, beside the finished one: on two cores
the demonstration then takes no longer for it."""

import sys
from datetime import timedelta

from django.conf import settings

from trial.audit.clock import now, simulated
from trial.config.demo.accounts import known_accounts
from trial.config.demo.asking import Asking
from trial.config.demo.life import Life
from trial.config.demo.setup import set_up
from trial.config.demo.work import Work
from trial.config.services import Child

RECRUITING = "se-klar-2"
PEOPLE, PLANNED = 64, 240
SEED = 2026  # of what people do; the draws have secret seeds of their own
SINCE = timedelta(days=200)
LAST_DRAW_AGO = timedelta(days=21)
LAST_ASSIGNMENT_AGO = timedelta(days=45)


def begin() -> Child:
    """Start the process, once the accounts are made and while the servers run."""
    return Child.start("second trial", [sys.executable, "-m", "django", "demo", "--beside"], {})


def live() -> None:
    """A trial that began some months ago, with something waiting for everyone who signs in."""
    present = now()
    first = (present - SINCE).date()
    with simulated(present - SINCE - timedelta(days=30)) as clock:
        planned = {"planned_size": PLANNED, "planned_start": first, "planned_end": first + timedelta(days=900)}
        demo = set_up(known_accounts(), RECRUITING, "SE-KLAR 2", planned)
        demo.key.write(settings.LOCAL / "demo")
        life = Life(demo, clock, SEED)
        life.recruit(PEOPLE, first, present.date())
        life.draw_weekly(first, (present - LAST_DRAW_AGO).date())
        Asking(life, SEED).rounds(first, present.date())
        Work(life, SEED)
        life.assigns_until = present - LAST_ASSIGNMENT_AGO
        for _enrolled in life.live(present):
            pass
        life.register("Moss")
        life.consent("Moss")
