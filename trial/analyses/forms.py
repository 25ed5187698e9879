"""What people fill in about plans."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id


class Indented(json.JSONEncoder):
    """JSON as people read it; the hash is of the canonical spelling, whatever stands here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"indent": 2, "separators": (",", ": ")})


class PlanForm(forms.Form):
    """A plan as JSON, for `actions.propose_plan`."""

    content = forms.JSONField(
        label=_("Analyseplan (JSON)"),
        help_text=_('Tall med desimaler skrives som tekst, for eksempel "0.05".'),
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false"}),
        encoder=Indented,
        error_messages={"invalid": _("Dette er ikke gyldig JSON.")},
    )

    def clean_content(self) -> dict[str, Any]:
        content = self.cleaned_data["content"]
        if not isinstance(content, dict):
            raise forms.ValidationError(_("Planen skal være et JSON-objekt."))
        return content


class ExploreForm(forms.Form):
    """What an exploratory run does otherwise than the plan, for `actions.request_run`."""

    deviations = forms.JSONField(
        label=_("Det som gjøres annerledes (JSON)"),
        help_text=_('Bare feltene som avviker, for eksempel {"covariance": "HC3"}.'),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        encoder=Indented,
        error_messages={"invalid": _("Dette er ikke gyldig JSON.")},
    )
    reason = forms.CharField(
        label=_("Hvorfor"), max_length=500, validators=[no_national_id], widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_deviations(self) -> dict[str, Any]:
        deviations = self.cleaned_data["deviations"]
        if not isinstance(deviations, dict):
            raise forms.ValidationError(_("Avvikene skal være et JSON-objekt."))
        return deviations


def readable(content: dict[str, Any]) -> str:
    """A plan's JSON, indented for reading."""
    return json.dumps(content, ensure_ascii=False, cls=Indented)
