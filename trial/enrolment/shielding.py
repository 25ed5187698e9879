"""Shielding: a participant whom only named colleagues may see. Why is written nowhere."""

from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action
from trial.enrolment.models import EligibilityCheck, Participant
from trial.identity import actions as identity
from trial.studies.models import Office
from trial.studies.permissions import can, require


@action
def set_shield(*, by: User, check: EligibilityCheck, readers: Sequence[User]) -> None:
    """Let only the named colleagues see a person from now on, registered or not yet; nobody named lifts the shield.

    Raises:
        Refusal: `not_allowed`, `reader_missing` when `by` is not among them (nobody could undo it),
            `reader_elsewhere` for someone who may see no names at the person's office.
    """
    require(by, check.trial, Permission.ENROL, check.office)
    named = {reader.pk for reader in readers}
    if named and by.pk not in named:
        raise Refusal("reader_missing", _("Du må selv være en av dem som ser deltakeren."), field="readers", status=422)
    if not all(can(reader, check.trial, Permission.SEE_IDENTITY, check.office) for reader in readers):
        raise Refusal("reader_elsewhere", _("Velg blant kollegene ved kontoret."), field="readers", status=422)
    if named:  # the readers first: whoever is not yet named could no longer see the rows to change
        identity.shield(by=by, subject=check.key, readers=named)
    check.changed(shielded=bool(named))
    Participant.objects.filter(pk=check.key).update(shielded=bool(named))
    if not named:
        identity.shield(by=by, subject=check.key, readers=())


def somebody_sees_at(participant: Participant, office: Office) -> None:
    """Refuse (`nobody_sees`) where a shielded participant would move out of sight. Asked on the plane of the draw."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT enrolment_seen_at(%s, %s, %s)", [participant.pk, office.pk, clock.today()])
        if cursor.fetchone()[0]:
            return
    raise Refusal(
        "nobody_sees",
        _("Deltakeren er skjermet. Gi først en av dem som ser deltakeren, en rolle ved det nye kontoret."),
        field="office",
    )
