"""Results leave by two persons, after the disclosure rule, and only what was released is seen by others."""

import json
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from evaluation.disclosure import far_enough
from tests.analyses import life
from tests.cast import acting
from tests.meeting import at_once
from trial.access.planes import DatabaseRole, Plane, acting_in
from trial.access.refusals import Refusal
from trial.analyses.actions import request_run
from trial.analyses.calculation import carry_out
from trial.analyses.models import Run
from trial.enrolment.actions import withdraw
from trial.enrolment.queries import participants_of
from trial.enrolment.states import Withdrawal
from trial.results import actions
from trial.results.actions import preview, refuse_release, release_results, request_release
from trial.results.models import Release, ReleasedResult
from trial.results.queries import releasable, release_for, releases_of
from trial.results.states import ReleaseState

pytestmark = pytest.mark.slow

MOST_QUERIES = 12
SAVEPOINT = 2  # a test's transaction makes a savepoint of the request's: two statements that no real request sends
READERS = ["coordinator", "researcher", "lead", "data_manager"]


def _run(cast, plan, *, masked: bool = False) -> Run:
    with acting(cast.analyst):
        run = request_run(by=cast.analyst, plan=plan, masked=masked)
    with acting_in(Plane(DatabaseRole.ANALYST, trials=(cast.trial.pk,))):
        carry_out(run.pk)
    with acting(cast.analyst):
        run.refresh_from_db()
    return run


@pytest.fixture
def done(lived):
    cast, plan = lived
    life.data_locked(cast)
    return cast, _run(cast, plan)


def _asked(cast, run) -> Release:
    with acting(cast.analyst):
        return request_release(by=cast.analyst, run=run, note="Tabell 2 til styringsgruppen")


def _released(cast, run) -> Release:
    release = _asked(cast, run)
    with acting(cast.checker):
        return release_results(by=cast.checker, release=release)


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_rehearsal_is_never_released(lived):
    cast, plan = lived
    with pytest.raises(Refusal, match="rehearsal"):
        _asked(cast, _run(cast, plan, masked=True))


def test_what_is_released_is_what_the_checker_was_shown(done):
    cast, run = done
    release = _asked(cast, run)
    with acting(cast.checker):
        shown = {finding.name: preview(release, finding) for finding in run.results.all()}
        release_results(by=cast.checker, release=release)
        left = {finding.name: finding for finding in release.results.all()}
    assert left.keys() == shown.keys()
    for name, finding in left.items():
        assert (finding.rows, finding.spec) == (shown[name].rows, shown[name].spec)
        assert finding.notes["disclosure"] == "opensafely"


def test_no_count_of_seven_or_fewer_and_no_exact_count_leaves(done):
    cast, run = done
    release = _released(cast, run)
    with acting(cast.coordinator):
        findings = list(release.results.all())
    for finding in findings:
        for key in {"n", "missing"} & set(finding.columns):
            place = finding.columns.index(key)
            assert all(row[place] is None or row[place] % 5 == 0 for row in finding.rows)
    with acting(cast.analyst):
        exact = next(row for row in run.results.get(name="table-1").rows if row[0] == "men")
    table = next(finding for finding in findings if finding.name == "table-1")
    assert next(row for row in table.rows if row[0] == "men")[1:3] != exact[1:3]


def test_nobody_releases_what_they_asked_for(done):
    cast, run = done
    release = _asked(cast, run)
    with acting(cast.analyst), pytest.raises(Refusal, match="not_allowed"):
        release_results(by=cast.analyst, release=release)
    decide = "UPDATE results_release SET state = 'released', decided_at = now(), decided_by_id = requested_by_id"
    with acting(cast.checker), pytest.raises(IntegrityError, match="release_decided_by_another"), transaction.atomic():
        _execute(decide)


def test_a_release_is_decided_once(done):
    cast, run = done
    release = _released(cast, run)
    with acting(cast.checker), pytest.raises(Refusal, match="wrong_release_state"):
        refuse_release(by=cast.checker, release=release, reason="For sent")


def test_a_run_is_asked_for_once_and_again_only_after_a_refusal(done):
    cast, run = done
    release = _asked(cast, run)
    with pytest.raises(Refusal, match="release_requested_already"):
        _asked(cast, run)
    with acting(cast.checker):
        refuse_release(by=cast.checker, release=release, reason="Feil plan")
    with acting(cast.analyst):
        assert releasable(cast.analyst, cast.trial) == [run]
    assert _asked(cast, run).state == ReleaseState.REQUESTED


def test_results_that_differ_from_released_ones_by_a_few_persons_stay_inside(done):
    """Somebody wants everything deleted between two runs: held against each other, they would tell of that person."""
    cast, run = done
    _released(cast, run)
    _released(cast, _run(cast, run.plan))  # of the same persons: nothing new is told
    with acting(cast.kari):
        gone = participants_of(cast.kari, cast.trial).filter(office=cast.moss).first()
        withdraw(by=cast.kari, participant=gone, meaning=Withdrawal.EVERYTHING)
    release = _asked(cast, _run(cast, run.plan))
    with acting(cast.checker), pytest.raises(Refusal, match="release_too_near"):
        release_results(by=cast.checker, release=release)
    with acting(cast.checker):
        release.refresh_from_db()
        assert (release.state, release.results.count()) == (ReleaseState.REQUESTED, 0)
        assert refuse_release(by=cast.checker, release=release, reason="For nær").state == ReleaseState.REFUSED


def test_of_two_near_results_released_at_once_one_stays_inside(lived_and_committing, monkeypatch):
    cast, plan = lived_and_committing
    life.data_locked(cast)
    first = _asked(cast, _run(cast, plan))
    with acting(cast.kari):
        gone = participants_of(cast.kari, cast.trial).filter(office=cast.moss).first()
        withdraw(by=cast.kari, participant=gone, meaning=Withdrawal.EVERYTHING)
    second = _asked(cast, _run(cast, plan))
    door = Barrier(2)

    def looked_together(*given):
        with suppress(BrokenBarrierError):
            door.wait(1)
        return far_enough(*given)

    monkeypatch.setattr(actions, "far_enough", looked_together)

    def let_out(release):
        with acting(cast.checker):
            return release_results(by=cast.checker, release=release).state

    found = at_once(lambda: let_out(first), lambda: let_out(second))
    assert sorted(map(str, found)) == ["release_too_near", "released"]


def test_how_few_were_left_out_does_not_leave_with_the_manifest(lived):
    cast, plan = lived
    life.data_locked(cast)
    with acting(cast.kari):
        gone = participants_of(cast.kari, cast.trial).filter(office=cast.moss).first()
        withdraw(by=cast.kari, participant=gone, meaning=Withdrawal.EVERYTHING)
    run = _run(cast, plan)
    release = _asked(cast, run)
    assert run.manifest["consent"]["persons_left_out"] == 1
    assert release.manifest["consent"]["persons_left_out"] is None
    assert set(release.manifest["consent"]["persons_not_covered"].values()) == {None}


@pytest.mark.parametrize("attribute", READERS)
def test_readers_see_a_release_from_the_moment_it_is_released(done, attribute):
    cast, run = done
    reader = getattr(cast, attribute)
    release = _asked(cast, run)
    with acting(reader):
        assert not list(releases_of(reader, cast.trial.code)[1])
        with pytest.raises(Refusal, match="not_found"):
            release_for(reader, cast.trial.code, release.pk)
    with acting(cast.checker):
        release_results(by=cast.checker, release=release)
    with acting(reader):
        assert release_for(reader, cast.trial.code, release.pk).results.count() > 0


@pytest.mark.parametrize("attribute", ["kari", "jon", "siri", "outsider"])
def test_offices_and_outsiders_have_no_way_to_a_result(done, attribute):
    cast, run = done
    _released(cast, run)
    user = getattr(cast, attribute)
    for model in (Release, ReleasedResult):
        with acting(user):
            try:
                with transaction.atomic():
                    seen = model.objects.count()
            except ProgrammingError:
                seen = 0
        assert seen == 0
    with acting(user), pytest.raises(Refusal) as refusal:
        releases_of(user, cast.trial.code)
    assert refusal.value.status in (403, 404)


def test_what_was_released_never_changes(done):
    cast, run = done
    _released(cast, run)
    with acting(cast.checker), pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
        _execute("DELETE FROM results_releasedresult")


def test_released_results_are_read_through_the_api_and_nothing_else(done, client):
    cast, run = done
    release = _released(cast, run)
    client.force_login(cast.coordinator, backend="allauth.account.auth_backends.AuthenticationBackend")
    listed = client.get(f"/api/v1/trials/{cast.trial.code}/results/").json()["results"]
    assert [entry["id"] for entry in listed] == [str(release.pk)]
    found = client.get(f"/api/v1/trials/{cast.trial.code}/results/{release.pk}/").json()
    assert {finding["name"] for finding in found["findings"]} >= {"table-1", "table-2"}
    refused = client.get(f"/api/v1/trials/{cast.trial.code}/runs/{run.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert refused["Content-Type"] == "application/problem+json"


def test_the_release_page_and_its_downloads_carry_the_same_numbers(done, client):
    cast, run = done
    release = _released(cast, run)
    client.force_login(cast.coordinator, backend="allauth.account.auth_backends.AuthenticationBackend")
    here = f"/trials/{cast.trial.code}/results/{release.pk}/"
    page = client.get(f"{here}findings/table-2/")
    assert "Tabell 2" in page.content.decode()
    numbers = json.loads(client.get(f"{here}results.json").content)
    table = next(finding for finding in numbers["findings"] if finding["name"] == "table-2")
    assert client.get(f"{here}table-2.csv").content.decode().splitlines()[0] == ",".join(table["columns"])
    assert client.get(f"{here}tables.xlsx").content[:2] == b"PK"


def test_the_pages_ask_the_database_a_bounded_number_of_times(done, client, django_assert_max_num_queries):
    cast, run = done
    release = _asked(cast, run)
    client.force_login(cast.checker, backend="allauth.account.auth_backends.AuthenticationBackend")
    for tail in ("", f"{release.pk}/", f"{release.pk}/findings/figure-1/"):
        with django_assert_max_num_queries(MOST_QUERIES + SAVEPOINT):
            assert client.get(f"/trials/{cast.trial.code}/results/{tail}").status_code == 200
