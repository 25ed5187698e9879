"""Forms of the lock and the opening. What cannot be is refused by the actions."""

import json
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

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
    )
    reason = forms.CharField(
        label=_("Begrunnelse"),
        help_text=_("Må fylles ut når trekningen er lett å forutse."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
    )

    def __init__(self, *args: Any, attended: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not attended:
            del self.fields["researcher_commitment"]


class BeaconForm(forms.Form):
    value = forms.CharField(label=_("Verdien, heksadesimalt"), max_length=512)


class OpeningForm(forms.Form):
    """The key file is needed once, at the request or at the approval."""

    key_file = forms.FileField(
        label=_("Forskerens nøkkelfil"),
        help_text=_("Legges ved av forskeren. Når forsøket er åpnet, blir nøkkelen en del av bevisene."),
        required=False,
    )

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
