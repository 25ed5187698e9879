"""What a consent can cover, besides taking part: the registers that are linked, and what is asked later."""

from django.utils.translation import gettext_lazy as _

REGISTERS = {
    "participants": _("Bakgrunnsopplysninger ved start"),
    "employment": _("Arbeidsforhold (Aa-registeret)"),
    "benefits": _("Ytelser fra Nav"),
    "measures": _("Tiltak fra Nav"),
    "education": _("Utdanning"),
    "work_capacity": _("Nedsatt arbeidsevne og innsatsgruppe"),
    "income": _("Inntekt"),
    "survey": _("Spørreskjema"),
}
COVERAGE = REGISTERS | {"later_contact": _("Ny kontakt etter forsøket")}
