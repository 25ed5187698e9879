"""The demonstration's chapters, in order, each with its line in the terminal."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from trial.access.models import User
from trial.access.planes import entered
from trial.audit.clock import SimulatedClock, simulated
from trial.audit.queue import alone
from trial.config import assets, translations
from trial.config.demo import beside, closing
from trial.config.demo.accounts import ACCOUNTS, make_accounts
from trial.config.demo.asking import Asking
from trial.config.demo.beside import RECRUITING
from trial.config.demo.evaluate import DemoFailure, analyse, deliver
from trial.config.demo.life import Life
from trial.config.demo.setup import DemoTrial, set_up
from trial.config.demo.terminal import Terminal
from trial.config.demo.work import Work
from trial.config.services import Child, check_port, remember_demonstration, run_server, run_worker, stopped_together
from trial.studies.actions import close_recruitment
from trial.studies.models import Trial
from trial.studies.queries import plane_for
from trial.studies.states import TrialState

FINISHED = "se-klar"
BEGINNING = datetime(2012, 10, 1, 8, 0, tzinfo=UTC)
PEOPLE = 268
RECRUITMENT = date(2013, 1, 7), date(2017, 12, 15)
CLOSED = datetime(2018, 1, 2, 9, 0, tzinfo=UTC)
LAST_QUESTIONS = date(2019, 7, 31)  # eighteen months after the last enrolment, and the window
LAST_DATA = datetime(2021, 1, 18, 9, 0, tzinfo=UTC)
WATCH_SECONDS = 1.0
SEED = 2013  # of what people do; the draws have secret seeds of their own


def tell(terminal: Terminal, *, fresh: bool, port: int | None) -> None:
    """Make what is missing, show what was found, and serve on `port` until interrupted (None: do not serve)."""
    if port is not None:
        check_port(port)  # before a minute's work rather than after it
    with terminal.step("Look and texts (npm, once)"):
        assets.build()
        translations.compile_all()
    with alone("demonstration", "made") as held:
        if not held:
            raise DemoFailure("Another demonstration is being made in this database. Wait for it, or stop it first.")
        with terminal.step("Database"):
            _prepare_database(fresh)
            remember_demonstration()
        worker = _made(terminal)
    with stopped_together(worker):
        closing.show(terminal, FINISHED)
        terminal.say(f"Everything above took {terminal.total():.0f} seconds.")
        if port is not None:
            _serve(terminal, worker, port)


def _made(terminal: Terminal) -> Child:
    """The worker, and with its help everything that an earlier demonstration has not made."""
    worker = run_worker()
    if not _is_complete():
        try:
            _make(terminal, worker)
        except BaseException:
            worker.stop()
            raise
    return worker


def _prepare_database(fresh: bool) -> None:
    """Migrate; begin anew when that is asked for, or when an earlier demonstration was interrupted."""
    _refuse_other_content()
    call_command("migrate", verbosity=0, interactive=False)
    if not User.objects.exists() or (_is_complete() and not fresh):
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    call_command("migrate", verbosity=0, interactive=False)


def _refuse_other_content() -> None:
    """Touch no database in which anybody but the demonstration's own people works, or any other trial is planned."""
    there = set(connection.introspection.table_names())
    strangers = User.objects.exclude(username__in=[account.username for account in ACCOUNTS])
    others = Trial.objects.exclude(code__in=(FINISHED, RECRUITING))
    if any(rows.model._meta.db_table in there and rows.exists() for rows in (strangers, others)):
        raise DemoFailure("The database holds more than a demonstration. Name another one in DATABASE_URL.")


def _is_complete() -> bool:
    """Whether an earlier demonstration came to its end with both trials."""
    states = dict(Trial.objects.values_list("code", "state"))
    return states.get(FINISHED) == TrialState.OPENED and closing.has_waiting(RECRUITING)


def _make(terminal: Terminal, worker: Child) -> None:
    users = make_accounts()
    with simulated(BEGINNING) as clock:
        with terminal.step("SE-KLAR planned; plan and protocol locked by two persons"):
            finished = _plan_finished(users)
        second = beside.begin()
        with stopped_together(second):
            _finish(finished, clock, terminal, worker)
            with terminal.step("SE-KLAR 2, meanwhile: in the middle of recruitment, numbers waiting"):
                second.wait()


def _finish(finished: DemoTrial, clock: SimulatedClock, terminal: Terminal, worker: Child) -> None:
    with terminal.step(f"{PEOPLE} people enrolled, drawn and followed, 2013 to 2020") as report:
        for done in _life_of_finished(finished, Life(finished, clock, SEED)).live(LAST_DATA):
            report(done, PEOPLE)
    worker.check()
    with terminal.step("Register deliveries: sent, checked by the worker, accepted") as report:
        deliver(finished, settings.LOCAL / "demo" / "deliveries", report)
    with terminal.step("Data locked; the locked plan runs on the worker") as report:
        run = analyse(finished, report)
    with terminal.step("Results released and draws opened, each by two persons"):
        closing.release_and_open(finished, run)


def _plan_finished(users: Mapping[str, User]) -> DemoTrial:
    planned = {"planned_size": PEOPLE, "planned_start": RECRUITMENT[0], "planned_end": RECRUITMENT[1]}
    return set_up(users, FINISHED, "SE-KLAR", planned)


def _life_of_finished(demo: DemoTrial, life: Life) -> Life:
    """Five years of recruitment and weekly draws, and three more of follow-up."""
    life.recruit(PEOPLE, *RECRUITMENT)
    life.draw_weekly(RECRUITMENT[0], RECRUITMENT[1] + timedelta(days=7))
    Asking(life, SEED).rounds(RECRUITMENT[0], LAST_QUESTIONS)
    Work(life, SEED).review(RECRUITMENT[0], RECRUITMENT[1])
    life.plan(CLOSED, lambda: _close(demo))
    return life


def _close(demo: DemoTrial) -> None:
    lead = demo.users["leder"]
    with entered(plane_for(lead)):
        demo.trial.refresh_from_db()
        close_recruitment(by=lead, trial=demo.trial)


def _serve(terminal: Terminal, worker: Child, port: int) -> None:
    server = run_server(port=port)
    with stopped_together(server):
        closing.say_logins(terminal, port)
        with suppress(KeyboardInterrupt):  # the way to end it
            while True:
                time.sleep(WATCH_SECONDS)
                server.check()
                worker.check()
    terminal.say("\nStopped.")
