"""Why files and rows are turned down: stable codes, and sentences for people."""

from django.utils.translation import gettext_lazy as _

FILES = {
    "national_id": _("Filen inneholder fødselsnummer eller D-nummer. Den er slettet. Lever en fil med deltakernumre."),
    "unreadable": _("Filen kunne ikke leses. Kontroller formatet og lever på nytt."),
    "missing_columns": _("Filen mangler kolonner som registeret skal ha."),
    "not_checkable": _("Filen kunne ikke kontrolleres etter flere forsøk. Kontroller innholdet og lever på nytt."),
    "by_hand": _("Avvist av dataforvalter."),
}

# Rows of people who are not in the trial, or whose consent does not cover the register: counted apart from faults.
SET_APART = ("unknown_participant", "no_consent")

ROWS = {
    "unknown_participant": _("Deltakernummeret finnes ikke i forsøket"),
    "no_consent": _("Samtykket dekker ikke dette registeret"),
    "missing_value": _("Verdi mangler"),
    "not_a_number": _("Ikke et tall"),
    "not_a_date": _("Ikke en dato"),
    "date_in_future": _("Dato i framtiden"),
    "end_before_start": _("Sluttdato før startdato"),
    "unknown_code": _("Ukjent kode"),
    "out_of_range": _("Verdien er utenfor det mulige"),
    "duplicate": _("Raden står flere ganger"),
    "overlap": _("Overlapper en annen rad"),
}
