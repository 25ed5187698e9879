"""What the pages say about releases themselves."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from trial.analyses.listing import moment
from trial.analyses.models import Run
from trial.analyses.presentation import NOTHING, named
from trial.results.models import Release
from trial.results.states import ReleaseState
from trial.studies.models import Trial

COLOURS = {
    ReleaseState.REQUESTED: "warning",
    ReleaseState.RELEASED: "success",
    ReleaseState.REFUSED: "neutral",
}


def release_rows(trial: Trial, releases: Iterable[Release]) -> list[dict[str, Any]]:
    """One mapping per release for the list."""
    return [
        {
            "url": reverse("results:release", args=[trial.code, release.pk]),
            "requested": f"{moment(release.requested_at)}, {release.requested_by}",
            "decided": f"{moment(release.decided_at)}, {release.decided_by}" if release.decided_at else NOTHING,
            "state": release.get_state_display(),
            "colour": COLOURS[ReleaseState(release.state)],
        }
        for release in releases
    ]


def run_choices(trial: Trial, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """The runs whose release can be asked for."""
    return [
        {
            "url": reverse("results:ask", args=[trial.code, run.pk]),
            "text": _("Kjøring %(time)s, plan versjon %(version)s")
            % {"time": moment(run.requested_at), "version": run.plan.version},
        }
        for run in runs
    ]


def release_facts(release: Release) -> list[dict[str, Any]]:
    """Who asked, who decided, and from what the numbers were made."""
    rows = [{"label": _("Bedt om av"), "value": f"{release.requested_by}, {moment(release.requested_at)}"}]
    if release.note:
        rows.append({"label": _("Merknad"), "value": release.note})
    if release.decided_at:
        rows.append({"label": _("Avgjort av"), "value": f"{release.decided_by}, {moment(release.decided_at)}"})
    if release.reason:
        rows.append({"label": _("Begrunnelse"), "value": release.reason})
    return [
        *rows,
        {"label": _("Skjerming"), "value": named(release.rule)},
        {"label": _("Program"), "value": release.manifest.get("program", NOTHING)},
    ]
