"""The forms of a registration. What they return is what the actions take.

`complete` is false when someone goes back or leaves: then what is typed so far may be incomplete.
"""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.access.models import User
from trial.enrolment.coverage import COVERAGE
from trial.enrolment.models import Consent, ConsentForm, Criterion, EligibilityCheck
from trial.enrolment.states import WITHDRAWALS, Withdrawal, goes_further
from trial.identity.models import Person
from trial.studies.models import Office, Trial

SHEET = "trial.enrolment.sheet"  # what the keys of sheets are signed for
YES, NO = "yes", "no"
YES_OR_NO = [(YES, _("Ja")), (NO, _("Nei"))]
FACTOR_LABELS = {"sex": _("Kjønn"), "man": _("Mann"), "woman": _("Kvinne"), "age_group": _("Aldersgruppe")}


class EligibilityForm(forms.Form):
    """The criteria of the trial as questions, and the factors of its draw.

    Each new sheet has the key of the registration it becomes, so that a second click, or the way back and on again,
    saves the same one once more instead of beginning another.
    """

    def __init__(
        self, data: Any = None, *, trial: Trial, offices: list[Office], check: EligibilityCheck | None, complete: bool
    ) -> None:
        super().__init__(data, initial=_answers_of(check))
        self.check = check
        self.offices = [check.office] if check else offices
        self.criteria = list(trial.criteria.all())
        self.factors = trial.factors
        if len(self.offices) > 1:
            choices = [("", _("Velg kontor")), *((str(office.pk), str(office)) for office in self.offices)]
            self.fields["office"] = forms.ChoiceField(label=_("Nav-kontor"), choices=choices, required=True)
        if check is None:
            self.fields["sheet"] = forms.CharField(widget=forms.HiddenInput, required=False, initial=_new_sheet)
        for criterion in self.criteria:
            self.fields[f"criterion-{criterion.code}"] = _radio(str(criterion), YES_OR_NO, complete)
        for factor, levels in self.factors.items():
            choices = [(level, factor_label(level)) for level in levels]
            self.fields[f"factor-{factor}"] = _radio(factor_label(factor), choices, complete)

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if value}
        chosen = given.get("office")
        return {
            "check": self.check or EligibilityCheck(key=_key_of(given.get("sheet", ""))),
            "office": next((o for o in self.offices if chosen in (None, str(o.pk))), None),
            "answers": {c.code: given[key] == YES for c in self.criteria if (key := f"criterion-{c.code}") in given},
            "factors": {factor: given[key] for factor in self.factors if (key := f"factor-{factor}") in given},
        }


class PersonForm(forms.Form):
    """Who the person is."""

    name = forms.CharField(label=_("Navn"), max_length=120, validators=[no_national_id])
    national_id = forms.CharField(
        label=_("Fødselsnummer eller D-nummer"),
        help_text=_("11 siffer"),
        max_length=20,
        widget=forms.TextInput(attrs={"size": 14, "inputmode": "numeric"}),
    )
    contact = forms.CharField(
        label=_("Telefon eller e-post"), max_length=200, required=False, validators=[no_national_id]
    )

    def __init__(self, data: Any = None, *, person: Person, complete: bool) -> None:
        super().__init__(data, initial=vars(person))
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"
            field.required = field.required and complete

    def clean(self) -> dict[str, Any]:
        return {"person": Person(**{name: self.cleaned_data.get(name, "") for name in vars(Person())})}


class NewPersonForm(PersonForm):
    """Who someone new is, and whether only whoever registers may see the person."""

    shielded = forms.BooleanField(
        label=_("Skjermet: bare utvalgte kolleger skal se deltakeren"),
        help_text=_("Skriv ikke hvorfor. Flere kolleger kan legges til på deltakersiden."),
        required=False,
    )

    def __init__(self, data: Any = None, *, person: Person, complete: bool, shielded: bool) -> None:
        super().__init__(data, person=person, complete=complete)
        self.initial["shielded"] = shielded

    def clean(self) -> dict[str, Any]:
        return super().clean() | {"shielded": self.cleaned_data.get("shielded", False)}


class ConsentGivenForm(forms.Form):
    """That the person consents: one tick for taking part, one for each optional part, none ticked beforehand."""

    agrees = forms.BooleanField(label=_("Personen har lest eller fått opplest teksten og samtykker til å delta"))
    covers = forms.MultipleChoiceField(
        label=_("Personen sier også ja til"), widget=forms.CheckboxSelectMultiple, required=False
    )
    paper_reference = forms.CharField(
        label=_("Hvor papiret oppbevares"),
        help_text=_("For eksempel mappe og sidetall. Skjemaet kan også skannes inn etterpå."),
        max_length=60,
        required=False,
        validators=[no_national_id],
    )

    def __init__(
        self, data: Any = None, *, form: ConsentForm, given: Consent | None, draft: dict[str, Any], complete: bool
    ) -> None:
        before = vars(given) if given else draft
        agreed = given is not None and given.form_id == form.pk
        super().__init__(
            data,
            initial={
                "agrees": agreed,
                "covers": before.get("covers", []),
                "paper_reference": before.get("paper_reference", ""),
            },
        )
        self.fields["agrees"].required = complete
        self.fields["covers"].choices = [(code, COVERAGE[code]) for code in form.optional]  # type: ignore[attr-defined]
        if not form.optional:
            del self.fields["covers"]

    def clean(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name, empty) for name, empty in (("covers", []), ("paper_reference", ""))}


class ScreenConsentForm(ConsentGivenForm):
    """The same ticks, made by the person at the office's screen."""

    def __init__(self, data: Any = None, **known: Any) -> None:
        super().__init__(data, draft={}, complete=True, **known)
        self.initial = {}  # whatever was agreed to before, every tick is the person's own
        del self.fields["paper_reference"]
        self.fields["agrees"].label = _("Jeg har lest teksten og samtykker til å delta i forsøket")
        if "covers" in self.fields:
            self.fields["covers"].label = _("Jeg sier også ja til")
            self.fields["covers"].help_text = _("Du kan delta uten å krysse av her.")

    def clean(self) -> dict[str, Any]:
        return {"covers": self.cleaned_data.get("covers", []), "on_screen": True}


class ShieldForm(forms.Form):
    """Which colleagues see a shielded participant."""

    shielded = forms.BooleanField(label=_("Bare kollegene som er valgt her, ser deltakeren"), required=False)
    readers = forms.MultipleChoiceField(
        label=_("Kolleger ved kontoret"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, data: Any = None, *, colleagues: list[User], present: list[int]) -> None:
        super().__init__(data, initial={"shielded": bool(present), "readers": [str(key) for key in present]})
        self.colleagues = {str(user.pk): user for user in colleagues}
        self.fields["readers"].choices = [(key, str(user)) for key, user in self.colleagues.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data.get("readers", [])
        if self.cleaned_data.get("shielded") and not chosen and not self.errors:
            self.add_error("readers", _("Velg minst én kollega."))
        return {"readers": [self.colleagues[key] for key in chosen] if self.cleaned_data.get("shielded") else []}


class ScanForm(forms.Form):
    """The signed paper."""

    scan = forms.FileField(
        label=_("Skannet skjema"),
        help_text=_("PDF, PNG eller JPEG, høyst 10 sider og 15 MB. Bare det som kan ses, lagres, og det krypteres."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        allow_empty_file=True,  # told apart from a missing one by what is in it
        max_length=None,
    )


class ReviewForm(forms.Form):
    """What came of going through the displays."""

    remark = forms.CharField(
        label=_("Merknad"),
        help_text=_("For eksempel hvem du har spurt, og hva svaret var. Bruk deltakernummer, ikke navn."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[no_national_id],
    )


class WithdrawalForm(forms.Form):
    """What a participant takes back; offers only what goes further than before."""

    meaning = forms.TypedChoiceField(
        label=_("Hva trekker personen tilbake?"),
        widget=forms.RadioSelect,
        coerce=Withdrawal,
        error_messages={"invalid_choice": _("Det er allerede registrert at personen har trukket seg.")},
    )

    def __init__(self, data: Any = None, *, present: str) -> None:
        super().__init__(data)
        self.fields["meaning"].choices = [  # type: ignore[attr-defined]
            (kind.value, label) for kind, label in WITHDRAWALS.items() if goes_further(present, kind)
        ]


def factor_label(code: str) -> Any:
    """A factor or level in words; its code where the trial has made one of its own."""
    return FACTOR_LABELS.get(code, code)


def unmet(check: EligibilityCheck) -> list[Criterion]:
    """The criteria that a person's answers do not fulfil."""
    return [c for c in check.trial.criteria.all() if check.answers.get(c.code, c.required) != c.required]


def _new_sheet() -> str:
    return signing.dumps(str(uuid4()), salt=SHEET)


def _key_of(sheet: str) -> UUID:
    """The key that a sheet of ours bears; a fresh one where it is none of ours."""
    try:
        return UUID(signing.loads(sheet, salt=SHEET))
    except (signing.BadSignature, ValueError):
        return uuid4()


def _radio(label: Any, choices: list[Any], required: bool) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, required=required)


def _answers_of(check: EligibilityCheck | None) -> dict[str, str]:
    if check is None:
        return {}
    answers = {f"criterion-{code}": YES if answer else NO for code, answer in check.answers.items()}
    return answers | {f"factor-{factor}": level for factor, level in check.factors.items()}
