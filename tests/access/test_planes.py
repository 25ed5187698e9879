"""A plane of data lasts exactly as long as its transaction, and a connection carries nothing over to the next user."""

import pytest
from django.db import connection, transaction

from tests.cast import acting, recruiting
from tests.factories import registered
from trial.access import planes
from trial.access.planes import NOBODY, DatabaseRole, Plane, acting_in, entered, maintenance
from trial.enrolment.models import Participant
from trial.studies.queries import plane_for

OFFICE = Plane(DatabaseRole.OFFICE, user_id=1, offices=(7, 8), trials=(3,))


def said():
    """What the database connection says of itself: role, offices, trials, user, maintenance."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, app_offices(), app_trials(), app_user(), current_setting('app.maintenance', true)"
        )
        return cursor.fetchone()


def test_inside_a_plane_the_database_knows_role_and_rows(db):
    with entered(OFFICE):
        assert said()[:4] == ("office", [7, 8], [3], 1)


def test_after_a_plane_nothing_of_it_is_left(db):
    before = said()
    with entered(OFFICE):
        pass
    assert said()[1:4] == ([], [], None)
    assert said()[0] == before[0]


def test_a_plane_within_a_plane_gives_back_the_outer_one(db):
    with entered(OFFICE):
        with maintenance():
            assert said()[4] == "on"
        assert said()[:2] == ("office", [7, 8])
        assert not said()[4]


def test_an_error_gives_the_outer_plane_back_too(db):
    with entered(OFFICE):
        with pytest.raises(RuntimeError), maintenance():
            raise RuntimeError
        assert said()[:2] == ("office", [7, 8])
    assert planes.current() == NOBODY


def test_a_failed_statement_inside_a_nested_plane_does_not_leak(db):
    with entered(OFFICE):
        with pytest.raises(Exception, match="permission denied"), entered(Plane(DatabaseRole.ANALYST)):
            connection.cursor().execute("SELECT * FROM identity_identityrecord")
        assert said()[:2] == ("office", [7, 8])


def test_naming_a_plane_touches_no_database():
    with acting_in(OFFICE):
        assert planes.current() == OFFICE
    assert planes.current() == NOBODY


@pytest.mark.slow
def test_two_thousand_requests_over_one_connection_never_show_another_office(committed_database):
    cast = recruiting()
    people = {cast.moss.pk: registered(cast), cast.hurum.pk: registered(cast, by=cast.hanne, office=cast.hurum)}
    mine = {user: plane_for(user) for user in (cast.kari, cast.hanne)}
    for turn in range(2000):
        user = (cast.kari, cast.hanne)[turn % 2]
        with entered(mine[user]):
            seen = list(Participant.objects.values_list("number", flat=True))
        office = (cast.moss, cast.hurum)[turn % 2]
        assert seen == [people[office.pk].number]
        if turn % 10 == 0:
            assert Participant.objects.count() == 0, "between two requests nothing is seen"


@pytest.mark.slow
def test_control_a_setting_for_the_session_would_leak(committed_database):
    cast = recruiting()
    registered(cast)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.offices', %s, false), set_config('role', 'office', false)", [str(cast.moss.pk)]
        )
    assert Participant.objects.count() == 1


def test_every_role_has_a_plane_and_the_outsider_none(cast):
    assert {name for name, user in cast.everyone.items() if plane_for(user) == NOBODY} == {"outsider"}
    assert plane_for(cast.kari).offices == (cast.moss.pk,)
    assert plane_for(cast.coordinator).offices == ()


def test_the_roles_of_the_application_own_nothing_and_cannot_sign_in(cast):
    with acting(cast.kari), connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('office', 'coordinator', 'draw') "
            "AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE tableowner IN ('office', 'coordinator', 'analyst', 'draw')"
        )
        assert cursor.fetchall() == []
