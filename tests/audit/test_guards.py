"""No side doors: a guarded row is written by an action or not at all, and an audit line never changes."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models

from tests.factories import registered
from trial.access.planes import maintenance
from trial.audit.actions import action, record
from trial.audit.guards import GuardedModel, WriteOutsideActionError, writing
from trial.audit.models import AuditEvent
from trial.enrolment.models import Participant
from trial.studies.models import NavOffice

# Moments without a person beside them, and why.
MOMENTS_WITHOUT_ACTOR = {
    "audit.OutboxMessage.created_at": "the action that posts it writes an audit line",
    "audit.OutboxMessage.sent_at": "the worker sends it",
    "access.ApiToken.created_at": "the token's user",
    "access.ApiToken.expires_at": "lies ahead",
    "allocation.Allocation.enrolled_at": "Participant.enrolled_by, set in the same transaction",
    "allocation.IdempotencyRecord.created_at": "the user, whom the fingerprint names",
    "surveys.Invitation.begun_at": "the respondent, whom only the link knows",
    "surveys.Invitation.answered_at": "the respondent, or Answer.saved_by of the second typing",
    "allocation.SealedSeed.sealed_at": "the two persons who lock the protocol",
    "allocation.Cluster.enrolled_at": "the user of the log's entry, in an audit line of the same transaction",
    "allocation.Witness.told_at": "the worker tells it of a checkpoint",
    "registers.Delivery.destroyed_at": "the worker's round, on the date that the trial declares",
    "registers.Destruction.destroyed_at": "the worker's round, on the date that the trial declares",
    "registers.Upload.arrived_at": "Upload.begun_by, who sends every piece",
    "registers.Upload.finished_at": "Upload.begun_by, who sends every piece",
}
# Rows that are no part of a trial's record and may be written by the machinery that owns them.
OPEN_MODELS = {"access.ApiToken", "access.User"}


def ours():
    return [model for model in apps.get_models() if model.__module__.startswith("trial.")]


def test_every_model_is_guarded_or_declared_open():
    open_models = {model._meta.label for model in ours() if not issubclass(model, GuardedModel)}
    assert open_models == OPEN_MODELS


def test_related_rows_go_through_the_guard_too():
    assert all(type(model._base_manager).__name__ != "Manager" for model in ours() if issubclass(model, GuardedModel))


SIDE_DOORS = {
    "create": lambda row: NavOffice.objects.create(number="0999", name="Nav Ny"),
    "save": lambda row: row.save(),
    "delete": lambda row: row.delete(),
    "update": lambda row: Participant.objects.update(stratum="x"),
    "queryset delete": lambda row: Participant.objects.all().delete(),
    "raw delete": lambda row: Participant.objects.all()._raw_delete("default"),
    "bulk_create": lambda row: NavOffice.objects.bulk_create([NavOffice(number="0999", name="Nav Ny")]),
    "bulk_update": lambda row: Participant.objects.bulk_update([row], ["stratum"]),
    "get_or_create": lambda row: NavOffice.objects.get_or_create(number="0999"),
    "update_or_create": lambda row: NavOffice.objects.update_or_create(number="0999"),
    "related create": lambda row: row.trial.criteria.create(position=9, code="x", question="x"),
    "related update": lambda row: row.trial.participants.update(stratum="x"),
    "changed": lambda row: row.changed(stratum="x"),
}


@pytest.mark.parametrize("door", SIDE_DOORS)
def test_the_door_is_closed_outside_an_action(cast, door):
    participant = registered(cast)
    with maintenance(), pytest.raises(WriteOutsideActionError):
        SIDE_DOORS[door](participant)


def test_control_inside_an_action_the_door_is_open(cast):
    with maintenance(), writing():
        assert NavOffice.objects.create(number="0999", name="Nav Ny").pk


def test_the_guard_closes_again_after_an_error():
    with pytest.raises(RuntimeError, match="broken"), writing():
        raise RuntimeError("broken")
    with pytest.raises(WriteOutsideActionError):
        NavOffice(number="0999", name="Nav Ny").save()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_auditevent SET verb = 'x'",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
    ],
)
def test_nobody_changes_an_audit_line_not_even_the_owner(cast, change):
    with pytest.raises(IntegrityError, match="append-only"), maintenance(), connection.cursor() as cursor:
        cursor.execute(change)


def test_changed_writes_only_the_named_fields(cast):
    with maintenance(), writing():
        office = NavOffice.objects.get(number="0104")
        NavOffice.objects.filter(pk=office.pk).update(name="Nav Moss og Rygge")
        office.changed(number="0105")
        office.refresh_from_db()
    assert (office.number, office.name) == ("0105", "Nav Moss og Rygge")


@action
def _note(*, by, fail=False):
    record(by=by, verb="noted")
    if fail:
        raise RuntimeError("after the line")


def test_an_action_takes_keywords_only(cast):
    with pytest.raises(TypeError, match="keyword"):
        _note(cast.kari)


def test_an_action_that_fails_leaves_no_line(cast):
    with maintenance():
        _note(by=cast.kari)
        with pytest.raises(RuntimeError):
            _note(by=cast.kari, fail=True)
        assert AuditEvent.objects.filter(verb="noted").count() == 1


def test_a_line_says_who_when_and_what(cast, simulated_clock):
    with maintenance():
        _note(by=cast.kari)
        _note(by=None)
        lines = AuditEvent.objects.filter(verb="noted").order_by("actor")
        assert [line.actor for line in lines] == [cast.kari.username, "system"]
        assert {line.time for line in lines} == {simulated_clock.moment}


def test_every_moment_has_someone_behind_it():
    """A field `x_at` stands beside `x_by`, save where only the machinery acts."""
    alone = {
        f"{model._meta.label}.{field.name}"
        for model in ours()
        for field in model._meta.concrete_fields
        if isinstance(field, models.DateTimeField) and field.name.endswith("_at") and not _has_actor(model, field)
    }
    assert alone == set(MOMENTS_WITHOUT_ACTOR)


def _has_actor(model, field):
    names = {one.name for one in model._meta.concrete_fields}
    return {f"{field.name.removesuffix('_at')}_by", "recorded_by"} & names
