"""The five stages of supported employment, as a table. Every move goes through `next_stage`.

A person may go back: a job that ends leads to a new search, and a profile that did not fit is drawn anew.
"""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal
from trial.enrolment.states import ParticipantState

# Who can have a job specialist: drawn, and neither withdrawn nor done. Assignments of others count for nobody's load.
UNDER_FOLLOW_UP = (ParticipantState.ALLOCATED.value, ParticipantState.FOLLOWING.value)
# About whom what was written wrong is corrected: also those who are done. Nothing more is written about the withdrawn.
NOT_WITHDRAWN = (*UNDER_FOLLOW_UP, ParticipantState.COMPLETED.value)


class Stage(StrEnum):
    CONTACT = "contact"
    PROFILE = "profile"
    JOB_FINDING = "job_finding"
    EMPLOYER = "employer"
    ON_THE_JOB = "on_the_job"


LABELS = {
    Stage.CONTACT: _("Kontakt og avklaring"),
    Stage.PROFILE: _("Yrkesprofil"),
    Stage.JOB_FINDING: _("Jobbsøk"),
    Stage.EMPLOYER: _("Samarbeid med arbeidsgiver"),
    Stage.ON_THE_JOB: _("Oppfølging på arbeidsplassen"),
}

# Rapid job search is part of the method: the profile may be drawn while the search has begun.
TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.CONTACT: frozenset({Stage.PROFILE, Stage.JOB_FINDING}),
    Stage.PROFILE: frozenset({Stage.CONTACT, Stage.JOB_FINDING}),
    Stage.JOB_FINDING: frozenset({Stage.PROFILE, Stage.EMPLOYER, Stage.ON_THE_JOB}),
    Stage.EMPLOYER: frozenset({Stage.JOB_FINDING, Stage.ON_THE_JOB}),
    Stage.ON_THE_JOB: frozenset({Stage.PROFILE, Stage.JOB_FINDING, Stage.EMPLOYER}),
}


def next_stage(present: str, wanted: str) -> Stage:
    """Return `wanted` when the table allows the move.

    Raises:
        Refusal: `unknown_stage`, or `wrong_stage`, naming the stage that the person is in.
    """
    if wanted not in Stage.__members__.values():
        raise Refusal("unknown_stage", _("Velg en av de fem fasene."), field="stage", status=422)
    if Stage(wanted) not in TRANSITIONS[Stage(present)]:
        raise Refusal(
            "wrong_stage",
            _("Deltakeren er i fasen «%(stage)s» og kan ikke flyttes dit direkte.") % {"stage": LABELS[Stage(present)]},
            field="stage",
        )
    return Stage(wanted)
