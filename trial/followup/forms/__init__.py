"""The forms of follow-up, by subject. What they return is what the actions take."""

from trial.followup.forms.caseloads import (
    AbsenceForm,
    AppointForm,
    AssignForm,
    EndAssignmentForm,
    PositionForm,
    TransferForm,
)
from trial.followup.forms.corrections import (
    ContactCorrectionForm,
    JobCorrectionForm,
    MeasureCorrectionForm,
    TakeBackForm,
)
from trial.followup.forms.parts import GROUPS
from trial.followup.forms.quality import GuidelinesForm, ReviewForm
from trial.followup.forms.records import (
    ContactForm,
    DeviationForm,
    EndMeasureForm,
    MeasureForm,
    PrinciplesForm,
    ResolveForm,
    StageForm,
)
from trial.followup.forms.work import (
    EmployerChangeForm,
    EmployerForm,
    EnquiryForm,
    JobChangeForm,
    JobForm,
    PersonEnquiryForm,
)

__all__ = [
    "GROUPS",
    "AbsenceForm",
    "AppointForm",
    "AssignForm",
    "ContactCorrectionForm",
    "ContactForm",
    "DeviationForm",
    "EmployerChangeForm",
    "EmployerForm",
    "EndAssignmentForm",
    "EndMeasureForm",
    "EnquiryForm",
    "GuidelinesForm",
    "JobChangeForm",
    "JobCorrectionForm",
    "JobForm",
    "MeasureCorrectionForm",
    "MeasureForm",
    "PersonEnquiryForm",
    "PositionForm",
    "PrinciplesForm",
    "ResolveForm",
    "ReviewForm",
    "StageForm",
    "TakeBackForm",
    "TransferForm",
]
