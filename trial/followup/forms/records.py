"""The forms of what is recorded about one person: contacts, stages, measures, principles, deviations."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.audit import clock
from trial.followup.forms.parts import SHORT, RowChoice, day_field, free_text, measure_choices
from trial.followup.models import ContactKind, Counterpart, DeviationKind, Employer, PrincipleMark
from trial.followup.scales import PRINCIPLES
from trial.followup.states import LABELS, TRANSITIONS, Stage

USUAL_MINUTES = 30
NOTHING_SEEN = "-"


class ContactForm(forms.Form):
    """A contact; three choices and a button in the usual case.

    Script keeps it in the browser until it has arrived (`data-quick-log`), under its key: sent twice, it counts once.
    """

    kind = forms.ChoiceField(label=_("Hvordan"), choices=ContactKind.choices, initial=ContactKind.MEETING)
    counterpart = forms.ChoiceField(label=_("Med hvem"), choices=Counterpart.choices)
    minutes = forms.IntegerField(label=_("Minutter"), initial=USUAL_MINUTES, widget=forms.NumberInput(attrs=SHORT))
    day = day_field(_("Dato"), initial=clock.today)
    note = free_text(_("Notat"), required=False, length=1000)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self, *args: Any, employers: Iterable[Employer] = (), is_control: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        known = list(employers)
        if known:
            self.fields["employer"] = RowChoice(known, empty=_("Ingen"), label=_("Arbeidsgiver"), required=False)
            self.order_fields(["kind", "counterpart", "employer"])
        if is_control:
            self.fields["in_control"] = forms.BooleanField(
                label=_("Deltakeren er i kontrollgruppen, men kontakten har funnet sted"), required=False
            )


class StageForm(forms.Form):
    """Where the person goes from the present stage, and when."""

    day = day_field(_("Fra"), initial=clock.today)
    present = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, present: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["present"].initial = present
        self.fields["present"].required = False
        self.fields["day"].required = False
        seen = str(self.data.get("present", "")) if self.is_bound else present
        offered = TRANSITIONS[Stage(seen if seen in {stage.value for stage in Stage} else present)]
        self.fields["stage"] = forms.ChoiceField(
            label=_("Flytt til"),
            choices=[(stage.value, LABELS[stage]) for stage in Stage if stage in offered],
            widget=forms.RadioSelect,
        )
        self.order_fields(["stage", "day"])


class MeasureForm(forms.Form):
    """A measure from Nav's list, by group."""

    code = forms.ChoiceField(label=_("Tiltak"))
    start = day_field(_("Første dag"), initial=clock.today)
    end = day_field(_("Siste dag"), required=False, help_text=_("Tomt hvis det pågår."))
    provider = forms.CharField(label=_("Arrangør"), required=False, max_length=120, validators=[no_national_id])

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].choices = [("", _("Velg tiltak")), *measure_choices()]  # type: ignore[attr-defined]


class EndMeasureForm(forms.Form):
    end = day_field(_("Siste dag"), initial=clock.today)


class PrinciplesForm(forms.Form):
    """Which of the eight principles of IPS are attended to for the person."""

    principles = forms.MultipleChoiceField(
        label=_("Prinsipper"),
        choices=[(each.value, label) for each, label in PRINCIPLES.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    note = free_text(_("Notat"), required=False, help_text=_("Om prinsippene du merker av nå."))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, marked: Iterable[PrincipleMark] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        present = [mark.principle for mark in marked]
        self.fields["principles"].initial = present
        self.fields["seen"].initial = " ".join(present) or NOTHING_SEEN

    def clean_seen(self) -> list[str] | None:
        """What was marked when the form was shown; None where the form does not say."""
        seen = self.cleaned_data["seen"].split()
        return [each for each in seen if each != NOTHING_SEEN] if seen else None


class DeviationForm(forms.Form):
    """What departed from the protocol, and why."""

    kind = forms.ChoiceField(label=_("Hva avviker"), choices=DeviationKind.choices, widget=forms.RadioSelect)
    reason = free_text(_("Begrunnelse"), length=500)
    day = day_field(_("Dato"), initial=clock.today)


class ResolveForm(forms.Form):
    """Why something that a rule found happened, or what was done about it."""

    reason = free_text(_("Hva har skjedd, og hva er gjort?"), length=500)
