"""What is kept added up, so that boards and dashboards never count two million contacts.

The database maintains these rows itself: triggers on the tables they are taken from (migration `0004_summaries`) add
up a person anew whenever one of the person's rows changes, in the same transaction. No code writes them.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from trial.audit.guards import GuardedModel
from trial.enrolment.models import Participant
from trial.followup.models.caseloads import EmploymentSpecialist
from trial.studies.models import Arm, Office, Trial

ANY_MEASURE = "any_measure"


class CaseSummary(GuardedModel):
    """One person's follow-up in a row. A date is empty while the thing has not happened.

    `specialist`: whom the person is with now; `responsible`: the last one. `stage_contacts` and `stage_days` have five
    numbers, in the order of the stages; the days of the present stage count when it ends (`stage_since` says since
    when it lasts). `contacts` are all, `first_contact` and `last_contact` those with the person. The first job, paid or
    ordinary job, and measure (no mere follow-up) are those begun since the first assignment; `paid_at_end`: in paid
    work on the day the follow-up ended.
    """

    participant = models.OneToOneField(
        Participant, on_delete=models.PROTECT, primary_key=True, related_name="case_summary"
    )
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    specialist = models.ForeignKey(EmploymentSpecialist, on_delete=models.PROTECT, null=True, related_name="cases")
    responsible = models.ForeignKey(EmploymentSpecialist, on_delete=models.PROTECT, null=True, related_name="+")
    first_assigned = models.DateField(null=True)
    assigned_since = models.DateField(null=True)
    last_ended = models.DateField(null=True)
    stage = models.CharField(max_length=12, blank=True)
    stage_since = models.DateField(null=True)
    stage_contacts = ArrayField(models.PositiveIntegerField(), size=5)
    stage_days = ArrayField(models.PositiveIntegerField(), size=5)
    contacts = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()
    first_contact = models.DateField(null=True)
    last_contact = models.DateField(null=True)
    first_employer = models.DateField(null=True)
    first_three_way = models.DateField(null=True)
    first_job = models.DateField(null=True)
    first_paid = models.DateField(null=True)
    first_ordinary = models.DateField(null=True)
    first_measure = models.DateField(null=True)
    paid_at_end = models.BooleanField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["specialist"], name="case_by_specialist"),
            models.Index(fields=["responsible"], name="case_by_responsible"),
            models.Index(fields=["trial", "office"], name="case_by_office"),
        ]

    def __str__(self) -> str:
        return str(self.participant_id)


class InMeasure(GuardedModel):
    """Days that a person spends in measures of one group (or `ANY_MEASURE`), both included, spells that touch joined.

    As nobody has two such rows for one day and group, counting rows counts people. `arm` and `drawn_on` are the
    person's; `first_since_draw` marks the person's first row of the group that lasts beyond the draw.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="in_measures")
    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    arm = models.ForeignKey(Arm, on_delete=models.PROTECT, null=True, related_name="+")
    drawn_on = models.DateField(null=True)
    group = models.CharField(max_length=20)
    start = models.DateField()
    end = models.DateField(null=True)
    first_since_draw = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["trial", "group", "start"], name="in_measure_by_group")]

    def __str__(self) -> str:
        return f"{self.group} {self.start:%Y-%m-%d}"
