"""The key that seals the seeds: changed while draws go on, and missed at start rather than at a draw."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.allocation.trials import DrawCast
from trial.allocation.checks import sealed_seeds
from trial.allocation.rotation import rotate_seed_key
from trial.config.settings import secret

pytestmark = pytest.mark.slow

NEW, OTHER = "a5" * 32, "5a" * 32


def test_draws_go_on_while_the_key_is_changed(unattended_trial: DrawCast, settings, capsys):
    people = unattended_trial.people(3)
    assert unattended_trial.enrol(people[0]).arm
    settings.OLD_SEED_KEY, settings.SEED_KEY = settings.SEED_KEY, NEW
    assert unattended_trial.enrol(people[1]).arm
    call_command("allocation_rotate_key")
    assert capsys.readouterr().out.startswith("2 seeds")
    settings.OLD_SEED_KEY = ""
    assert unattended_trial.enrol(people[2]).arm
    assert rotate_seed_key() == 0


def test_a_wrong_key_is_told_at_start_and_changes_nothing(unattended_trial: DrawCast, settings):
    assert sealed_seeds(databases=["default"]) == []
    settings.SEED_KEY = OTHER
    assert [message.id for message in sealed_seeds(databases=["default"])] == ["navtrial.E020"]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("allocation_rotate_key")


def test_the_check_asks_no_database_that_it_may_not_ask(unattended_trial: DrawCast, settings, monkeypatch):
    settings.SEED_KEY = OTHER
    assert sealed_seeds(databases=None) == []
    monkeypatch.setattr(connection.introspection, "table_names", list)
    assert sealed_seeds(databases=["default"]) == []


def test_a_secret_may_come_from_a_file(tmp_path, monkeypatch):
    file = tmp_path / "seed-key"
    file.write_text(f"{NEW}\n")
    monkeypatch.setenv("SEED_KEY_FILE", str(file))
    assert secret("SEED_KEY") == NEW
    monkeypatch.delenv("SEED_KEY_FILE")
    monkeypatch.setenv("SEED_KEY", OTHER)
    assert secret("SEED_KEY") == OTHER
