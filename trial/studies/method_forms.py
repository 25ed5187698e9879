"""The form in which the draw is declared: who draws, for whom, in which strata, and by which method."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from trial.access.free_text import no_national_id
from trial.studies.models import OFFICE, Mode, Trial, Unit
from trial.studies.strata import JOINT


class WholeNumbers(forms.CharField):
    """Whole numbers of at least 1 with something between them, as a list."""

    def __init__(self, *, separator: str, exactly: int = 0, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.separator, self.exactly = separator, exactly

    def clean(self, value: Any) -> list[int]:
        parts = [part.strip() for part in super().clean(value).split(self.separator) if part.strip()]
        if any(not part.isdecimal() or int(part) < 1 for part in parts):
            raise forms.ValidationError(_("Skriv hele tall."), code="whole_numbers")
        if parts and self.exactly and len(parts) != self.exactly:
            raise forms.ValidationError(_("Skriv brøken som 2/3."), code="fraction")
        return [int(part) for part in parts]


class FactorLines(forms.CharField):
    """A factor on each line with its levels, "sex: man, woman", as factor -> levels."""

    widget = forms.Textarea(attrs={"rows": 3})

    def clean(self, value: Any) -> dict[str, list[str]]:
        lines = [line for line in super().clean(value).splitlines() if line.strip()]
        factors = dict(_factor(line) for line in lines)
        if len(factors) < len(lines):
            raise forms.ValidationError(_("To opplysninger kan ikke ha samme navn."), code="factor_twice")
        return factors


def _factor(line: str) -> tuple[str, list[str]]:
    name, _colon, written = line.partition(":")
    levels = [level.strip() for level in written.split(",") if level.strip()]
    known = {level.lower() for level in levels}
    if not name.strip() or len(known) < 2 or len(known) < len(levels) or JOINT in line or name.strip() == OFFICE:
        raise forms.ValidationError(_("Skriv hver linje som «kjønn: mann, kvinne»."), code="factor_line")
    return name.strip(), levels


LONGEST_OFFICE = 60  # as offices and participants keep them
LONGEST_STRATUM = 200
METHODS = {  # kind -> what people call it, and the values that it needs
    "permuted_blocks": (_("Blokker med tilfeldig rekkefølge"), ("multipliers",)),
    "fixed_counts": (_("Hele listen trukket samlet"), ("counts",)),
    "minimisation": (_("Minimering"), ("factors", "probability")),
    "simple": (_("Enkel loddtrekning"), ()),
    "biased_coin": (_("Skjev mynt"), ("probability",)),
    "big_stick": (_("Største tillatte forskjell"), ("bound",)),
    "urn": (_("Urne"), ("alpha", "beta")),
    "maximal": (_("Maksimal prosedyre"), ("bound", "length")),
}
SEPARATED = {"multipliers": ", ", "probability": "/", "counts": ", ", "factors": ", "}
FIELDS = {"factors": "factor_weights"}  # value of the method -> its field, where `factors` is the list of factors


class MethodForm(forms.Form):
    """How, for whom and by whom lots are drawn. Each method needs some of the values only."""

    mode = forms.ChoiceField(label=_("Hvem trekker"), choices=Mode.choices, widget=forms.RadioSelect)
    unit = forms.ChoiceField(
        label=_("Hva trekkes det for"), choices=Unit.choices, initial=Unit.PERSON, required=False,
        widget=forms.RadioSelect,
    )  # fmt: skip
    factors = FactorLines(
        label=_("Opplysninger som loddtrekningen bygger på"),
        help_text=_("Én på hver linje med verdiene etter, for eksempel «kjønn: mann, kvinne». Kan stå tomt."),
        required=False,
        validators=[no_national_id],
    )
    strata_by = forms.CharField(
        label=_("Egen trekning for hver"),
        help_text=_("«kontor» og navn på opplysninger ovenfor, med komma mellom. Tomt gir én trekning for alle."),
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Metode"),
        choices=[(kind, label) for kind, (label, _needs) in METHODS.items()],
        widget=forms.RadioSelect,
    )
    multipliers = WholeNumbers(
        label=_("Blokkstørrelser"),
        separator=",",
        help_text=_("Hvor mange ganger forholdet får plass i en blokk, for eksempel 1, 2. For blokker."),
    )
    counts = WholeNumbers(
        label=_("Plasser i hver gruppe"),
        separator=",",
        help_text=_("I samme rekkefølge som gruppene, for eksempel 167, 101. For hele listen trukket samlet."),
    )
    factor_weights = WholeNumbers(
        label=_("Vekt for hver opplysning"),
        separator=",",
        help_text=_("I samme rekkefølge som opplysningene, for eksempel 2, 1. For minimering."),
    )
    probability = WholeNumbers(
        label=_("Sannsynlighet for gruppen som ligger etter"),
        separator="/",
        exactly=2,
        help_text=_("For eksempel 2/3. For skjev mynt og minimering."),
    )
    bound = forms.IntegerField(
        label=_("Største forskjell"),
        min_value=1,
        required=False,
        help_text=_("For største tillatte forskjell og maksimal prosedyre."),
    )
    length = forms.IntegerField(
        label=_("Listens lengde"), min_value=2, required=False, help_text=_("For maksimal prosedyre.")
    )
    alpha = forms.IntegerField(label=_("Kuler fra start"), min_value=0, required=False, help_text=_("For urne."))
    beta = forms.IntegerField(
        label=_("Kuler som legges til etter hver trekning"), min_value=0, required=False, help_text=_("For urne.")
    )

    def __init__(self, *args: Any, arms: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.arms = arms

    @staticmethod
    def initial_of(trial: Trial) -> dict[str, Any]:
        values = {FIELDS.get(name, name): written(name, value) for name, value in trial.method.items()}
        strata_by = [_("kontor") if name == OFFICE else name for name in trial.strata_by]
        lines = [f"{name}: {', '.join(levels)}" for name, levels in trial.factors.items()]
        draws = {"mode": trial.mode, "unit": trial.unit, "strata_by": ", ".join(map(str, strata_by))}
        return {"kind": "permuted_blocks", "multipliers": "1, 2", "factors": "\n".join(lines)} | draws | values

    def clean_unit(self) -> str:
        return self.cleaned_data["unit"] or Unit.PERSON.value

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        needed = METHODS[given["kind"]][1] if "kind" in given else ()
        for name in (FIELDS.get(name, name) for name in needed):
            if name not in self.errors and given.get(name) in (None, []):
                self.add_error(name, forms.ValidationError(_("Metoden trenger denne verdien."), code="needed"))
        strata_by = self._strata_by(given.get("factors", {}))
        if strata_by and self._longest(strata_by) > LONGEST_STRATUM:
            sentence = _("Verdiene er for lange til å stå sammen i én trekning. Skriv kortere verdier.")
            self.add_error("factors", forms.ValidationError(sentence, code="too_long"))
        self._fitting("counts", needed, self.arms, _("Skriv et antall for hver gruppe."))
        self._fitting("factors", needed, list(given.get("factors", {})), _("Skriv en vekt for hver opplysning."))
        if "probability" in needed and "probability" not in self.errors:
            self._balancing(*given["probability"])
        if self.errors:
            return given
        method = {"kind": given["kind"], **{name: self._value(name) for name in needed}}
        draws = {name: given[name] for name in ("mode", "unit", "factors")}
        return {**draws, "strata_by": strata_by, "method": method}

    def _strata_by(self, factors: Mapping[str, Any]) -> list[str]:
        """The stratifiers as they are kept; each is the office or one of the factors, and stands once."""
        names = [part.strip() for part in self.cleaned_data.get("strata_by", "").split(",") if part.strip()]
        found = [OFFICE if name.lower() in (OFFICE, str(_("kontor"))) else name for name in names]
        if len(set(found)) < len(found) or any(name != OFFICE and name not in factors for name in found):
            sentence = _("Skriv «kontor» eller navn på opplysninger ovenfor, hver én gang.")
            self.add_error("strata_by", forms.ValidationError(sentence, code="unknown_stratifier"))
        return found

    def _longest(self, strata_by: list[str]) -> int:
        """The length of the longest stratum that these stratifiers can give."""
        levels = {name: max(map(len, levels)) for name, levels in self.cleaned_data.get("factors", {}).items()}
        return sum(levels.get(name, LONGEST_OFFICE) for name in strata_by) + len(JOINT) * (len(strata_by) - 1)

    def _fitting(self, name: str, needed: tuple[str, ...], wanted: list[str], sentence: Any) -> None:
        field = FIELDS.get(name, name)
        if name in needed and field not in self.errors and len(self.cleaned_data[field]) != len(wanted):
            self.add_error(field, forms.ValidationError(sentence, code="wrong_number"))

    def _balancing(self, part: int, whole: int) -> None:
        """The chance must favour the arm behind; with less, the arms would drift apart."""
        if not whole <= part * len(self.arms) <= whole * len(self.arms):
            sentence = _("Velg en sannsynlighet fra 1/%(arms)s til 1, så gruppen som ligger etter tar igjen de andre.")
            error = forms.ValidationError(sentence, code="not_balancing", params={"arms": len(self.arms)})
            self.add_error("probability", error)

    def _value(self, name: str) -> Any:
        """A value as the method keeps it: those written in order are kept by arm or by factor."""
        value = self.cleaned_data[FIELDS.get(name, name)]
        owners = {"counts": self.arms, "factors": list(self.cleaned_data["factors"])}
        return dict(zip(owners[name], value, strict=True)) if name in owners else value


def written(name: str, value: Any) -> Any:
    """A method's value as it is typed."""
    parts = list(value.values()) if isinstance(value, Mapping) else value
    return SEPARATED[name].join(map(str, parts)) if name in SEPARATED else parts
