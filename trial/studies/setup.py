"""The plan of a trial as the pages show it: its steps, and its summary."""

from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from trial.studies.forms import PrivacyForm
from trial.studies.method_forms import FIELDS, METHODS, MethodForm
from trial.studies.models import OFFICE, Trial, Unit
from trial.studies.sources import REGISTERS
from trial.studies.states import TrialState

STEPS = {
    "about": gettext_lazy("Om forsøket"),
    "arms": gettext_lazy("Grupper"),
    "offices": gettext_lazy("Nav-kontor"),
    "method": gettext_lazy("Loddtrekning"),
    "sources": gettext_lazy("Registre"),
    "privacy": gettext_lazy("Personvern"),
}


def changeable_steps(trial: Trial) -> tuple[str, ...]:
    """The steps that can be filled in now: all before the lock, then what is no part of the protocol."""
    if trial.state == TrialState.DRAFTING:
        return tuple(STEPS)
    return () if trial.state == TrialState.ARCHIVED else ("privacy",)


def next_step(step: str) -> str:
    """The step after `step`; the last one stays."""
    names = list(STEPS)
    return names[min(names.index(step) + 1, len(names) - 1)]


def steps(trial: Trial, active: str) -> list[dict[str, Any]]:
    """The steps that can be filled in, with their addresses, for the stepper."""
    done = {
        "about": bool(trial.planned_size),
        "arms": trial.arms.exists(),
        "offices": trial.offices.exists(),
        "method": bool(trial.method),
        "sources": bool(trial.register_sources),
        "privacy": all(value for _label, value in privacy_rows(trial)),
    }
    return [
        {
            "label": STEPS[name],
            "url": reverse("studies:step", args=[trial.code, name]),
            "state": "active" if name == active else "done" if done[name] else "todo",
        }
        for name in changeable_steps(trial)
    ]


def summary(trial: Trial, *, changeable: Collection[str]) -> list[dict[str, Any]]:
    """The plan, a part per step: heading, rows of label and value, and where to change it."""
    return [
        {
            "heading": STEPS[name],
            "rows": [{"label": label, "value": value or _("Ikke fylt ut")} for label, value in rows],
            "edit_url": reverse("studies:step", args=[trial.code, name]) if name in changeable else "",
        }
        for name, rows in _rows(trial).items()
    ]


def _rows(trial: Trial) -> dict[str, list[tuple[str, str]]]:
    arms, offices = list(trial.arms.all()), trial.offices.select_related("nav_office")
    return {
        "about": [
            (_("Navn"), trial.name),
            (_("Formål"), trial.purpose),
            (_("Planlagt antall deltakere"), str(trial.planned_size or "")),
            (_("Rekruttering"), _period(trial)),
            (_("Deltakere per jobbspesialist i full stilling"), str(trial.capacity_per_position)),
        ],
        "arms": [(str(arm), _control_mark(arm.is_control)) for arm in arms]
        + [(_("Forhold"), " : ".join(str(arm.ratio) for arm in arms))],
        "offices": [(str(office), f"{office.nav_office.number}, {office.prefix}") for office in offices],
        "method": [
            (_("Hvem trekker"), trial.get_mode_display()),
            (_("Hva trekkes det for"), trial.get_unit_display()),
            (_("Egen trekning for hver"), _strata_text(trial)),
            (_("Metode"), method_text(trial.method, sum(arm.ratio for arm in arms))),
        ],
        "sources": [(_("Registre"), ", ".join(str(REGISTERS.get(code, code)) for code in trial.register_sources))],
        "privacy": privacy_rows(trial),
    }


def privacy_rows(trial: Trial) -> list[tuple[str, str]]:
    """Who answers for the data, on what ground, whom one can ask: label and value, empty where nobody has said."""
    fields = PrivacyForm.base_fields
    values = {name: getattr(trial, name) for name in fields} | {"legal_basis": trial.get_legal_basis_display()}
    return [(str(fields[name].label), str(value)) for name, value in values.items()]


def _control_mark(is_control: bool) -> str:
    return _("Det de andre sammenlignes med") if is_control else _("Får det forsøket prøver ut")


def _period(trial: Trial) -> str:
    days = (trial.planned_start, trial.planned_end)
    return "–".join(date_format(day, "SHORT_DATE_FORMAT") for day in days if day)


def method_text(method: dict[str, Any], places: int) -> str:
    """A method in words with its values, e.g. "Enkel loddtrekning". `places`: those that the ratio takes once.

    Blocks are kept as how many times the ratio goes into one, and told as how many people there are in one.
    """
    if not method:
        return ""
    label = METHODS[method["kind"]][0] if method["kind"] in METHODS else method["kind"]
    labels = MethodForm.base_fields
    told = method | {"multipliers": [places * times for times in method.get("multipliers", ())]}
    values = [f"{labels[FIELDS.get(name, name)].label}: {_listed(told[name])}" for name in method if name != "kind"]
    return f"{label} ({'; '.join(values)})" if values else str(label)


def _strata_text(trial: Trial) -> str:
    if trial.unit == Unit.CLUSTER or not trial.strata_by:
        return _("Én trekning for alle")
    return ", ".join(_("kontor") if name == OFFICE else name for name in trial.strata_by)


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
