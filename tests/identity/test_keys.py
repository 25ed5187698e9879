"""Wrapping keys: from the environment, a file or a platform's service; rotated while people work; retired unused."""

import json
import threading
from io import StringIO
from itertools import count

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import CommandError, call_command
from django.db import connection

from tests.cast import acting
from tests.factories import registered, synthetic_person
from trial.access.planes import maintenance
from trial.identity.actions import erase, keep
from trial.identity.keys import FileKeys, KeyFailure, KeyService, name_of, service
from trial.identity.models import IdentityRecord, Person
from trial.identity.queries import person_of
from trial.identity.vault import new_key, place, seal, unseal

HERE = place("identity_identityrecord", "wrapped_key", "7")
OLD, NEW = "aa" * 32, "bb" * 32


class PlatformKeys(KeyService):
    """A platform's service, as an adapter would speak to it: the wrapping keys are never ours."""

    versions = {"projects/trial/keys/identity/1": new_key(), "projects/trial/keys/identity/2": new_key()}

    def current(self):
        return max(self.versions)

    def wrap(self, key, where):
        return self.current(), seal(self.versions[self.current()], key, where)

    def unwrap(self, wrapped, where, name):
        return unseal(self.versions[name], wrapped, where)


@pytest.fixture
def key_file(settings, tmp_path):
    """The wrapping keys in a file that took over the environment's."""
    settings.IDENTITY_KEY, settings.IDENTITY_KEYS_RETIRED = OLD, []
    settings.IDENTITY_KEY_FILE = str(tmp_path / "keys.json")
    settings.IDENTITY_KEY_SERVICE = "trial.identity.keys.FileKeys"
    FileKeys().add()
    return tmp_path / "keys.json"


def told(step):
    out = StringIO()
    call_command("identity_keys", step, stdout=out)
    return out.getvalue()


def _held():
    with maintenance():
        rows = IdentityRecord.objects.filter(wrapped_key__isnull=False)
        return set(rows.values_list("key_name", flat=True))


class TestEnvironment:
    def test_a_wrapped_key_opens_only_at_its_place(self):
        name, wrapped = service().wrap(key := new_key(), HERE)
        assert service().unwrap(wrapped, HERE, name) == key
        with pytest.raises(InvalidTag):
            service().unwrap(wrapped, HERE + b"0", name)

    def test_a_retired_key_still_unwraps_and_no_longer_wraps(self, settings):
        settings.IDENTITY_KEY = OLD
        name, wrapped = service().wrap(key := new_key(), HERE)
        settings.IDENTITY_KEY, settings.IDENTITY_KEYS_RETIRED = NEW, [OLD]
        assert service().unwrap(wrapped, HERE, name) == key
        assert service().wrap(key, HERE)[0] == name_of(bytes.fromhex(NEW)) != name

    def test_a_key_that_is_gone_is_a_sentence(self, settings):
        settings.IDENTITY_KEY = OLD
        name, wrapped = service().wrap(new_key(), HERE)
        settings.IDENTITY_KEY = NEW
        with pytest.raises(KeyFailure, match=name):
            service().unwrap(wrapped, HERE, name)

    def test_the_name_of_a_key_tells_nothing_about_it(self):
        assert OLD[:8] not in name_of(bytes.fromhex(OLD))

    @pytest.mark.parametrize("bad", ["not hex", "aa", ""])
    def test_a_malformed_key_stops_with_a_sentence_that_does_not_repeat_it(self, settings, bad):
        settings.IDENTITY_KEY = bad
        with pytest.raises(KeyFailure) as stopped:
            service().current()
        assert "not hex" not in str(stopped.value)


class TestFile:
    def test_the_first_file_takes_over_the_keys_of_the_environment(self, key_file):
        assert list(FileKeys().keys())[1] == name_of(bytes.fromhex(OLD))

    def test_only_the_owner_may_read_it(self, key_file):
        assert oct(key_file.stat().st_mode & 0o777) == "0o600"
        key_file.chmod(0o644)
        with pytest.raises(KeyFailure, match="600"):
            service().current()

    def test_a_change_is_seen_without_a_restart(self, key_file):
        before = service().current()
        added = FileKeys().add()
        assert service().current() == added != before

    @pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": ["00"]}', '{"keys": 3}'])
    def test_half_a_file_is_a_sentence(self, key_file, content):
        key_file.write_text(content)
        with pytest.raises(KeyFailure):
            service().current()

    def test_a_missing_file_is_a_sentence(self, key_file):
        key_file.unlink()
        with pytest.raises(KeyFailure, match=r"keys\.json"):
            service().current()


@pytest.mark.slow
class TestRotation:
    def test_everyone_is_wrapped_anew_and_the_old_key_can_go(self, cast, key_file):
        person = synthetic_person()
        participant = registered(cast, person=person)
        old = service().current()
        told("add")
        assert f"{old} 1 people" in told("status")
        told("rotate")
        assert _held() == {service().current()} != {old}
        assert old in told("retire")
        assert len(json.loads(key_file.read_text())["keys"]) == 1
        with acting(cast.kari):
            assert person_of(participant.key) == person

    def test_a_key_that_still_holds_someone_is_never_retired(self, cast, key_file):
        registered(cast)
        old = service().current()
        told("add")
        assert old not in told("retire")
        assert f"{old} 1 people" in told("status")

    def test_a_backup_from_before_is_unreadable_once_its_key_is_retired(self, cast, key_file):
        participant = registered(cast)
        with maintenance():
            backup = IdentityRecord.objects.get(pk=participant.key)
        for step in ("add", "rotate", "retire"):
            told(step)
        with pytest.raises(KeyFailure):
            backup.open_person()

    def test_rotating_twice_changes_nothing(self, cast, key_file):
        registered(cast)
        told("add")
        told("rotate")
        before = _held()
        told("rotate")
        assert _held() == before

    def test_keys_of_the_environment_are_not_changed_by_the_command(self, db):
        with pytest.raises(CommandError, match="IDENTITY_KEYS_RETIRED"):
            told("add")

    def test_a_platforms_service_wraps_in_the_place_of_ours(self, cast, settings):
        settings.IDENTITY_KEY_SERVICE = f"{__name__}.PlatformKeys"
        person = synthetic_person()
        participant = registered(cast, person=person)
        assert _held() == {"projects/trial/keys/identity/2"}
        with acting(cast.kari):
            assert person_of(participant.key) == person


@pytest.mark.slow
def test_people_are_written_read_and_erased_while_keys_rotate(committed_database, simulated_clock, key_file):
    """Nobody is lost, nobody is read wrongly, and who was erased stays erased."""
    from tests import cast as casting  # noqa: PLC0415 - its name is that of the fixture

    cast = casting.recruiting()
    people = {}
    for _each in range(60):
        person = synthetic_person()
        people[registered(cast, person=person).key] = person
    keys = list(people)
    faults: list[Exception] = []
    stop = threading.Event()
    turns = count()

    def write_and_read() -> None:
        try:
            while not stop.is_set():
                subject = keys[next(turns) % 40]
                with acting(cast.kari):
                    assert person_of(subject) == people[subject]
                    keep(by=cast.kari, subject=subject, trial_code="se-klar", office_id=cast.moss.pk,
                         person=people[subject])  # fmt: skip
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=write_and_read) for _each in range(3)]
    for thread in threads:
        thread.start()
    for subject in keys[40:]:
        told("add")
        told("rotate")
        with acting(cast.kari):
            erase(by=cast.kari, subject=subject)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    told("rotate")
    assert _held() == {service().current()}
    with acting(cast.kari):
        assert {key: person_of(key) for key in keys[:40]} == {key: people[key] for key in keys[:40]}
        assert {person_of(key) for key in keys[40:]} == {Person()}
