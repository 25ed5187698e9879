"""The end of the demonstration: release, opening, verification, and what the terminal shows."""

import json
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from evaluation.findings import Finding
from evaluation.published import remark
from evaluation.tables import as_text
from trial.access.planes import entered, maintenance
from trial.access.roles import ROLES, Role
from trial.allocation import verify
from trial.allocation.decisions import approve_opening, request_opening
from trial.allocation.models import Allocation
from trial.allocation.queries import anchors_of, bundle_of
from trial.analyses.models import Run
from trial.analyses.states import RunState
from trial.config.demo.accounts import ACCOUNTS, PASSWORD
from trial.config.demo.evaluate import DemoFailure
from trial.config.demo.setup import DemoTrial
from trial.config.demo.terminal import Terminal
from trial.results.actions import release_results, request_release
from trial.studies.models import Trial
from trial.studies.queries import plane_for


def release_and_open(demo: DemoTrial, run: Run) -> None:
    """Let the results out, and end the concealment: the researcher brings the key."""
    analyst, checker = demo.user(Role.ANALYST), demo.user(Role.OUTPUT_CHECKER)
    with entered(plane_for(analyst)):
        release = request_release(by=analyst, run=run, note="Tabellene og figurene i planen.")
    with entered(plane_for(checker)):
        release_results(by=checker, release=release)
    lead, researcher = demo.user(Role.TRIAL_LEAD), demo.user(Role.RESEARCHER)
    with entered(plane_for(lead)):
        opening = request_opening(by=lead, trial=demo.trial)
    with entered(plane_for(researcher)):
        approve_opening(by=researcher, opening=opening, researcher_seed=demo.key.seed)


def has_waiting(code: str) -> bool:
    """Whether numbers of a trial wait for the draw."""
    with maintenance():
        return Allocation.objects.filter(trial__code=code, arm=None).exists()


def show(terminal: Terminal, code: str) -> None:
    """Print tables 1 and 2 beside the published ones, and what the verifier says of the draws."""
    with maintenance():
        trial = Trial.objects.get(code=code)
        run = trial.runs.filter(state=RunState.DONE, masked=False).first()
        if run is None:
            raise DemoFailure("The finished trial has no run; begin anew with --fresh.")
        for result in run.results.filter(name__in=("table-1", "table-2")):
            rows = tuple(map(tuple, result.rows))
            finding = Finding(result.name, "table", result.title, tuple(result.columns), rows)
            terminal.say(f"\n{result.title['nb']}  (| published)")
            reference = run.manifest.get("reference", "")
            terminal.say(as_text(finding, reference=reference))
            terminal.say(remark(reference, result.name, "en"))
    _verify(terminal, trial)


def _verify(terminal: Terminal, trial: Trial) -> None:
    """Write the two files and let the verifier judge them as an auditor would, in a process of its own."""
    folder = settings.LOCAL / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with maintenance():
        documents = {"bundle.json": bundle_of(trial), "anchors.json": anchors_of(trial)}
    paths = [folder / name for name in documents]
    for path, content in zip(paths, documents.values(), strict=True):
        path.write_text(json.dumps(content))
    command = [sys.executable, str(Path(verify.__file__)), *map(str, paths)]
    verdict = subprocess.run(command, capture_output=True, text=True, check=False)
    terminal.say(f"\nverify.py {paths[0].name} {paths[1].name}: {verdict.stdout.strip()}")
    if verdict.returncode:
        raise DemoFailure("The verifier found that the draws are not what the protocol says.")


def say_logins(terminal: Terminal, port: int) -> None:
    """Where the site is, and who can sign in."""
    terminal.say(f"\nThe site: http://127.0.0.1:{port}/   password for everyone: {PASSWORD}\n")
    seen: set[Role] = set()
    for account in ACCOUNTS:
        if account.role not in seen:
            seen.add(account.role)
            place = f", {account.office}" if account.office else ""
            terminal.say(f"  {account.username:<14}{ROLES[account.role].label}{place}")
    terminal.say(f"\nThe researcher's key for se-klar-2: {settings.LOCAL / 'demo' / 'se-klar-2-researcher-key.json'}")
    terminal.say("Ctrl-C stops everything.")
