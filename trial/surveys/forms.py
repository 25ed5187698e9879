"""The forms of this room: questions as they are answered, and questions as they are written."""

from collections.abc import Collection, Iterable, Mapping
from itertools import count
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.studies.models import Trial
from trial.surveys.actions import SENTENCES
from trial.surveys.instruments import DO_NOT_KNOW, KINDS, Condition, Item, Kind, fault, in_words
from trial.surveys.models import Instrument, Wave
from trial.surveys.standard import REMINDERS

ASCII = str.maketrans({"æ": "ae", "ø": "o", "å": "a"})
CODE_LENGTH = 40
NOT_ANSWERED = "not_answered"
Question = tuple[Instrument, Item]


class CodeForm(forms.Form):
    """The code of a letter, typed by hand."""

    code = forms.CharField(
        label=_("Koden i brevet"),
        help_text=_("16 tegn, for eksempel 7K4Q-XN3D-9RTC-W2HM. Store og små bokstaver er like."),
        max_length=40,
        widget=forms.TextInput(attrs={"size": 24, "autocomplete": "off", "autocapitalize": "characters"}),
    )


class AnswerForm(forms.Form):
    """Some questions with their answers, each of which may be left open.

    Gives ``{"answers": {(instrument, item): value}}``.
    """

    def __init__(self, data: Any = None, *, questions: Iterable[Question], answers: Mapping[tuple[str, str], str]):
        self.questions = {f"{instrument.code}-{item.code}": (instrument, item) for instrument, item in questions}
        keys = {name: (instrument.code, item.code) for name, (instrument, item) in self.questions.items()}
        super().__init__(data, initial={name: answers.get(key, "") for name, key in keys.items()})
        for name, (_instrument, item) in self.questions.items():
            self.fields[name] = _field(item)

    def clean(self) -> dict[str, Any]:
        answers = {}
        for name, (instrument, item) in self.questions.items():
            value = self.cleaned_data.get(name, "")
            wrong = fault(item, value)
            if wrong and name not in self.errors:
                self.add_error(name, forms.ValidationError(SENTENCES[wrong], code=wrong))
            answers[instrument.code, item.code] = value
        return {"answers": answers}


class DecidingForm(AnswerForm):
    """Questions that two people typed differently, each of which must be decided, if only as not answered: one that
    was passed over would lose what both have typed. `both`: those that neither left open."""

    def __init__(self, data: Any = None, *, both: Collection[tuple[str, str]], **known: Any) -> None:
        super().__init__(data, **known)
        for name, (instrument, item) in self.questions.items():
            field = self.fields[name]
            field.required = isinstance(field, forms.ChoiceField) or (instrument.code, item.code) in both
            if isinstance(field, forms.ChoiceField):
                field.choices = [*field.choices, (NOT_ANSWERED, _("Ikke svart"))]  # type: ignore[misc]

    def clean(self) -> dict[str, Any]:
        self.cleaned_data = {name: "" if value == NOT_ANSWERED else value for name, value in self.cleaned_data.items()}
        return super().clean()


class ScaleField(forms.ChoiceField):
    """Numbers side by side, with words at the two ends."""

    is_scale = True

    def __init__(self, *, ends: list[str], **options: Any) -> None:
        self.ends = ends
        super().__init__(**options)


def _field(item: Item) -> forms.Field:
    label = in_words(item.question)
    if item.kind == Kind.TEXT:
        return forms.CharField(label=label, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    names = {code: in_words(words) for code, words in item.options} | {DO_NOT_KNOW: _("Vet ikke")}
    shared: dict[str, Any] = {
        "label": label,
        "required": False,
        "choices": [(value, names.get(value, value)) for value in item.values],
        "widget": forms.RadioSelect,
        "error_messages": {"invalid_choice": SENTENCES["impossible_answer"]},
    }
    if item.kind == Kind.SCALE:
        numbers = (item.low, item.high)
        ends = [f"{number}: {in_words(words)}" for number, words in zip(numbers, item.ends or (), strict=False)]
        return ScaleField(ends=ends, **shared)
    return forms.ChoiceField(**shared)


class InstrumentForm(forms.Form):
    """A new instrument."""

    title_nb = forms.CharField(label=_("Navn på skjemaet"), max_length=100, validators=[no_national_id])
    title_en = forms.CharField(label=_("Navn på engelsk"), max_length=100, required=False, validators=[no_national_id])
    code = forms.SlugField(
        label=_("Kode"), max_length=CODE_LENGTH, help_text=_("Navnet i datafilen, for eksempel arbeidsevne.")
    )


class ItemForm(forms.Form):
    """One question: its text, how it is answered, and when it is asked."""

    question = forms.CharField(
        label=_("Spørsmål"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        validators=[no_national_id],
    )
    question_en = forms.CharField(
        label=_("Spørsmålet på engelsk"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        validators=[no_national_id],
    )
    kind = forms.TypedChoiceField(
        label=_("Slik svarer man"), choices=list(KINDS.items()), coerce=Kind, widget=forms.RadioSelect
    )
    low = forms.IntegerField(label=_("Skala: laveste tall"), min_value=0, max_value=100, initial=0, required=False)
    high = forms.IntegerField(label=_("Skala: høyeste tall"), min_value=0, max_value=100, initial=10, required=False)
    low_words = forms.CharField(
        label=_("Skala: ord ved det laveste tallet"), max_length=100, required=False, validators=[no_national_id]
    )
    high_words = forms.CharField(
        label=_("Skala: ord ved det høyeste tallet"), max_length=100, required=False, validators=[no_national_id]
    )
    options = forms.CharField(
        label=_("Svar å velge mellom"),
        help_text=_("Ett svar på hver linje. De får kodene 1, 2, 3 og så videre i datafilen."),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        validators=[no_national_id],
    )
    options_en = forms.CharField(
        label=_("De samme svarene på engelsk"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        validators=[no_national_id],
    )
    do_not_know = forms.BooleanField(label=_("Man kan svare «Vet ikke»"), required=False)
    shown_if_item = forms.ChoiceField(label=_("Vises bare etter et bestemt svar på"), required=False)
    shown_if_answers = forms.CharField(
        label=_("Svarene som gjør at det vises"),
        help_text=_("Tall eller koder med komma mellom, for eksempel 1, 2."),
        max_length=200,
        required=False,
    )
    code = forms.SlugField(
        label=_("Kode"), max_length=CODE_LENGTH, required=False, help_text=_("Lages av spørsmålet når feltet er tomt.")
    )

    def __init__(self, data: Any = None, *, instrument: Instrument, item: Item | None) -> None:
        super().__init__(data, initial=_initial(item) if item else {})
        earlier = [known for known in instrument.questions if known.values]
        if item:
            del self.fields["code"]
            earlier = earlier[: next((place for place, known in enumerate(earlier) if known.code == item.code), None)]
        choices = [("", _("Vises alltid")), *((known.code, in_words(known.question)) for known in earlier)]
        self.fields["shown_if_item"].choices = choices  # type: ignore[attr-defined]
        self.item = item
        self.taken = {known.code for known in instrument.questions}

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.errors:
            return given
        if given["kind"] == Kind.SCALE and bool(given["low_words"]) != bool(given["high_words"]):
            empty = "high_words" if given["low_words"] else "low_words"
            self.add_error(empty, _("Skriv ord ved begge tallene, eller ingen."))
        if given["shown_if_answers"] and not given["shown_if_item"]:
            self.add_error("shown_if_item", _("Velg spørsmålet som svarene hører til."))
        english = _lines(given["options_en"])
        options = _lines(given["options"]) if given["kind"] == Kind.CHOICE else []
        if english and len(english) != len(options):
            self.add_error("options_en", _("Skriv like mange linjer på engelsk som på bokmål."))
        if self.errors:
            return given
        return {"item": self._item(options, english), "known": self.item.code if self.item else ""}

    def _item(self, options: list[str], english: list[str]) -> Item:
        given = self.cleaned_data
        scale = given["kind"] == Kind.SCALE
        answers = tuple(part.strip() for part in given["shown_if_answers"].split(",") if part.strip())
        return Item(
            code=self.item.code if self.item else given["code"] or self._new_code(),
            kind=given["kind"],
            question=_words(given["question"], given["question_en"]),
            low=given["low"] or 0 if scale else 0,
            high=given["high"] or 0 if scale else 0,
            ends=self._ends() if scale and given["low_words"] else None,
            options=tuple(
                (str(place + 1), _words(option, english[place] if place < len(english) else ""))
                for place, option in enumerate(options)
            ),
            do_not_know=given["do_not_know"] and given["kind"] != Kind.TEXT,
            shown_if=Condition(given["shown_if_item"], answers) if given["shown_if_item"] else None,
        )

    def _new_code(self) -> str:
        """The question as a code that no other question has."""
        words = slugify(self.cleaned_data["question"].lower().translate(ASCII))[: CODE_LENGTH - 4].strip("-")
        first = words or "question"
        others = (f"{first}-{number}" for number in count(2))
        return first if first not in self.taken else next(code for code in others if code not in self.taken)

    def _ends(self) -> tuple[dict[str, str], dict[str, str]]:
        """The words at the two ends; those left as they were keep their English, for which there is no field."""
        low, high = self.cleaned_data["low_words"], self.cleaned_data["high_words"]
        before = (self.item.ends if self.item else None) or ({"nb": ""}, {"nb": ""})
        first, last = (
            dict(words) if words["nb"] == text else {"nb": text}
            for words, text in zip(before, (low, high), strict=True)
        )
        return first, last


class WaveForm(forms.Form):
    """When a wave asks, and what."""

    months = forms.IntegerField(label=_("Måneder etter innmelding"), min_value=0, max_value=120)
    opens_before = forms.IntegerField(label=_("Åpner så mange dager før"), min_value=0, max_value=60, initial=0)
    closes_after = forms.IntegerField(label=_("Stenger så mange dager etter"), min_value=1, max_value=180, initial=28)
    reminders = forms.CharField(
        label=_("Påminnelser"),
        help_text=_("Dager etter åpning med komma mellom, for eksempel 7, 14. Tomt felt: ingen."),
        max_length=60,
        required=False,
        initial=", ".join(map(str, REMINDERS)),
    )
    instruments = forms.MultipleChoiceField(label=_("Skjemaer"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any = None, *, trial: Trial, wave: Wave | None) -> None:
        initial = forms.model_to_dict(wave) | {"reminders": ", ".join(map(str, wave.reminders))} if wave else {}
        super().__init__(data, initial=initial)
        self.fields["instruments"].choices = [  # type: ignore[attr-defined]
            (each.code, str(each)) for each in trial.instruments.all()
        ]

    def clean_reminders(self) -> list[int]:
        parts = [part.strip() for part in self.cleaned_data["reminders"].split(",") if part.strip()]
        if not all(part.isdigit() and 0 < int(part) <= 180 for part in parts):
            raise forms.ValidationError(_("Skriv dager som hele tall fra 1 til 180, med komma mellom."))
        return sorted(set(map(int, parts)))

    def clean(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        return given | {"window": (given.pop("opens_before", 0), given.pop("closes_after", 0))}


def _initial(item: Item) -> dict[str, Any]:
    low, high = item.ends or ({"nb": ""}, {"nb": ""})
    return {
        "question": item.question["nb"],
        "question_en": item.question.get("en", ""),
        "kind": item.kind,
        "low": item.low,
        "high": item.high,
        "low_words": low["nb"],
        "high_words": high["nb"],
        "options": "\n".join(words["nb"] for _code, words in item.options),
        "options_en": "\n".join(words.get("en", "") for _code, words in item.options).strip(),
        "do_not_know": item.do_not_know,
        "shown_if_item": item.shown_if.item if item.shown_if else "",
        "shown_if_answers": ", ".join(item.shown_if.answers) if item.shown_if else "",
    }


def _words(nb: str, en: str) -> dict[str, str]:
    return {"nb": nb.strip()} | ({"en": en.strip()} if en.strip() else {})


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
