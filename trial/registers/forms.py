"""What people fill in about deliveries."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.registers.queries import registers_of
from trial.studies.models import Trial


class DeliveryForm(forms.Form):
    """A file, the register it comes from and who sent it."""

    register = forms.ChoiceField(label=_("Register"))
    source = forms.CharField(
        label=_("Kilde"), max_length=200, help_text=_("Hvem som leverte filen, og eventuelt saksnummer.")
    )
    file = forms.FileField(
        label=_("Fil"),
        help_text=_("Filen skal ha deltakernumre, aldri fødselsnumre. Første linje er kolonnenavn."),
        max_length=200,
    )

    def __init__(self, *args: Any, trial: Trial, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["register"].choices = [("", _("Velg register")), *registers_of(trial).items()]  # type: ignore[attr-defined]


class RejectForm(forms.Form):
    """Why a delivery is turned down, in words for the register owner."""

    reason = forms.CharField(label=_("Begrunnelse"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
