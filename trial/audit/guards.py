"""Closes the side doors: a guarded row is written by an action or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self

from django.db import models

from trial.audit import rows

_writing: ContextVar[bool] = ContextVar("writing", default=False)


class WriteOutsideActionError(RuntimeError):
    """A guarded model was written by code that is no action: a defect of ours, never a user's."""


@contextmanager
def writing() -> Iterator[None]:
    """Open the guarded models for writing; only actions (and the tests of the guards) use it."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def is_writing() -> bool:
    """Whether an action is under way."""
    return _writing.get()


def refuse_outside_action(what: str) -> None:
    if not is_writing():
        raise WriteOutsideActionError(f"{what} is written only inside an action")


def _guarded(name: str) -> Callable[..., Any]:
    def method(self: models.QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        refuse_outside_action(f"{self.model.__name__}.{name}")
        return getattr(super(GuardedQuerySet, self), name)(*args, **kwargs)

    method.__name__ = name
    return method


class GuardedQuerySet(models.QuerySet[Any]):
    """Refuses the writes that never pass through `save`."""

    update = _guarded("update")
    delete = _guarded("delete")
    bulk_create = _guarded("bulk_create")
    bulk_update = _guarded("bulk_update")
    _raw_delete = _guarded("_raw_delete")


class GuardedModel(models.Model):
    """A row that only an action may write, and that keeps its past unless the model says otherwise."""

    guarded: ClassVar[bool] = True
    objects = models.Manager.from_queryset(GuardedQuerySet)()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        refuse_outside_action(type(self).__name__)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        refuse_outside_action(type(self).__name__)
        return super().delete(*args, **kwargs)

    def changed(self, **values: Any) -> Self:
        """Set and save the named fields only, so that a concurrent change of another field is never overwritten."""
        refuse_outside_action(type(self).__name__)
        for name, value in values.items():
            setattr(self, name, value)
        rows.update(self, values)
        return self

    def added(self) -> Self:
        """Write a new row by a statement made once. A key that the database makes up stays unknown here."""
        refuse_outside_action(type(self).__name__)
        rows.insert(self)
        return self
