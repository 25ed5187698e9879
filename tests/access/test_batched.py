"""Operations in a batch leave the same tables and the same models as one by one, and go back again."""

from typing import Any

from django.db import connection, models
from django.db.migrations import AddConstraint, AddField, AddIndex, AlterField, CreateModel, RemoveConstraint
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from trial.access.batched import Batch, BatchedMigration, batched

APP = "made_up"
BEGINNING: list[Operation] = [
    CreateModel("Hive", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=9))]),
    CreateModel(
        "Bee",
        [("id", models.BigAutoField(primary_key=True)), ("hive", models.ForeignKey(f"{APP}.Hive", models.CASCADE))],
        options={"constraints": [models.CheckConstraint(name="bee_has_a_key", condition=models.Q(id__gt=0))]},
    ),
]
CHANGES: list[Operation] = [
    AddField("Bee", "born", models.DateField(null=True)),
    AddField("Bee", "mother", models.ForeignKey(f"{APP}.Bee", models.PROTECT, null=True, related_name="daughters")),
    AddIndex("Bee", models.Index(fields=["hive", "born"], name="bee_by_hive")),
    AddConstraint("Bee", models.UniqueConstraint(fields=["mother", "born"], name="bee_one_a_day")),
    RemoveConstraint("Bee", "bee_has_a_key"),
    AddField("Hive", "queen", models.OneToOneField(f"{APP}.Bee", models.PROTECT, null=True, related_name="reign")),
]


def _made(changes: list[Operation]) -> tuple[ProjectState, Migration]:
    """The tables in the database, with the models built, as they are while migrations run."""
    one = type("Migration", (Migration,), {"operations": changes})("0002", APP)
    state = ProjectState()
    assert state.apps
    with connection.schema_editor() as editor:
        state = type("Migration", (Migration,), {"operations": BEGINNING})("0001", APP).apply(state, editor)
        return one.apply(state, editor), one


def _tables() -> dict[str, Any]:
    with connection.cursor() as cursor:
        return {
            table: (
                [column.name for column in connection.introspection.get_table_description(cursor, table)],
                sorted(_facts(connection.introspection.get_constraints(cursor, table))),
            )
            for table in (f"{APP}_hive", f"{APP}_bee")
        }


def _facts(constraints: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, repr(sorted(facts.items()))) for name, facts in constraints.items()]


def _models(state: ProjectState) -> dict[str, list[str]]:
    """The fields of each model that is built, those included by which others lead to it."""
    return {
        model._meta.model_name or "": sorted(field.name for field in model._meta.get_fields())
        for model in state.apps.get_models()
        if model._meta.app_label == APP
    }


def _dropped() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {APP}_hive, {APP}_bee CASCADE")


def test_a_batch_leaves_what_its_operations_leave_one_by_one(db: None) -> None:
    state, _migration = _made(CHANGES)
    tables, classes = _tables(), _models(state)
    _dropped()
    changes = batched(CHANGES)
    assert [type(each) for each in changes] == [Batch]
    together, _migration = _made(changes)
    assert _tables() == tables
    assert _models(together) == classes
    assert {"mother", "daughters", "reign", "born", "hive"} <= set(classes["bee"])
    assert "bee_one_a_day" in repr(tables)
    assert "bee_has_a_key" not in repr(tables)


def test_a_batch_is_undone(db: None) -> None:
    before = _made([])[0]
    tables = _tables()
    _dropped()
    _state, migration = _made(batched(CHANGES))
    assert _tables() != tables
    with connection.schema_editor() as editor:
        migration.unapply(before, editor)
    assert _tables() == tables


def test_what_alters_a_column_stands_between_batches() -> None:
    alters = AlterField("Bee", "born", models.DateField())
    found = batched([*CHANGES[:2], alters, *CHANGES[2:]])
    assert [type(each) for each in found] == [Batch, AlterField, Batch]
    assert [len(each.changes) for each in found if isinstance(each, Batch)] == [2, 4]


def test_a_migration_batches_its_own() -> None:
    kind: type[BatchedMigration] = type("Migration", (BatchedMigration,), {"operations": CHANGES})
    assert [type(each) for each in kind("0001", APP).operations] == [Batch]
    assert kind.operations is CHANGES
