"""What can turn out to have gone wrong with an enrolment, and what the log calls it."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class CorrectionKind(StrEnum):
    ENROLLED_IN_ERROR = "enrolled_in_error"
    WRONG_STRATUM = "wrong_stratum"
    DUPLICATE = "duplicate"
    MOVED = "moved"


CORRECTIONS = {
    CorrectionKind.ENROLLED_IN_ERROR: _("Personen skulle ikke vært meldt inn"),
    CorrectionKind.WRONG_STRATUM: _("Meldt inn i feil stratum"),
    CorrectionKind.DUPLICATE: _("Samme person er meldt inn to ganger"),
    CorrectionKind.MOVED: _("Personen har flyttet til et annet kontor"),
}

EVENTS = {  # what the leaf of the log says
    CorrectionKind.ENROLLED_IN_ERROR: "enrolled_in_error",
    CorrectionKind.WRONG_STRATUM: "corrected",
    CorrectionKind.DUPLICATE: "duplicate",
    CorrectionKind.MOVED: "moved",
}
