"""How each kind of row is corrected: its form and its action. What is not here can only be taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trial.followup import actions
from trial.followup.forms import ContactCorrectionForm, JobCorrectionForm, MeasureCorrectionForm
from trial.followup.models import Contact, Job, Measure
from trial.followup.queries.work import employers_at

Data = Mapping[str, Any] | None


@dataclass(frozen=True)
class Correction:
    """`form` and `action` are None where a row is only taken back, and written anew."""

    label: str | Promise
    form: Callable[[Any, Data], forms.Form] | None = None
    action: Callable[..., Any] | None = None


def _contact_form(row: Contact, data: Data) -> forms.Form:
    return ContactCorrectionForm(
        data, initial=ContactCorrectionForm.initial_of(row), employers=employers_at(row.office)
    )


def _measure_form(row: Measure, data: Data) -> forms.Form:
    return MeasureCorrectionForm(data, initial=MeasureCorrectionForm.initial_of(row))


def _job_form(row: Job, data: Data) -> forms.Form:
    return JobCorrectionForm(data, initial=JobCorrectionForm.initial_of(row), employers=employers_at(row.office))


CORRECTED = {
    "contact": Correction(_("Rett kontakten"), _contact_form, actions.correct_contact),
    "measure": Correction(_("Rett tiltaket"), _measure_form, actions.correct_measure),
    "job": Correction(_("Rett jobben"), _job_form, actions.correct_job),
    "enquiry": Correction(_("Ta tilbake henvendelsen")),
}
