"""The registers that a trial can link its participants to, and that a consent must name."""

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
