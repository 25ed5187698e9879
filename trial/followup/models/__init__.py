"""The tables of follow-up, by subject: caseloads, records, work, retractions, quality, summaries."""

from trial.followup.models.caseloads import Absence, Assignment, EmploymentSpecialist, PositionKind, StageSpell
from trial.followup.models.quality import FidelityReview, Guidelines, PrincipleMark, Template
from trial.followup.models.records import Contact, ContactKind, Counterpart, Deviation, DeviationKind, Measure
from trial.followup.models.retractions import CORRECTIONS, TAKING_BACK, Retractable, Retraction
from trial.followup.models.summaries import ANY_MEASURE, CaseSummary, InMeasure
from trial.followup.models.work import Employer, Enquiry, Job, JobEnd, JobFound, JobKind, Outcome

__all__ = [
    "ANY_MEASURE",
    "CORRECTIONS",
    "TAKING_BACK",
    "Absence",
    "Assignment",
    "CaseSummary",
    "Contact",
    "ContactKind",
    "Counterpart",
    "Deviation",
    "DeviationKind",
    "Employer",
    "EmploymentSpecialist",
    "Enquiry",
    "FidelityReview",
    "Guidelines",
    "InMeasure",
    "Job",
    "JobEnd",
    "JobFound",
    "JobKind",
    "Measure",
    "Outcome",
    "PositionKind",
    "PrincipleMark",
    "Retractable",
    "Retraction",
    "StageSpell",
    "Template",
]
