"""Why files and rows are turned down: stable codes, and sentences for people."""

from django.utils.translation import gettext_lazy as _

from trial.enrolment.variables import WORDS

FILES = {
    "national_id": _("Filen inneholder fødselsnummer eller D-nummer. Den er slettet. Lever en fil med deltakernumre."),
    "unreadable": _("Filen kunne ikke leses. Kontroller formatet og lever på nytt."),
    "unknown_encoding": _("Filen har en tegnkoding som ikke leses her. Lagre den som UTF-8 og lever på nytt."),
    "several_sheets": _("Flere ark i arbeidsboken har registerets kolonner. Samle radene i ett ark og lever på nytt."),
    "unpacks_too_far": _("Filen pakkes ut til mer enn størrelsen tilsier. Den er slettet. Lever den upakket."),
    "too_much_memory": _("Filen krevde mer minne enn en kontroll kan bruke. Del den opp, eller lever den som CSV."),
    "too_slow": _("Kontrollen av filen tok lengre tid enn den kan. Del den opp og lever på nytt."),
    "too_demanding": _("Filen krevde mer minne eller tid enn en kontroll kan bruke. Del den opp og lever på nytt."),
    "reader_crashed": _("Programmet som leser formatet, brøt sammen. Filen kan være skadd. Lag den på nytt."),
    "missing_columns": _("Filen mangler kolonner som registeret skal ha."),
    "not_checkable": _(
        "Kontrollen stoppet tre ganger uten at feilen ser ut til å ligge i filen, som er slettet. Si fra til dem som "
        "drifter løsningen, og lever på nytt når de har svart."
    ),
    "other_columns": _("Kolonnene ble valgt på nytt. Filen er kontrollert igjen som en ny leveranse."),
    "by_hand": _("Avvist av dataforvalter."),
}

# Rows of people who are not in the trial, or whose consent does not cover the register: counted apart from faults.
SET_APART = ("unknown_participant", "no_consent")

ROWS = {
    "field_count": _("Raden har flere eller færre felt enn overskriften"),
    "empty": _("Verdien mangler"),
    "formula": _("En formel, som et register aldri sender"),
    "not_a_date": _("Ikke en dato (dd.mm.åååå eller åååå-mm-dd)"),
    "not_a_month": _("Ikke en måned (åååå-mm)"),
    "not_a_number": _("Ikke et tall"),
    "not_yes_or_no": _("Verken ja (1) eller nei (0)"),
    "out_of_range": _("Utenfor det som er mulig"),
    "unknown_code": _("Koden finnes ikke i kodelisten"),
    "in_the_future": _("Datoen er senere enn dagen filen ble kontrollert"),
    "end_before_start": _("Sluttdato før startdato"),
    "unknown_participant": _("Deltakernummeret finnes ikke i forsøket"),
    "no_consent": _("Samtykket dekker ikke dette registeret"),
    "duplicate": _("Lik en tidligere rad"),
}

VALUE_CLASSES = {
    "empty": _("tom"),
    "digits": _("sifre"),
    "letters": _("bokstaver"),
    "mixed": _("blandet"),
}

STAGES = {
    "read": _("Leser filen: %(rows)s rader"),
    "check": _("Kontrollerer %(rows)s rader"),
    "write": _("Lagrer %(rows)s rader"),
}

DRIFTS = {
    "rows": _("Antall rader"),
    "persons": _("Antall personer"),
    "code_share": _("Andel av radene"),
    "code_new": _("Ny kode"),
    "code_gone": _("Koden finnes ikke lenger"),
    "month_fell": _("Færre rader i måneden"),
    "gap": _("Måned uten rader"),
    "last_day": _("Registeret slutter tidligere"),
}

COLUMNS = WORDS | {
    "participant_number": _("Deltakernummer"),
    "sex": _("Kjønn (man, woman)"),
    "country_group": _("Landgruppe (0–4)"),
    "education_level": _("Utdanningsnivå (NUS 0–9)"),
    "end": _("Til dato (tom: pågår)"),
    "measure": _("Tiltak (Arena-kode)"),
    "nus_level": _("Utdanningsnivå (NUS 0–9)"),
    "wave": _("Runde (T1–T4)"),
    "instrument": _("Måleinstrument"),
    "item": _("Spørsmål i instrumentet"),
}
