"""What people fill in about deliveries."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.columns import REGISTERS, suggested_columns
from trial.access.free_text import no_national_id
from trial.registers.models import Delivery
from trial.registers.queries import registers_of
from trial.registers.reasons import COLUMNS
from trial.studies.models import Trial


class DeliveryForm(forms.Form):
    """A file, the register it comes from and who sent it."""

    register = forms.ChoiceField(label=_("Register"))
    source = forms.CharField(
        label=_("Registereier"),
        max_length=200,
        help_text=_("Hvem som leverte filen, for eksempel SSB. Kolonnenavnene huskes for hver registereier."),
        validators=[no_national_id],
    )
    file = forms.FileField(
        label=_("Fil"),
        help_text=_(
            "Deltakernumre, aldri fødselsnumre. CSV, Excel, Parquet, Stata, SAS, SPSS eller JSON fra Aa-registeret, "
            "gjerne zippet."
        ),
        max_length=200,
    )

    def __init__(self, *args: Any, trial: Trial, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["register"].choices = [("", _("Velg register")), *registers_of(trial).items()]  # type: ignore[attr-defined]


class RejectForm(forms.Form):
    """Why a delivery is turned down, in words for the register owner."""

    reason = forms.CharField(
        label=_("Begrunnelse"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[no_national_id],
    )


class ColumnsForm(forms.Form):
    """Which column of the file is which of the register."""

    def __init__(self, *args: Any, delivery: Delivery, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        header = delivery.report.get("header", [])
        chosen = {wanted: name for name, wanted in delivery.columns.items()}
        initial = suggested_columns(delivery.register, header) | chosen
        for column in REGISTERS[delivery.register].columns:
            self.fields[column.name] = forms.ChoiceField(
                label=COLUMNS.get(column.name, column.name),
                choices=[("", _("Finnes ikke i filen")), *((name, name) for name in header)],
                required=column.required,
                initial=initial.get(column.name, ""),
                help_text=column.name,
            )

    def clean(self) -> dict[str, Any]:
        """Turn the choices round: column of the file -> column of the register.

        Raises:
            ValidationError: one column of the file was chosen twice.
        """
        chosen = {wanted: name for wanted, name in super().clean().items() if name}  # type: ignore[union-attr]
        if len(set(chosen.values())) < len(chosen):
            raise forms.ValidationError(_("Den samme kolonnen i filen er valgt to ganger."))
        return {"columns": {name: wanted for wanted, name in chosen.items()}}


class DropForm(forms.Form):
    """A file of the drop folder, the register it comes from and who sent it."""

    name = forms.ChoiceField(label=_("Fil"))
    register = forms.ChoiceField(label=_("Register"))
    source = forms.CharField(label=_("Registereier"), max_length=200, validators=[no_national_id])

    def __init__(self, *args: Any, trial: Trial, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        registers = [("", _("Velg register")), *registers_of(trial).items()]
        self.fields["name"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.fields["register"].choices = registers  # type: ignore[attr-defined]


class RetentionForm(forms.Form):
    """The last day on which the register data may be kept."""

    until = forms.DateField(label=_("Siste dag"), help_text=_("dd.mm.åååå. Dagen etter slettes alle filene."))


class KeyFileForm(forms.Form):
    """Which register owner gets a key file, and the key that it is encrypted to."""

    register = forms.ChoiceField(label=_("Register"))
    owner = forms.CharField(
        label=_("Hvem skal ha filen"),
        help_text=_("Virksomhet og kontaktperson hos registereieren."),
        max_length=200,
        validators=[no_national_id],
    )
    recipient = forms.CharField(
        label=_("Registereierens offentlige age-nøkkel"),
        help_text=_("Begynner med age1. Registereieren lager nøkkelen og beholder den hemmelige delen."),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, trial: Trial) -> None:
        super().__init__(data)
        self.fields["register"].choices = list(registers_of(trial).items())  # type: ignore[attr-defined]
