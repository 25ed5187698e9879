"""The forms of employers, enquiries and jobs."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from trial.audit import clock
from trial.enrolment.models import Participant
from trial.followup.forms.parts import RowChoice, day_field, free_text, version_field
from trial.followup.models import Employer, Job, JobEnd, JobFound, JobKind, Outcome
from trial.followup.policies import MOST_HOURS_A_WEEK
from trial.studies.models import Office


class EmployerForm(forms.Form):
    """An employer, by the organisation number."""

    organisation_number = forms.CharField(
        label=_("Organisasjonsnummer"),
        max_length=20,
        widget=forms.TextInput(attrs={"size": 14, "inputmode": "numeric"}),
        help_text=_("Ni sifre, med eller uten mellomrom."),
    )
    name = free_text(_("Navn"), length=120, rows=1)
    industry = free_text(_("Bransje"), required=False, length=80, rows=1)
    place = free_text(_("Sted"), required=False, length=80, rows=1)

    def __init__(self, *args: Any, offices: Iterable[Office], **options: Any) -> None:
        super().__init__(*args, **options)
        known = list(offices)
        choice = RowChoice(known, label=_("Kontor"))
        choice.initial = str(known[0].pk) if known else None
        if len(known) == 1:
            choice.widget = forms.HiddenInput()
        self.fields["office"] = choice


class EmployerChangeForm(forms.Form):
    """What is written about an employer; the number stays."""

    name = EmployerForm.base_fields["name"]
    industry = EmployerForm.base_fields["industry"]
    place = EmployerForm.base_fields["place"]
    version = version_field()


class EnquiryForm(forms.Form):
    """An enquiry in three choices; for someone of the own people, or in general."""

    outcome = forms.ChoiceField(label=_("Hva ble svaret?"), choices=Outcome.choices)
    day = day_field(_("Dato"), initial=clock.today)
    note = free_text(_("Notat"), required=False, length=500)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, people: Iterable[Participant] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        known = {person.number: person for person in people}
        self.fields["participant"] = forms.TypedChoiceField(
            label=_("For hvem"),
            choices=[("", _("Ingen bestemt")), *((number, number) for number in known)],
            coerce=known.__getitem__,
            empty_value=None,
            required=False,
        )
        self.order_fields(["outcome", "participant"])


class PersonEnquiryForm(forms.Form):
    """An enquiry for one person: which employer, and what came of it."""

    outcome = EnquiryForm.base_fields["outcome"]
    day = EnquiryForm.base_fields["day"]
    note = EnquiryForm.base_fields["note"]
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, employers: Iterable[Employer], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["employer"] = RowChoice(employers, label=_("Arbeidsgiver"))
        self.order_fields(["employer", "outcome"])


def _hours() -> forms.DecimalField:
    return forms.DecimalField(
        label=_("Timer i uken"),
        max_digits=4,
        decimal_places=1,
        localize=True,
        validators=[MaxValueValidator(MOST_HOURS_A_WEEK)],
        widget=forms.TextInput(attrs={"size": 6, "inputmode": "decimal"}),
    )


def _terms() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=_("Ansettelse"),
        choices=[("1", _("Fast")), ("0", _("Midlertidig"))],
        coerce=lambda chosen: chosen == "1",
        widget=forms.RadioSelect,
    )


class JobForm(forms.Form):
    """A job that someone got."""

    kind = forms.ChoiceField(label=_("Hva slags arbeid"), choices=JobKind.choices)
    hours = _hours()
    permanent = _terms()
    start = day_field(_("Første dag"), initial=clock.today)
    found = forms.ChoiceField(label=_("Hvordan ble jobben funnet?"), choices=JobFound.choices)
    developed = forms.BooleanField(label=_("Jobben er laget for deltakeren"), required=False)

    def __init__(self, *args: Any, employers: Iterable[Employer], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["employer"] = RowChoice(employers, label=_("Arbeidsgiver"))
        self.order_fields(["employer"])


class JobChangeForm(forms.Form):
    """New hours or terms of a job, or its end with the reason."""

    hours = _hours()
    permanent = _terms()
    end = day_field(_("Siste dag"), required=False, help_text=_("Tomt så lenge jobben varer."))
    end_reason = forms.ChoiceField(
        label=_("Hvorfor tok jobben slutt?"), choices=[("", _("Jobben varer")), *JobEnd.choices], required=False
    )
    version = version_field()

    @staticmethod
    def initial_of(job: Job) -> dict[str, Any]:
        return {
            "hours": job.hours,
            "permanent": "1" if job.permanent else "0",
            "end": job.end,
            "end_reason": job.end_reason,
            "version": job.version,
        }
