"""What an auditor looks for among the events of a trial."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.audit import clock
from trial.home.deeds import DEEDS

DAY = {"inputmode": "numeric", "autocomplete": "off"}


class EventFilter(forms.Form):
    """Which events; nothing filled in is all of them."""

    verb = forms.ChoiceField(label=_("Hva"), required=False)
    actor = forms.CharField(label=_("Brukernavn"), max_length=150, required=False, validators=[no_national_id])
    subject = forms.CharField(label=_("Gjelder"), max_length=80, required=False, validators=[no_national_id])
    since = forms.DateField(label=_("Fra og med"), required=False, widget=forms.DateInput(attrs=DAY))
    until = forms.DateField(label=_("Til og med"), required=False, widget=forms.DateInput(attrs=DAY))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        words = sorted(((verb, str(words)) for verb, words in DEEDS.items()), key=lambda choice: choice[1])
        self.fields["verb"].choices = [("", _("Alt")), *words]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """What the rows must have; empty where the form is invalid, which the page then says."""
        given = self.cleaned_data if self.is_valid() else {}
        wanted = {
            "verb": given.get("verb"),
            "actor__iexact": given.get("actor"),
            "subject__iexact": given.get("subject"),
            "time__gte": _moment(given.get("since"), time.min),
            "time__lte": _moment(given.get("until"), time.max),
        }
        return {name: value for name, value in wanted.items() if value}


def _moment(day: date | None, at: time) -> datetime | None:
    """A time of a day in Norway."""
    return datetime.combine(day, at, tzinfo=clock.OSLO) if day else None
