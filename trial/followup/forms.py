"""The forms of follow-up. What they return is what the actions take."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluation.codes import MEASURE_GROUPS, measures
from trial.access.free_text import no_national_id
from trial.access.models import User
from trial.audit import clock
from trial.followup.models import ContactKind, Counterpart, DeviationKind, EmploymentSpecialist
from trial.followup.policies import Load
from trial.followup.queries import Caseload, OfficeBoard
from trial.followup.states import LABELS, TRANSITIONS, Stage
from trial.studies.models import Membership, Office

USUAL_MINUTES = 30
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
    """A text written by people, in which no national id may stand."""
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(
        label=label, required=required, max_length=length, widget=widget, validators=[no_national_id], **options
    )


class ContactForm(forms.Form):
    """A contact; three choices and a button in the usual case."""

    kind = forms.ChoiceField(label=_("Hvordan"), choices=ContactKind.choices, initial=ContactKind.MEETING)
    counterpart = forms.ChoiceField(label=_("Med hvem"), choices=Counterpart.choices)
    minutes = forms.IntegerField(label=_("Minutter"), initial=USUAL_MINUTES, widget=forms.NumberInput(attrs=SHORT))
    day = forms.DateField(label=_("Dato"), initial=clock.today, widget=forms.DateInput(attrs=DATE))
    note = free_text(_("Notat"), required=False, length=1000)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class StageForm(forms.Form):
    """Where the person goes from the present stage."""

    def __init__(self, *args: Any, present: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["stage"] = forms.ChoiceField(
            label=_("Flytt til"),
            choices=[(stage.value, LABELS[stage]) for stage in Stage if stage in TRANSITIONS[Stage(present)]],
            widget=forms.RadioSelect,
        )


class MeasureForm(forms.Form):
    """A measure from Nav's list, by group."""

    code = forms.ChoiceField(label=_("Tiltak"))
    start = forms.DateField(label=_("Første dag"), initial=clock.today, widget=forms.DateInput(attrs=DATE))
    end = forms.DateField(
        label=_("Siste dag"), required=False, widget=forms.DateInput(attrs=DATE), help_text=_("Tomt hvis det pågår.")
    )
    provider = forms.CharField(label=_("Arrangør"), required=False, max_length=120, validators=[no_national_id])

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].choices = [("", _("Velg tiltak")), *measure_choices()]  # type: ignore[attr-defined]


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


class EndMeasureForm(forms.Form):
    end = forms.DateField(label=_("Siste dag"), initial=clock.today, widget=forms.DateInput(attrs=DATE))


class DeviationForm(forms.Form):
    """What departed from the protocol, and why."""

    kind = forms.ChoiceField(label=_("Hva avviker"), choices=DeviationKind.choices, widget=forms.RadioSelect)
    reason = free_text(_("Begrunnelse"), length=500)
    day = forms.DateField(label=_("Dato"), initial=clock.today, widget=forms.DateInput(attrs=DATE))


class SpecialistChoice(forms.TypedChoiceField):
    """A specialist, shown with the load; gives the specialist."""

    def __init__(self, caseloads: Iterable[Caseload], **options: Any) -> None:
        known = {str(each.specialist.pk): each for each in caseloads}
        super().__init__(
            choices=[(key, _shown(each.specialist, each.load)) for key, each in known.items()],
            coerce=lambda key: known[key].specialist,
            **options,
        )


def _shown(specialist: EmploymentSpecialist, load: Load) -> str:
    return _("%(name)s: %(people)s av %(capacity)s") % {
        "name": specialist,
        "people": load.people,
        "capacity": load.capacity,
    }


OVERLOAD: dict[str, Any] = {
    "label": _("Hvorfor kapasiteten overskrides"),
    "required": False,
    "help_text": _("Må fylles ut når jobbspesialisten ikke har ledig plass."),
}


class AssignForm(forms.Form):
    """Gives someone on an office's waiting list to a specialist: the first in line, to the one with most room."""

    def __init__(self, data: Any = None, *, board: OfficeBoard) -> None:
        super().__init__(data, prefix=f"office-{board.office.pk}")
        people = {each.participant.number: each.participant for each in board.waiting}
        self.fields["participant"] = forms.TypedChoiceField(
            label=_("Deltaker"), choices=[(number, number) for number in people], coerce=people.__getitem__
        )
        self.fields["specialist"] = SpecialistChoice(
            board.caseloads,
            label=_("Jobbspesialist"),
            initial=board.proposal.specialist.pk if board.proposal else None,
            help_text=_("Den med mest ledig plass er foreslått."),
        )
        self.fields["reason"] = free_text(**OVERLOAD)


class TransferForm(forms.Form):
    """Moves someone to a colleague."""

    def __init__(self, *args: Any, caseloads: Iterable[Caseload], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to"] = SpecialistChoice(caseloads, label=_("Ny jobbspesialist"))
        self.fields["hand_over"] = free_text(_("Overlevering"), length=500, help_text=_("Hva neste bør vite."))
        self.fields["reason"] = free_text(**OVERLOAD)


class EndAssignmentForm(forms.Form):
    reason = free_text(_("Begrunnelse"))


class PositionForm(forms.Form):
    """A share of a full position, and its last day when it ends."""

    position_share = forms.IntegerField(
        label=_("Stilling i prosent"), min_value=1, max_value=100, initial=100, widget=forms.NumberInput(attrs=SHORT)
    )
    valid_to = forms.DateField(
        label=_("Siste dag i stillingen"),
        required=False,
        widget=forms.DateInput(attrs=DATE),
        help_text=_("Tomt så lenge stillingen varer."),
    )


class AppointForm(forms.Form):
    """Gives someone with the role of job specialist a position at the office of the role."""

    def __init__(self, *args: Any, candidates: Iterable[Membership], **options: Any) -> None:
        super().__init__(*args, **options)
        known = {str(each.pk): each for each in candidates}
        self.fields["member"] = forms.TypedChoiceField(
            label=_("Jobbspesialist"),
            choices=[(key, f"{each.user}, {each.office}") for key, each in known.items()],
            coerce=known.__getitem__,
        )
        self.fields["position_share"] = PositionForm.base_fields["position_share"]

    def clean(self) -> dict[str, User | Office | int]:
        given = self.cleaned_data
        if self.errors:
            return given
        member = given["member"]
        return {"user": member.user, "office": member.office, "position_share": given["position_share"]}
