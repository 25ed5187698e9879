"""Every write of follow-up, by subject. Pages, API and commands call these; nothing else writes."""

from trial.followup.actions.caseloads import (
    appoint_specialist,
    assign,
    cancel_absence,
    change_position,
    complete,
    end_assignment,
    record_absence,
    transfer,
)
from trial.followup.actions.corrections import correct_contact, correct_job, correct_measure, take_back
from trial.followup.actions.deviations import (
    find_deviations,
    record_deviation,
    resolve_deviation,
    take_back_deviation,
)
from trial.followup.actions.quality import record_review, set_guidelines
from trial.followup.actions.records import end_measure, log_contact, mark_principles, move_stage, record_measure
from trial.followup.actions.work import add_employer, change_employer, change_job, log_enquiry, record_job

__all__ = [
    "add_employer",
    "appoint_specialist",
    "assign",
    "cancel_absence",
    "change_employer",
    "change_job",
    "change_position",
    "complete",
    "correct_contact",
    "correct_job",
    "correct_measure",
    "end_assignment",
    "end_measure",
    "find_deviations",
    "log_contact",
    "log_enquiry",
    "mark_principles",
    "move_stage",
    "record_absence",
    "record_deviation",
    "record_job",
    "record_measure",
    "record_review",
    "resolve_deviation",
    "set_guidelines",
    "take_back",
    "take_back_deviation",
    "transfer",
]
