"""The forms of positions and caseloads. What they return is what the actions take."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.audit import clock
from trial.followup.forms.parts import SHORT, RowChoice, day_field, free_text, version_field
from trial.followup.models import EmploymentSpecialist
from trial.followup.queries import Caseload, OfficeBoard
from trial.studies.models import Membership


class SpecialistChoice(forms.TypedChoiceField):
    """A specialist, shown with the load; gives the specialist. Those who are not there are no choice."""

    def __init__(self, caseloads: Iterable[Caseload], **options: Any) -> None:
        known = {str(each.specialist.pk): each for each in caseloads if each.is_there}
        super().__init__(
            choices=[(key, shown(each)) for key, each in known.items()],
            coerce=lambda key: known[key].specialist,
            **options,
        )


def shown(caseload: Caseload) -> str:
    """A specialist with the load, and until when away."""
    named = {"name": caseload.specialist, "people": caseload.load.people, "capacity": caseload.load.capacity}
    if caseload.back:
        return _("%(name)s: %(people)s av %(capacity)s (borte)") % named
    return _("%(name)s: %(people)s av %(capacity)s") % named


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
        self.fields["specialist"] = SpecialistChoice(caseloads, label=_("Ny jobbspesialist"))
        self.fields["hand_over"] = free_text(_("Overlevering"), length=500, help_text=_("Hva neste bør vite."))
        self.fields["reason"] = free_text(**OVERLOAD)


class EndAssignmentForm(forms.Form):
    reason = free_text(_("Begrunnelse"))


class PositionForm(forms.Form):
    """A share of a full position, its team and supervisor, its first day, and its last when it ends."""

    position_share = forms.IntegerField(
        label=_("Stilling i prosent"), min_value=1, max_value=100, initial=100, widget=forms.NumberInput(attrs=SHORT)
    )
    team = free_text(_("Team"), required=False, length=60, rows=1)
    valid_from = day_field(_("Første dag i stillingen"), required=False)
    valid_to = day_field(_("Siste dag i stillingen"), required=False, help_text=_("Tomt så lenge stillingen varer."))
    version = version_field()

    def __init__(self, *args: Any, supervisors: Iterable[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["supervisor"] = _supervisor(supervisors)
        self.order_fields(["position_share", "team", "supervisor"])

    @staticmethod
    def initial_of(specialist: EmploymentSpecialist) -> dict[str, Any]:
        return {
            "position_share": specialist.position_share,
            "team": specialist.team,
            "supervisor": specialist.supervisor_id,
            "valid_from": specialist.valid_from,
            "valid_to": specialist.valid_to,
            "version": specialist.version,
        }


class AppointForm(forms.Form):
    """Gives someone with the role of job specialist or supervisor a position at the office of the role."""

    def __init__(
        self, *args: Any, candidates: Iterable[Membership], supervisors: Iterable[User], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        known = {str(each.pk): each for each in candidates}
        self.fields["user"] = forms.TypedChoiceField(
            label=_("Person"),
            choices=[(key, f"{each.user}, {each.get_role_display()}, {each.office}") for key, each in known.items()],
            coerce=known.__getitem__,
        )
        self.fields["position_share"] = PositionForm.base_fields["position_share"]
        self.fields["team"] = PositionForm.base_fields["team"]
        self.fields["supervisor"] = _supervisor(supervisors)
        self.fields["valid_from"] = day_field(_("Første dag i stillingen"), initial=clock.today, required=False)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        member = given.pop("user")
        return {"user": member.user, "office": member.office, **given}


class AbsenceForm(forms.Form):
    """The days of an absence; nobody is asked why."""

    start = day_field(_("Første dag"), initial=clock.today)
    end = day_field(_("Siste dag"))


def _supervisor(supervisors: Iterable[User]) -> RowChoice:
    return RowChoice(supervisors, empty=_("Ingen"), label=_("Metodeveileder"), required=False)
