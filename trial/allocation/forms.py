"""Forms of the lock and the opening. What cannot be is refused by the actions."""

import json
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.allocation.states import CORRECTIONS
from trial.studies.models import Office

LARGEST_KEY_FILE = 10_000


class ProposalForm(forms.Form):
    researcher_commitment = forms.CharField(
        label=_("Forskerens forpliktelse"),
        help_text=_("64 tegn. Forskeren lager nøkkelfilen på sin egen maskin og sender bare denne linjen."),
        max_length=80,
        required=False,
    )
    beacon = forms.CharField(
        label=_("Offentlig verdi det skal ventes på"),
        help_text=_("Kan stå tom. For eksempel en lottotrekning som ikke har skjedd ennå."),
        max_length=120,
        required=False,
        validators=[no_national_id],
    )
    reason = forms.CharField(
        label=_("Begrunnelse"),
        help_text=_("Må fylles ut når trekningen er lett å forutse."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
        validators=[no_national_id],
    )

    def __init__(self, *args: Any, attended: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not attended:
            del self.fields["researcher_commitment"]


class BeaconForm(forms.Form):
    value = forms.CharField(label=_("Verdien, heksadesimalt"), max_length=512)


class RecoveryForm(forms.Form):
    reason = forms.CharField(
        label=_("Hvordan ble nøkkelen borte"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        validators=[no_national_id],
    )


class CorrectionForm(forms.Form):
    """What went wrong with an enrolment; each kind needs one value of its own."""

    kind = forms.ChoiceField(
        label=_("Hva har skjedd"),
        choices=[(kind.value, label) for kind, label in CORRECTIONS.items()],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Forklaring"),
        help_text=_("Skriv ikke navn eller fødselsnummer."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        validators=[no_national_id],
    )
    other = forms.CharField(
        label=_("Det andre deltakernummeret"),
        help_text=_("Når samme person er meldt inn to ganger."),
        max_length=20,
        required=False,
    )

    def __init__(self, *args: Any, strata: list[str], offices: list[Office], **options: Any) -> None:
        super().__init__(*args, **options)
        named = [(office.nav_office.number, str(office)) for office in offices]
        self.fields["stratum"] = _choice(
            _("Riktig stratum"), _("Når personen er meldt inn i feil stratum."), [(name, name) for name in strata]
        )
        self.fields["office"] = _choice(_("Nytt kontor"), _("Når personen har flyttet."), named)


def _choice(label: Any, help_text: Any, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, help_text=help_text, choices=[("", _("Velg")), *choices], required=False)


class OpeningForm(forms.Form):
    """The key file is needed once, at the request or at the approval."""

    key_file = forms.FileField(
        label=_("Forskerens nøkkelfil"),
        help_text=_("Legges ved av forskeren. Når forsøket er åpnet, blir nøkkelen en del av bevisene."),
        required=False,
    )

    step = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, files: Any, *, step: str) -> None:
        """`step`: what is offered now, whatever the page that was sent had offered."""
        super().__init__({"step": step} if data else None, files, initial={"step": step})

    def clean(self) -> dict[str, Any]:
        file = (super().clean() or {}).get("key_file")
        return {"researcher_seed": _seed_in(file) if file else None}


def _seed_in(file: "UploadedFile[Any]") -> bytes:
    try:
        if (file.size or 0) > LARGEST_KEY_FILE:
            raise ValueError
        return bytes.fromhex(json.loads(file.read())["seed"])
    except (ValueError, KeyError, TypeError) as problem:
        raise forms.ValidationError({"key_file": _("Dette er ikke en nøkkelfil.")}) from problem
