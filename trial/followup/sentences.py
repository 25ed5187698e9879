"""What the verdicts of `policies.py` say to people: a sentence, and the field that it stands at."""

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal
from trial.followup.policies import Verdict

SENTENCES = {
    Verdict.NOT_DRAWN: (_("Deltakeren er ikke trukket til noen gruppe ennå."), "participant"),
    Verdict.NOT_FOLLOWED: (_("Deltakeren har trukket seg eller er ferdig, og kan ikke følges opp."), "participant"),
    Verdict.CONTROL_NOT_ASSIGNABLE: (
        _(
            "Deltakeren er i kontrollgruppen og kan ikke få jobbspesialist. "
            "Har det likevel skjedd, registrerer du et avvik med begrunnelse."
        ),
        "participant",
    ),
    Verdict.CONTROL_CONTACTED: (
        _(
            "Deltakeren er i kontrollgruppen og skal ikke følges opp av jobbspesialist. "
            "Har kontakten likevel funnet sted, krysser du av for det, og den blir registrert som avvik."
        ),
        "in_control",
    ),
    Verdict.OTHER_OFFICE: (_("Jobbspesialisten hører til et annet kontor enn deltakeren."), "specialist"),
    Verdict.SPECIALIST_NOT_THERE: (
        _("Jobbspesialisten er ikke i stillingen på denne datoen, eller har ikke rollen lenger."),
        "specialist",
    ),
    Verdict.ALREADY_ASSIGNED: (
        _("Deltakeren har allerede en jobbspesialist. Overfør deltakeren i stedet."),
        "participant",
    ),
    Verdict.OVER_CAPACITY: (
        _("Jobbspesialisten har ikke ledig plass. Skriv hvorfor kapasiteten likevel skal overskrides."),
        "reason",
    ),
    Verdict.UNKNOWN_CODE: (_("Velg et tiltak fra listen."), "code"),
    Verdict.CODE_NOT_VALID: (_("Tiltaket kunne ikke brukes på denne datoen. Velg et annet tiltak."), "code"),
    Verdict.END_BEFORE_START: (_("Sluttdatoen kan ikke være før startdatoen."), "end"),
    Verdict.IN_FUTURE: (_("Datoen kan ikke være fram i tid."), "start"),
    Verdict.OVERLAPS: (_("Deltakeren har allerede dette tiltaket i perioden."), "start"),
    Verdict.GROUP_OVERLAPS: (
        _("Deltakeren har allerede et tiltak av samme slag i perioden, og kan ikke ha to samtidig."),
        "start",
    ),
    Verdict.MINUTES_OUT_OF_RANGE: (_("Skriv antall minutter, fra 1 til 720."), "minutes"),
    Verdict.NUMBER_MALFORMED: (_("Organisasjonsnummeret har ni sifre."), "organisation_number"),
    Verdict.NUMBER_WRONG_DIGIT: (
        _("Organisasjonsnummeret finnes ikke: et av sifrene er feil. Kontroller det mot Brønnøysundregistrene."),
        "organisation_number",
    ),
    Verdict.HOURS_OUT_OF_RANGE: (_("Skriv timer i uken, fra 0,1 til 60."), "hours"),
    Verdict.END_WITHOUT_REASON: (_("Velg hvorfor jobben tok slutt."), "end_reason"),
    Verdict.REASON_WITHOUT_END: (_("Skriv siste dag i jobben."), "end"),
}

TYPED = frozenset(  # what the user can mend in the form at hand; the rest is how things stand
    {
        Verdict.UNKNOWN_CODE,
        Verdict.CODE_NOT_VALID,
        Verdict.END_BEFORE_START,
        Verdict.IN_FUTURE,
        Verdict.MINUTES_OUT_OF_RANGE,
        Verdict.NUMBER_MALFORMED,
        Verdict.NUMBER_WRONG_DIGIT,
        Verdict.HOURS_OUT_OF_RANGE,
        Verdict.END_WITHOUT_REASON,
        Verdict.REASON_WITHOUT_END,
    }
)


def obey(verdict: Verdict, *, field: str | None = None) -> Verdict:
    """Hand an acceptance back.

    Raises:
        Refusal: with the verdict's own code, at `field` or the field that the sentence is about.
    """
    if not verdict.is_refusal:
        return verdict
    sentence, usual = SENTENCES[verdict]
    raise Refusal(verdict.value, sentence, field=field or usual, status=422 if verdict in TYPED else 409)
