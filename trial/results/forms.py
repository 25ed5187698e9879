"""What people fill in about releases."""

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id


class RequestForm(forms.Form):
    """A word to the output checker."""

    note = forms.CharField(
        label=_("Merknad til kontrolløren"),
        max_length=500,
        required=False,
        validators=[no_national_id],
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RefuseForm(forms.Form):
    """Why results are kept back."""

    reason = forms.CharField(
        label=_("Begrunnelse"),
        max_length=500,
        validators=[no_national_id],
        widget=forms.Textarea(attrs={"rows": 3}),
    )
