"""Without any filter in the code, each role sees the own rows and no other; without a plane nobody sees any."""

import pytest
from django.apps import apps
from django.db import models, transaction
from django.db.utils import ProgrammingError

from tests.access.world import World
from tests.analyses.life import FOLLOWED_UP
from tests.cast import PEOPLE, acting
from trial.access.planes import DatabaseRole, Plane, entered
from trial.access.roles import ROLES
from trial.audit import clock
from trial.studies.queries import plane_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("world")]


def models_with(column: str) -> list[type[models.Model]]:
    """The models of the house whose table has a column, views included."""
    ours = (model for model in apps.get_models() if model.__module__.startswith("trial."))
    return [model for model in ours if any(field.column == column for field in model._meta.concrete_fields)]


def seen(model: type[models.Model], column: str) -> set[int | None]:
    """What stands in a column of all rows that the plane at hand lets through; nothing where it has no grant."""
    try:
        with transaction.atomic():
            return set(model._base_manager.values_list(column, flat=True))
    except ProgrammingError as error:
        if "permission denied" not in str(error):
            raise
        return set()


def test_there_are_many_tables_to_ask() -> None:
    assert len(models_with("trial_id")) > 25
    assert len(models_with("office_id")) > 12


@pytest.mark.parametrize("name", PEOPLE)
def test_each_role_sees_rows_of_the_own_trial_only(world: World, name: str) -> None:
    user = getattr(world.cast, name)
    with clock.simulated(FOLLOWED_UP), acting(user):
        strange = {
            model.__name__: rows
            for model in models_with("trial_id")
            if (rows := seen(model, "trial_id") - {world.cast.trial.pk, None})
        }
    assert strange == {}


@pytest.mark.parametrize("name", [name for name, (_label, role, _office) in PEOPLE.items() if ROLES[role].at_office])
def test_each_role_at_an_office_sees_rows_of_the_own_office_only(world: World, name: str) -> None:
    user = getattr(world.cast, name)
    with clock.simulated(FOLLOWED_UP):
        own = set(plane_for(user).offices)
        with acting(user):
            strange = {
                model.__name__: rows
                for model in models_with("office_id")
                if (rows := seen(model, "office_id") - own - {None})
            }
    assert strange == {}


def test_somebody_sees_something(world: World) -> None:
    """The control: the tables are not empty, and a plane with both offices finds both."""
    everywhere = Plane(
        DatabaseRole.OFFICE,
        offices=tuple(office.pk for office in world.cast.offices.values()),
        trials=(world.cast.trial.pk,),
    )
    with entered(everywhere):
        found = {model.__name__ for model in models_with("office_id") if len(seen(model, "office_id")) > 1}
    assert {"Participant", "IdentityRecord", "Allocation", "Measure"} <= found


@pytest.mark.parametrize("role", [role for role in DatabaseRole if role != DatabaseRole.DRAW])
def test_a_plane_without_context_sees_no_row(world: World, role: DatabaseRole) -> None:
    """A forgotten user, office or trial shows nothing. The draw's role names none: it reads whole strata, no people."""
    with entered(Plane(role)):
        shown = {model.__name__ for model in _named() if seen(model, model._meta.pk.column)}
    # A respondent without a link still reads what the questionnaires ask: texts without people.
    assert shown - ({"Instrument", "Wave"} if role == DatabaseRole.RESPONDENT else set()) == set()


def _named() -> set[type[models.Model]]:
    return {model for column in ("trial_id", "office_id", "participant_id") for model in models_with(column)}
