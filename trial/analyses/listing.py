"""What the pages say about plans and runs themselves, as rows and facts."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from trial.analyses.models import Plan, Run
from trial.analyses.presentation import NOTHING, named, word
from trial.analyses.states import RunState
from trial.studies.models import Trial
from trial.studies.sources import REGISTERS

COLOURS = {
    RunState.QUEUED: "neutral",
    RunState.RUNNING: "info",
    RunState.DONE: "success",
    RunState.FAILED: "danger",
    RunState.CANCELLED: "neutral",
}
STEPS = {
    "panel": gettext_lazy("Bygger månedspanelet"),
    "adjusted": gettext_lazy("Regner justerte effekter"),
    "pre-period": gettext_lazy("Tester tiden før start"),
    "check": gettext_lazy("Etterprøver mot statsmodels"),
    "done": gettext_lazy("Lagrer resultatene"),
}


def moment(value: datetime | None) -> str:
    return date_format(localtime(value), "SHORT_DATETIME_FORMAT") if value else NOTHING


def run_rows(trial: Trial, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """One mapping per run for the list."""
    return [
        {
            "url": reverse("analyses:run", args=[trial.code, run.pk]),
            "requested": moment(run.requested_at),
            "by": str(run.requested_by),
            "plan": run.plan.version,
            "kind": kind_of(run),
            "state": run.get_state_display(),
            "colour": COLOURS[RunState(run.state)],
        }
        for run in runs
    ]


def kind_of(run: Run) -> str:
    if run.masked:
        return _("Prøve på stokkede grupper")
    return _("Utforskende, avviker fra planen") if run.deviations else _("På de virkelige gruppene")


def run_facts(run: Run) -> list[dict[str, Any]]:
    """Who asked for what, when, and how long it took."""
    rows = [
        {"label": _("Kjøring"), "value": kind_of(run)},
        {
            "label": _("Analyseplan"),
            "value": _("Versjon %(version)s") % {"version": run.plan.version},
            "url": reverse("analyses:plan", args=[run.trial.code, run.plan.version]),
        },
        {"label": _("Bestilt"), "value": f"{moment(run.requested_at)}, {run.requested_by}"},
    ]
    if run.deviations:
        rows.append({"label": _("Avvik fra planen"), "value": departures(run)})
        rows.append({"label": _("Hvorfor"), "value": run.reason})
    if run.cancelled_at:
        rows.append({"label": _("Avbrutt"), "value": f"{moment(run.cancelled_at)}, {run.cancelled_by}"})
    if run.state == RunState.DONE and run.finished and run.started:
        seconds = number_format((run.finished - run.started).total_seconds(), 1)
        rows.append({"label": _("Regnetid"), "value": _("%(seconds)s sekunder") % {"seconds": seconds}})
        rows.append({"label": _("Program"), "value": run.manifest.get("program", NOTHING)})
        rows.append({"label": _("Uten samtykke"), "value": _left_out(run.manifest.get("consent", {}))})
    return rows


def kept_outside(run: Run) -> str:
    """A sentence above the numbers where the consents left people out of them; empty where they did not."""
    out = run.manifest.get("consent", {}).get("persons_left_out", 0)
    sentence = ngettext(
        "%(count)s deltaker er ikke med i tallene, fordi samtykket ikke dekker det.",
        "%(count)s deltakere er ikke med i tallene, fordi samtykket ikke dekker det.",
        out,
    )
    return sentence % {"count": out} if out else ""


def _left_out(consent: dict[str, Any]) -> str:
    """How many people the run refused to use, and for which registers, in words."""
    by_register = consent.get("persons_not_covered", {})
    if not by_register:
        return _("Ingen. Samtykkene dekker alle deltakerne og alle registrene i kjøringen.")
    out = consent["persons_left_out"]
    whole = ngettext("%(count)s deltaker er holdt utenfor", "%(count)s deltakere er holdt utenfor", out) % {
        "count": out
    }
    parts = [f"{REGISTERS[register]}: {number}" for register, number in by_register.items()]
    return _("%(whole)s. Samtykket dekker ikke: %(parts)s.") % {"whole": whole, "parts": "; ".join(parts)}


def departures(run: Run) -> str:
    """Each field with what was planned and what is done instead."""
    planned = run.plan.content
    return "; ".join(
        f"{field}: {_spelled(planned.get(field, NOTHING))} → {_spelled(done)}" for field, done in run.deviations.items()
    )


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def progress_of(run: Run) -> str:
    """What the worker does just now, in words."""
    if run.state == RunState.QUEUED:
        return _("Venter på en ledig arbeider")
    name = run.progress_label
    kind, _dash, number = name.partition("-")
    words = {"table": _("Tabell %(number)s"), "figure": _("Figur %(number)s")}
    if name in STEPS:
        return str(STEPS[name])
    return words[kind] % {"number": number.upper()} if kind in words else word(name)


def plan_facts(plan: Plan) -> list[dict[str, Any]]:
    """What a plan says, in words, and who stands behind it."""
    content = plan.content
    rows = [{"label": _("Foreslått"), "value": f"{moment(plan.proposed_at)}, {plan.proposed_by}"}]
    if plan.locked_at:
        rows.append({"label": _("Låst"), "value": f"{moment(plan.locked_at)}, {plan.locked_by}"})
    return [
        *rows,
        {"label": _("Hovedresultat"), "value": _words(content["primary"])},
        {"label": _("Resultater"), "value": _words(content["totals"])},
        {"label": _("Kjennetegn ved start"), "value": _words(content["baseline"])},
        {"label": _("Måneder"), "value": _("%(first)s til %(last)s") % _span(content["total_months"])},
        {"label": _("Standardfeil"), "value": named(content["covariance"])},
        {"label": _("Flere tester"), "value": named(content["multiplicity"])},
        *([{"label": _("I tillegg"), "value": _words(content["further"])}] if content.get("further") else []),
        {"label": _("Skjerming"), "value": named(content["disclosure"])},
    ]


def _words(keys: list[str]) -> str:
    return ", ".join(word(key) for key in keys)


def _span(months: list[int]) -> dict[str, int]:
    return {"first": months[0], "last": months[1]}
