"""Migrations whose changes to tables are applied one by one, and Django's picture of the models only once for all.

Django builds the model classes anew after each operation on a model, and those of every model that is related to it:
most of a migration's time, as nearly every table here leads to trials and users.
"""

from collections.abc import Iterable
from itertools import groupby

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# What finds in the models after the last of several changes all that it needs for its own. An operation that makes or
# alters a whole column or table would already see in them what comes after it.
SEPARABLE = (
    operations.AddField,
    operations.AddConstraint,
    operations.AddIndex,
    operations.AlterModelManagers,
    operations.RemoveConstraint,
)


class Batch(Operation):
    """Several separable operations in their order, as one change of the models."""

    reversible = True

    def __init__(self, changes: list[Operation]) -> None:
        self.changes = changes

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change the models' descriptions, and build the classes of those concerned once where they are built."""
        built = state.__dict__.pop("apps", None)
        for change in self.changes:
            change.state_forwards(app_label, state)
        if built is not None:
            state.__dict__["apps"] = built
            names = {name for change in self.changes if (name := getattr(change, "model_name_lower", None))}
            names |= {change.name_lower for change in self.changes if isinstance(change, operations.AlterModelManagers)}
            state.reload_models([(app_label, name) for name in sorted(names)], delay=False)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for change in self.changes:
            change.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for change in reversed(self.changes):
            change.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(change.describe() for change in self.changes)


class BatchedMigration(migrations.Migration):
    """A migration in which each run of separable operations is one."""

    def __init__(self, name: str, app_label: str) -> None:
        super().__init__(name, app_label)
        self.operations = batched(self.operations)  # type: ignore[misc]  # as Django itself gives each its own


def batched(changes: Iterable[Operation]) -> list[Operation]:
    """A migration's operations with each run of separable ones made one."""
    found: list[Operation] = []
    for separable, run in groupby(changes, lambda change: isinstance(change, SEPARABLE)):
        several = list(run)
        found += [Batch(several)] if separable else several
    return found
