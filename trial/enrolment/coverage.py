"""What a consent can cover, besides taking part: the registers that are linked, and what is asked later."""

from django.utils.translation import gettext_lazy as _

from trial.studies.sources import REGISTERS

COVERAGE = REGISTERS | {"later_contact": _("Ny kontakt etter forsøket")}
