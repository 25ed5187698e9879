"""The forms of what was written wrong: filled in with what stands, and a reason. They return what the actions take."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.followup.forms.parts import day_field, version_field
from trial.followup.forms.records import ContactForm, MeasureForm
from trial.followup.forms.work import JobChangeForm, JobForm
from trial.followup.models import CORRECTIONS, TAKING_BACK, Contact, Job, Measure, Retraction


def _why(reasons: Collection[Retraction], **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Hvorfor"), choices=[(each.value, each.label) for each in reasons], **options)


class ContactCorrectionForm(ContactForm):
    reason = _why(CORRECTIONS)

    @staticmethod
    def initial_of(row: Contact) -> dict[str, Any]:
        return {
            "kind": row.kind,
            "counterpart": row.counterpart,
            "employer": row.employer_id,
            "minutes": row.minutes,
            "day": row.day,
            "note": row.note,
        }


class MeasureCorrectionForm(MeasureForm):
    reason = _why(CORRECTIONS)
    version = version_field()

    @staticmethod
    def initial_of(row: Measure) -> dict[str, Any]:
        return {
            "code": row.code,
            "start": row.start,
            "end": row.end,
            "provider": row.provider,
            "version": row.version,
        }


class JobCorrectionForm(JobForm):
    end = day_field(_("Siste dag"), required=False, help_text=_("Tomt så lenge jobben varer."))
    end_reason = JobChangeForm.base_fields["end_reason"]
    reason = _why(CORRECTIONS)
    version = version_field()

    @staticmethod
    def initial_of(row: Job) -> dict[str, Any]:
        fields = ("kind", "found", "developed", "start")
        return (
            JobChangeForm.initial_of(row)
            | {name: getattr(row, name) for name in fields}
            | {"employer": row.employer_id}
        )


class TakeBackForm(forms.Form):
    """Why something should never have been written."""

    reason = _why(TAKING_BACK)
