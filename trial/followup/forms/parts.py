"""Parts that the forms of this room share."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.codes import MEASURE_GROUPS, measures
from trial.access.free_text import no_national_id

SHORT, DATE = {"size": 6, "inputmode": "numeric"}, {"size": 12}
GROUPS = {
    "work_practice": _("Arbeidstrening og arbeidspraksis"),
    "wage_subsidy": _("Lønnstilskudd"),
    "follow_up": _("Oppfølging"),
    "training": _("Opplæring"),
    "clarification": _("Avklaring"),
    "sheltered_work": _("Tilrettelagt arbeid"),
    "other_measure": _("Andre tiltak"),
}


def free_text(
    label: Any, *, required: bool = True, length: int = 300, rows: int = 2, **options: Any
) -> forms.CharField:
    """A text written by people, in which no national id may stand; of one row where `rows` is 1."""
    widget = forms.Textarea(attrs={"rows": rows}) if rows > 1 else forms.TextInput()
    return forms.CharField(
        label=label, required=required, max_length=length, widget=widget, validators=[no_national_id], **options
    )


def day_field(label: Any, **options: Any) -> forms.DateField:
    """A date as people write it."""
    return forms.DateField(label=label, widget=forms.DateInput(attrs=DATE), **options)


def version_field() -> forms.IntegerField:
    """What the reader has read, so that nobody overwrites what someone else has written meanwhile."""
    return forms.IntegerField(widget=forms.HiddenInput, required=False)


class RowChoice(forms.TypedChoiceField):
    """A choice among rows by their keys; gives the row itself, or None where it may be left out."""

    def __init__(self, rows: Iterable[Any], *, empty: Any = None, **options: Any) -> None:
        known = {str(row.pk): row for row in rows}
        first = [("", empty)] if empty is not None else []
        super().__init__(
            choices=[*first, *((key, str(row)) for key, row in known.items())],
            coerce=known.__getitem__,
            empty_value=None,
            **options,
        )


def measure_choices() -> list[tuple[Any, list[tuple[str, str]]]]:
    """Nav's measures by group; those being phased out stand last in their group, and say so."""
    return [
        (
            GROUPS[group],
            [
                (code.code, f"{code.name} ({_('utfases')})" if code.status == "phasing_out" else code.name)
                for code in sorted(measures().values(), key=lambda each: (each.status == "phasing_out", each.name))
                if code.group == group
            ],
        )
        for group in MEASURE_GROUPS
    ]
