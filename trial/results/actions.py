"""Letting results out takes two persons: one asks, another has looked at what would leave, and releases it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from evaluation.disclosure import disclosed, disclosed_manifest, far_enough
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.analyses.downloads import finding_json
from trial.analyses.models import Finding, Run
from trial.analyses.states import RunState
from trial.audit import clock
from trial.audit.actions import action, post, record
from trial.results.models import Release, ReleasedResult
from trial.results.states import ReleaseState, next_state
from trial.studies.models import Trial
from trial.studies.permissions import require


@action
def request_release(*, by: User, run: Run, note: str = "") -> Release:
    """Ask that a run's results be let out, after the disclosure rule of its plan.

    Raises:
        Refusal: `not_allowed`, `run_not_done`, `rehearsal` (shuffled arms mean nothing), `release_requested_already`.
    """
    require(by, run.trial, Permission.RUN_ANALYSIS)
    refuse_national_id(note=note)
    if run.state != RunState.DONE:
        raise Refusal("run_not_done", _("Kjøringen er ikke ferdig."))
    if run.masked:
        raise Refusal("rehearsal", _("En prøve på stokkede grupper kan ikke frigis."))
    if run.releases.exclude(state=ReleaseState.REFUSED).exists():
        raise Refusal("release_requested_already", _("Frigiving av denne kjøringen er allerede bedt om."))
    release = Release.objects.create(
        trial=run.trial,
        run=run,
        rule=run.plan.content["disclosure"],
        note=note,
        manifest=disclosed_manifest(run.manifest, run.plan.content["disclosure"]),
        requested_at=clock.now(),
        requested_by=by,
    )
    record(by=by, verb="release_requested", trial=run.trial.code, subject=str(release.pk), run=str(run.pk))
    return release


@action
def release_results(*, by: User, release: Release) -> Release:
    """Let the results out as the disclosure rule leaves them; from here on they can be read, and never change.

    Raises:
        Refusal: `not_allowed`, `second_person_needed`, `wrong_release_state`, `release_too_near` to an earlier one.
    """
    require(by, release.trial, Permission.RELEASE_RESULTS)
    Trial.objects.select_for_update(no_key=True).get(pk=release.trial_id)  # of two at once, one sees the other
    locked = _decided(by, release, ReleaseState.RELEASED, "results_released")
    earlier = locked.trial.releases.filter(state=ReleaseState.RELEASED).exclude(pk=locked.pk).select_related("run")
    if not far_enough(_arms(locked.run), [_arms(before.run) for before in earlier], locked.rule):
        raise Refusal(
            "release_too_near",
            _("Noen få personer skiller denne kjøringen fra en som er frigitt: forskjellen ville fortalt om dem."),
        )
    ReleasedResult.objects.bulk_create(
        ReleasedResult(trial=locked.trial, release=locked, position=place, **content)
        for place, content in enumerate(map(_leaving(locked), locked.run.results.all()))
    )
    return locked


@action
def refuse_release(*, by: User, release: Release, reason: str) -> Release:
    """Keep the results back, with a reason for whoever asked.

    Raises:
        Refusal: `reason_needed`, and as in `release_results`.
    """
    refuse_national_id(reason=reason)
    if not reason.strip():
        raise Refusal("reason_needed", _("Skriv hvorfor resultatene ikke frigis."), field="reason", status=422)
    return _decided(by, release, ReleaseState.REFUSED, "release_refused", reason=reason.strip())


def preview(release: Release, finding: Finding) -> ReleasedResult:
    """A finding as it would leave; for the output checker's eyes, and never stored."""
    return ReleasedResult(trial=release.trial, release=release, position=finding.position, **_leaving(release)(finding))


def _arms(run: Run) -> dict[str, int]:
    """How many of each arm the run is about, as table 1 counts them: persons, and offices where those were drawn."""
    notes = run.results.filter(name="table-1").values_list("notes", flat=True).first() or {}
    return {name: n for name, n in notes.items() if name.startswith(("n_", "persons_"))}


def _leaving(release: Release) -> Any:
    return lambda finding: disclosed(finding_json(finding), release.rule)


def _decided(by: User, release: Release, to: ReleaseState, verb: str, **reason: str) -> Release:
    require(by, release.trial, Permission.RELEASE_RESULTS)
    locked = (
        Release.objects.select_for_update(of=("self",))
        .select_related("trial", "run", "requested_by")
        .get(pk=release.pk)
    )
    if locked.requested_by_id == by.pk:
        raise Refusal("second_person_needed", _("En annen enn den som ba om frigiving, må avgjøre den."))
    locked.changed(state=next_state(locked.state, to), decided_at=clock.now(), decided_by=by, **reason)
    record(by=by, verb=verb, trial=locked.trial.code, subject=str(locked.pk), run=str(locked.run_id))
    post(kind=verb, to=locked.requested_by.username, trial=locked.trial.code, release=str(locked.pk))
    return locked
