"""What this room writes: that a report was taken out, and by whom."""

from django.db.models import QuerySet

from trial.access.models import User
from trial.audit.actions import action, record
from trial.audit.models import AuditEvent
from trial.studies.models import Trial

REPORT_MADE = "report_made"


@action
def note_report(*, by: User, trial: Trial, kind: str) -> None:
    """Write down that a report was made; the unblinded one shows numbers by arm."""
    record(by=by, verb=REPORT_MADE, trial=trial.code, kind=kind)


def reports_made(trial: Trial) -> "QuerySet[AuditEvent]":
    """The reports that were taken out lately, as far as the reader's rows reach."""
    return AuditEvent.objects.filter(trial=trial.code, verb=REPORT_MADE)[:20]
