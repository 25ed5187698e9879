"""The forms with which a trial says who may take part and what they consent to."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from trial.access.free_text import no_national_id
from trial.enrolment.coverage import COVERAGE
from trial.enrolment.models import ConsentForm, Criterion
from trial.enrolment.variables import usual_variables
from trial.studies.models import Trial

ASCII = str.maketrans({"æ": "ae", "ø": "o", "å": "a"})
LONGEST_QUESTION = 200
ON_CONSENT_ALONE = ("survey", "later_contact")  # asked of the person, so no register source of the trial


class CriteriaForm(forms.Form):
    """The questions of the first step, a line each, by the answer that lets someone take part."""

    yes = forms.CharField(
        label=gettext_lazy("Spørsmål der svaret må være ja"),
        help_text=gettext_lazy("Ett spørsmål på hver linje."),
        widget=forms.Textarea,
        required=False,
        validators=[no_national_id],
    )
    yes_en = forms.CharField(
        label=gettext_lazy("De samme spørsmålene på engelsk"),
        widget=forms.Textarea,
        required=False,
        validators=[no_national_id],
    )
    no = forms.CharField(
        label=gettext_lazy("Spørsmål der svaret må være nei"),
        help_text=gettext_lazy("Ett spørsmål på hver linje."),
        widget=forms.Textarea,
        required=False,
        validators=[no_national_id],
    )
    no_en = forms.CharField(
        label=gettext_lazy("De samme spørsmålene på engelsk"),
        widget=forms.Textarea,
        required=False,
        validators=[no_national_id],
    )

    @staticmethod
    def initial_of(criteria: Sequence[Criterion]) -> dict[str, str]:
        sides = {"yes": True, "no": False}
        texts = {side: [c for c in criteria if c.required is required] for side, required in sides.items()}
        return {side: "\n".join(c.question for c in found) for side, found in texts.items()} | {
            f"{side}_en": "\n".join(c.question_en for c in found).strip() for side, found in texts.items()
        }

    def clean(self) -> dict[str, Any]:
        criteria = [*self._criteria("yes", True), *self._criteria("no", False)]
        if not criteria and not self.errors:
            self.add_error("yes", _("Skriv minst ett spørsmål."))
        codes = [criterion["code"] for criterion in criteria]
        if len(set(codes)) < len(codes):
            self.add_error("yes", _("To spørsmål er for like hverandre."))
        return {"criteria": criteria}

    def _criteria(self, side: str, required: bool) -> list[dict[str, Any]]:
        questions, english = (_lines(self.cleaned_data.get(name, "")) for name in (side, f"{side}_en"))
        if english and len(english) != len(questions):
            self.add_error(f"{side}_en", _("Skriv like mange linjer på engelsk som på bokmål."))
            return []
        for name, lines in ((side, questions), (f"{side}_en", english)):
            if any(len(line) > LONGEST_QUESTION for line in lines):
                self.add_error(name, _("Et spørsmål kan ha høyst %(longest)s tegn.") % {"longest": LONGEST_QUESTION})
        return [
            {
                "code": slugify(question.lower().translate(ASCII))[:40],
                "question": question,
                "question_en": english[place] if english else "",
                "required": required,
            }
            for place, question in enumerate(questions)
        ]


class ConsentVersionForm(forms.Form):
    """The text and the parts of a new version of the consent form."""

    text_nb = forms.CharField(label=gettext_lazy("Tekst på bokmål"), widget=forms.Textarea, validators=[no_national_id])
    text_en = forms.CharField(
        label=gettext_lazy("Tekst på engelsk"), widget=forms.Textarea, required=False, validators=[no_national_id]
    )
    covers = forms.MultipleChoiceField(
        label=gettext_lazy("Dette dekker samtykket"), widget=forms.CheckboxSelectMultiple
    )
    optional = forms.MultipleChoiceField(
        label=gettext_lazy("Dette kan personen si nei til og likevel delta"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    storage_end = forms.DateField(
        label=gettext_lazy("Når opplysningene senest slettes"),
        help_text=gettext_lazy("dd.mm.åååå"),
        required=False,
    )

    def __init__(self, data: Any = None, *, trial: Trial, earlier: ConsentForm | None) -> None:
        super().__init__(data, initial={"storage_end": earlier.storage_end} if earlier else None)
        asked = [code for code in COVERAGE if code in trial.register_sources or code in ON_CONSENT_ALONE]
        for name in ("covers", "optional"):
            self.fields[name].choices = [(code, COVERAGE[code]) for code in asked]  # type: ignore[attr-defined]
        self.registers = [code for code in asked if usual_variables(code)]
        for code in self.registers:
            lines = earlier.variables.get(code) if earlier else None
            self.fields[f"variables-{code}"] = _variables(code, lines or usual_variables(code))

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "variables": {code: _pairs(given.get(f"variables-{code}", "")) for code in self.registers},
            "storage_end": given.get("storage_end"),
            "text": {"nb": given.get("text_nb", ""), "en": given.get("text_en", "")},
            "covers": sorted({*given.get("covers", ()), *given.get("optional", ())}, key=list(COVERAGE).index),
            "optional": given.get("optional", []),
        }


def _variables(register: str, lines: Sequence[Sequence[str]]) -> forms.CharField:
    """The variables of a register, a line each: `variable: why it is needed`."""
    return forms.CharField(
        label=gettext_lazy("Variabler: %(register)s") % {"register": COVERAGE[register]},
        help_text=gettext_lazy("Én på hver linje, med begrunnelse etter kolon."),
        initial="\n".join(f"{name}: {reason}" for name, reason in lines),
        widget=forms.Textarea(attrs={"rows": len(lines) + 1}),
        required=False,
        validators=[no_national_id],
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = (line.partition(":") for line in _lines(text))
    return [(name.strip(), reason.strip()) for name, _colon, reason in parts]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
