"""What this room holds on a participant, for the person's own extract.

What the person answered by the own link is not the office's to see, nor to print: research alone reads it, without
the name. What the office typed in from paper or telephone stands here.
"""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from trial.enrolment.documents import Section
from trial.enrolment.extract import moment
from trial.enrolment.models import Participant
from trial.surveys.instruments import in_words
from trial.surveys.models import Answer, Entry, Instrument, Invitation
from trial.surveys.showing import shown_answer


def questionnaires(participant: Participant) -> list[Section]:
    """The questionnaires that were open for the person, and the answers that the office has typed in."""
    invitations = Invitation.objects.filter(participant=participant).select_related("wave")
    opened = [
        [str(one.wave), str(one.get_state_display()), date_format(one.opens, "d.m.Y"), moment(one.answered_at)]
        for one in invitations
    ]
    if not opened:
        return []
    columns = (_("Spørreskjema"), _("Status"), _("Åpnet"), _("Besvart"))
    paragraphs = [_("Svar du selv har gitt med lenken din, kan kontoret ikke se. De er lagret uten navnet ditt.")]
    return [Section(_("Spørreskjemaer"), paragraphs, columns=columns, table=opened), *_typed(participant)]


def _typed(participant: Participant) -> list[Section]:
    """Every typing of every paper, in the words of the questions: two people type each; what they agreed on counts."""
    rows = Answer.objects.filter(invitation__participant=participant).exclude(entry=Entry.OWN).exclude(value="")
    known = Instrument.objects.filter(trial=participant.trial_id)
    asked = {(each.code, item.code): item for each in known for item in each.questions}
    table = [
        [
            str(one.invitation.wave),
            in_words(asked[one.instrument, one.item].question),
            shown_answer(asked[one.instrument, one.item], one.value),
            str(one.get_entry_display()),
        ]
        for one in rows.select_related("invitation__wave").order_by("invitation__wave__code", "entry", "pk")
    ]
    columns = (_("Spørreskjema"), _("Spørsmål"), _("Svar"), _("Skrevet inn"))
    return [Section(_("Svar som kontoret har tastet inn"), columns=columns, table=table)] if table else []
