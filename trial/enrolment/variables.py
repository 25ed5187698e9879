"""The variables that a consent form asks each register for, each with its reason; a register owner hands out no others.

The usual reasons below are what the page proposes; whoever publishes a form may change them, and must give one each.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from evaluation.columns import NUMBER, REGISTERS
from trial.access.free_text import refuse_national_id
from trial.access.refusals import Refusal

_SPELL = {
    "start": "Avgjør hvilke måneder opplysningen gjelder, før og etter oppstart.",
    "end": "Avgjør hvilke måneder opplysningen gjelder, før og etter oppstart.",
}
USUAL: dict[str, dict[str, str]] = {
    "participants": {
        "sex": "Sammenligner gruppene ved start.",
        "birth_year": "Sammenligner gruppene ved start, og deler inn i aldersgrupper.",
        "country_group": "Sammenligner gruppene ved start.",
        "education_level": "Sammenligner gruppene ved start.",
        "married": "Sammenligner gruppene ved start.",
        "has_children": "Sammenligner gruppene ved start.",
        "municipality": "Knytter arbeidsledigheten i kommunen til deltakeren.",
    },
    "employment": _SPELL
    | {
        "full_time_hours": "Regner stillingsprosent om til timer i uken.",
        "position_percent": "Hovedresultat: hvor mye deltakeren arbeider.",
    },
    "benefits": {"benefit": "Resultat: hvilken ytelse deltakeren lever av."} | _SPELL,
    "measures": {"measure": "Viser hvilke tiltak hver gruppe fikk."} | _SPELL,
    "education": {"nus_level": "Resultat: deltakere som tar utdanning."} | _SPELL,
    "work_capacity": {"group": "Resultat: om arbeidsevnen vurderes på nytt."} | _SPELL,
    "income": {
        "month": "Avgjør hvilken måned inntekten gjelder.",
        "amount": "Resultat: arbeidsinntekt, og inntekt før start.",
    },
    "survey": {
        "wave": "Skiller svarene før start fra svarene etter.",
        "instrument": "Navnet på spørreskjemaet.",
        "item": "Spørsmålet som er besvart.",
        "value": "Resultat: helse, livskvalitet og erfaringer med oppfølgingen.",
    },
}

# Each variable as it is called where people read what they consent to.
WORDS = {
    "office": _("Kontor"),
    "arm": _("Gruppe"),
    "start_date": _("Startdato i forsøket"),
    "sex": _("Kjønn"),
    "birth_year": _("Fødselsår"),
    "country_group": _("Landgruppe"),
    "education_level": _("Utdanningsnivå"),
    "married": _("Gift"),
    "has_children": _("Har barn"),
    "municipality": _("Kommune"),
    "aap_diagnosis": _("Diagnose for AAP"),
    "start": _("Fra dato"),
    "end": _("Til dato"),
    "full_time_hours": _("Timer i full stilling"),
    "position_percent": _("Stillingsprosent"),
    "employer": _("Arbeidsgiver"),
    "kind": _("Type arbeidsforhold"),
    "benefit": _("Ytelse"),
    "degree": _("Grad"),
    "measure": _("Tiltak"),
    "nus_level": _("Utdanningsnivå"),
    "group": _("Innsatsgruppe"),
    "month": _("Måned"),
    "amount": _("Beløp"),
    "wave": _("Runde"),
    "instrument": _("Spørreskjema"),
    "item": _("Spørsmål"),
    "value": _("Svar"),
}


def in_words(variable: str) -> Any:
    """What a variable is called; its own name where the trial has made one of its own."""
    return WORDS.get(variable, variable)


def why(reason: str) -> str:
    """A reason in the reader's language where it is a usual one; one of the trial's own as it was written."""
    return gettext(reason) if reason else ""


def usual_variables(register: str) -> list[list[str]]:
    """What is proposed for a register: variable and reason. Nothing for parts of a consent that are no register."""
    return [[name, reason] for name, reason in USUAL.get(register, {}).items()]


def checked_variables(register: str, given: Sequence[Sequence[str]] | None) -> list[list[str]]:
    """The variables of a register as they are kept.

    Raises:
        Refusal: `unknown_variable` for one that the register's files do not have, `reason_missing` for one without
            a reason, `variables_missing` for a register without any; on the field `variables-<register>`.
    """
    if given is None:
        return usual_variables(register)
    field = f"variables-{register}"
    if register in USUAL and not given:
        nothing = _("Skriv minst én variabel, eller ta registeret ut av samtykket.")
        raise Refusal("variables_missing", nothing, field=field, status=422)
    known = set(REGISTERS[register].names) - {NUMBER.name} if register in REGISTERS else set()
    for line, (name, reason) in enumerate(given, 1):
        refuse_national_id(**{field: reason})
        if name not in known:
            sentence = _("Linje %(line)s: registeret har ingen slik variabel.") % {"line": line}
            raise Refusal("unknown_variable", sentence, field=field, status=422)
        if not reason.strip():
            sentence = _("Linje %(line)s: skriv hvorfor variabelen trengs.") % {"line": line}
            raise Refusal("reason_missing", sentence, field=field, status=422)
    return [[name, reason.strip()] for name, reason in given]
