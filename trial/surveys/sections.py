"""What the participant's page shows of questionnaires: which waves, and what has become of them; never an answer."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from trial.access.models import User
from trial.access.permissions import Permission
from trial.enrolment.models import Participant
from trial.enrolment.queries import Event
from trial.enrolment.sections import Section
from trial.studies.permissions import can
from trial.surveys.showing import rows_of


def questionnaires(user: User, participant: Participant) -> Section | None:
    """The person's waves; nothing where none has opened."""
    if not can(user, participant.trial, Permission.SEE_SURVEYS, participant.office):
        return None
    rows = participant.invitations.select_related("wave", "trial").order_by("wave__code")
    found = rows_of(rows, {}, open=can(user, participant.trial, Permission.SURVEY, participant.office))
    if not found:
        return None
    answered = [row["it"] for row in found if row["it"].answered_at]
    events = [Event(each.answered_at, _("Svarte på spørreskjema %(wave)s") % {"wave": each.wave}) for each in answered]
    return Section(gettext_lazy("Spørreskjemaer"), "surveys/section.html", {"rows": found}, events)
