"""What the style guide shows: each component in its states, with made-up content."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

OFFICES = [("", _("Velg kontor")), ("0104", "Nav Moss"), ("0136", "Nav Rygge"), ("0627", "Nav Røyken")]


class ShowcaseForm(forms.Form):
    """One field of each kind."""

    number = forms.CharField(
        label=_("Deltakernummer"), help_text=_("For eksempel MOS-7K4Q-3"), widget=forms.TextInput(attrs={"size": 12})
    )
    born = forms.DateField(label=_("Dato"))
    weeks = forms.IntegerField(label=_("Uker"), min_value=0, required=False)
    office = forms.ChoiceField(label=_("Nav-kontor"), choices=OFFICES)
    allowance = forms.ChoiceField(
        label=_("Mottar personen AAP?"), choices=[("yes", _("Ja")), ("no", _("Nei"))], widget=forms.RadioSelect
    )
    sources = forms.MultipleChoiceField(
        label=_("Registre"),
        help_text=_("Velg alle som samtykket dekker"),
        choices=[("aa", _("Arbeidsforhold")), ("yt", _("Ytelser"))],
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label=_("Merknad"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    file = forms.FileField(label=_("Fil"), required=False)
    password = forms.CharField(label=_("Passord"), widget=forms.PasswordInput, required=False)
    remember = forms.BooleanField(label=_("Husk meg"), required=False)
    consent = forms.BooleanField(
        label=_("Personen samtykker"),
        help_text=_("Samtykket er frivillig og kan trekkes når som helst."),
        widget=forms.CheckboxInput(attrs={"data-panel": "true"}),
    )


def showcase(request: HttpRequest) -> dict[str, Any]:
    """The context of the style guide's page."""
    return {
        "form": ShowcaseForm(initial={"office": "0104", "allowance": "yes", "sources": ["aa"], "remember": True}),
        "faulty": ShowcaseForm({"faulty-number": "MOS", "faulty-born": "31.02.2020"}, prefix="faulty"),
        "page": Paginator(range(200), 10).get_page(request.GET.get("page", 4)),
        "steps": _steps(),
        "tabs": [{"label": label, "url": "#", "active": index == 0} for index, label in enumerate(TABS)],
        "events": _events(),
        "facts": [{"label": _("Kontor"), "value": "Nav Moss"}, {"label": _("Deltakernummer"), "value": "MOS-7K4Q-3"}],
        "columns": [
            {"label": _("Utfall")},
            {"label": _("Intervensjonsgruppe"), "numeric": True},
            {"label": _("Kontrollgruppe"), "numeric": True},
        ],
        "rows": [[_("Måneder i arbeid"), "10,9", "8,9"], [_("Måneder med AAP"), "18,2", "19,6"]],
        "cell_rows": [
            [{"text": "MOS-7K4Q-3", "url": "#"}, {"text": _("Trukket"), "tag": "success"}, 12],
            [{"text": "RYG-2H8M-5", "url": "#"}, {"text": _("Venter"), "tag": "warning"}, 3],
        ],
        "cell_columns": [{"label": _("Deltaker")}, {"label": _("Status")}, {"label": _("Uker"), "numeric": True}],
        "spec": chart_specification(),
        **progress(""),
        "sentence": _("Et eksempel på en kort, aktiv setning."),
    }


def progress(asked: str) -> dict[str, Any]:
    """Where a progress that takes three steps stands, and which step is next."""
    step = min(int(asked), LAST_STEP) if asked.isdecimal() else 0
    return {"step": step, "next": str(step + 1), "done": step == LAST_STEP}


LAST_STEP = 3
TABS = [_("Deltakere"), _("Portefølje"), _("Resultater")]


def chart_specification() -> dict[str, Any]:
    """Two lines with a band: the shape of the figures of effects and shares."""
    values = [
        {"month": month, "group": group, "share": base + gain * min(month, 24) / 24}
        for group, base, gain in (("Tiltak", 0.10, 0.35), ("Kontroll", 0.10, 0.25))
        for month in range(37)
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "tooltip": True},
        "encoding": {
            "x": {"field": "month", "type": "quantitative", "title": "Måned"},
            "y": {"field": "share", "type": "quantitative", "title": "Andel i arbeid", "axis": {"format": ".0%"}},
            "color": {"field": "group", "type": "nominal", "title": None, "sort": ["Tiltak", "Kontroll"]},
        },
    }


def _steps() -> list[dict[str, Any]]:
    return [
        {"label": _("Krav for å delta"), "url": "#", "state": "done"},
        {"label": _("Person"), "state": "active"},
        {"label": _("Samtykke"), "state": "todo"},
        {"label": _("Oppsummering"), "state": "todo"},
    ]


def _events() -> list[dict[str, Any]]:
    return [
        {"title": _("Samtykke"), "time": "3.2.2014", "status": "completed"},
        {"title": _("Loddtrekning"), "time": "4.2.2014", "status": "active", "text": _("Venter på forskeren.")},
        {"title": _("Oppfølging"), "status": "uncompleted"},
    ]
