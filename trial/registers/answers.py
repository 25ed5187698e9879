"""The answers to the trial's own questionnaires, delivered like any register's file."""

import csv
import io

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from evaluation.columns import REGISTERS
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action
from trial.registers.actions import receive
from trial.registers.models import Delivery
from trial.registers.queries import SURVEY
from trial.studies.models import Trial
from trial.studies.permissions import require
from trial.surveys.queries import survey_rows


@action
def deliver_answers(*, by: User, trial: Trial) -> Delivery:
    """Deliver the answers as they stand, to be checked like any other file.

    Raises:
        Refusal: `not_allowed`, `no_answers`, or what `receive` refuses.
    """
    require(by, trial, Permission.DELIVER)
    rows = list(survey_rows(trial))
    if not rows:
        raise Refusal("no_answers", _("Ingen har svart på spørreskjemaene ennå."))
    text = io.StringIO()
    writer = csv.DictWriter(text, REGISTERS[SURVEY].names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    file = ContentFile(text.getvalue().encode(), name=f"survey-{clock.today():%Y-%m-%d}.csv")
    return receive(by=by, trial=trial, register=SURVEY, source=_("Spørreskjemaene i forsøket"), file=file)
