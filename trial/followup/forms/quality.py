"""The forms of a trial's guidelines and of fidelity reviews."""

import re
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from trial.audit import clock
from trial.followup.actions.quality import HEAVIEST, LIGHTEST
from trial.followup.forms.parts import SHORT, RowChoice, day_field, free_text, version_field
from trial.followup.models import Guidelines, Template
from trial.followup.scales import HIGHEST, LOWEST, Scale
from trial.followup.states import LABELS, Stage
from trial.studies.models import Arm, Office


def _whole(label: Any, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, widget=forms.NumberInput(attrs=SHORT), **options)


class CodesField(forms.CharField):
    """Codes of measures with something between them, as a list."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=1000, **options)

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return sorted({code.upper() for code in re.split(r"[\s,;]+", super().clean(value)) if code})


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        value = " ".join(value)
    return "–" if value in (None, "") else str(dict(Template.choices).get(value, value))


class GuidelinesForm(forms.Form):
    """How follow-up is done in the trial: template, capacity, weights by stage, time limits, measures not allowed."""

    template = forms.ChoiceField(label=_("Mal for oppfølgingen"), choices=Template.choices, widget=forms.RadioSelect)
    supervisor_capacity = _whole(_("Deltakere per metodeveileder i full stilling"), min_value=0, max_value=50)
    days_to_assign = _whole(_("Dager fra loddtrekning til jobbspesialist"), min_value=1, max_value=365)
    days_to_contact = _whole(_("Dager fra loddtrekning til første kontakt"), min_value=1, max_value=365)
    version = version_field()

    def __init__(self, *args: Any, arms: Iterable[Arm], **options: Any) -> None:
        super().__init__(*args, **options)
        self.arms = list(arms)
        for stage in Stage:
            self.fields[f"weight_{stage}"] = _whole(
                _("Vekt i fasen «%(stage)s»") % {"stage": LABELS[stage]},
                required=False,
                validators=[MinValueValidator(LIGHTEST), MaxValueValidator(HEAVIEST)],
                help_text=_("Hundredeler av en person. Tomt: en hel person."),
            )
        for arm in self.arms:
            self.fields[f"barred_{arm.code}"] = CodesField(
                label=_("Tiltak som ikke er tillatt i gruppen «%(arm)s»") % {"arm": arm},
                help_text=_("Arena-koder med mellomrom mellom, for eksempel INDOPPFAG UTVAOONAV."),
            )

    def in_force(self) -> list[tuple[Any, str]]:
        """Every rule in words as it stands, for whoever typed while someone else saved."""
        rules = [(field.label, self.initial.get(name)) for name, field in self.fields.items() if name != "version"]
        return [(label, _in_words(value)) for label, value in rules]

    def initial_for(self, guidelines: Guidelines) -> "GuidelinesForm":
        """Fill the form with the rules in force."""
        plain = ("template", "supervisor_capacity", "days_to_assign", "days_to_contact", "version")
        self.initial = {
            **{name: getattr(guidelines, name) for name in plain},
            **{f"weight_{stage}": weight for stage, weight in guidelines.weights.items()},
            **{f"barred_{arm}": codes for arm, codes in guidelines.barred.items()},
        }
        return self

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        weights = {stage.value: given.pop(f"weight_{stage}") for stage in Stage}
        return {
            **{name: value for name, value in given.items() if not name.startswith("barred_")},
            "weights": {stage: weight for stage, weight in weights.items() if weight},
            "barred": {arm.code: given[f"barred_{arm.code}"] for arm in self.arms},
        }


class ReviewForm(forms.Form):
    """A fidelity scale, item by item."""

    day = day_field(_("Dato for vurderingen"), initial=clock.today)
    reviewers = free_text(_("Hvem har vurdert"), length=200, rows=1)
    remarks = free_text(_("Merknader"), required=False, length=1000)

    def __init__(self, *args: Any, scale: Scale, offices: Iterable[Office], **options: Any) -> None:
        super().__init__(*args, **options)
        self.scale = scale
        self.fields["office"] = RowChoice(offices, label=_("Kontor"))
        for item in scale.items:
            self.fields[item.code] = forms.TypedChoiceField(
                label=cast(Any, item.label),
                choices=[(str(score), str(score)) for score in range(LOWEST, HIGHEST + 1)],
                coerce=int,
                widget=forms.RadioSelect,
            )
        self.order_fields(["office", "day", "reviewers", *(item.code for item in scale.items), "remarks"])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        scores = {item.code: given.pop(item.code) for item in self.scale.items}
        return {**given, "scores": scores}
