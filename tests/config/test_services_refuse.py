"""What cannot work is told in one sentence, with exit code 1 and no traceback."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from trial.config.services import Durability, Place, ServiceFailure, run_server, sharing
from trial.config.services.accounts import Account
from trial.config.services.children import worker_database_url
from trial.config.services.postgres import INSTALLED, MAJOR, Postgres
from trial.config.services.programs import program
from trial.config.services.sharing import PROJECT


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def command(*arguments: str, local: Path, **named: str) -> subprocess.CompletedProcess[str]:
    """manage.py on a machine where no server is named, or those that are given."""
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,
        cwd=PROJECT,
        env={**environment, "NAVTRIAL_LOCAL": str(local), **named},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_a_folder_that_cannot_be_one_ends_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "local").write_text("a file")
    done = command("migrate", local=tmp_path / "local")
    assert done.returncode == 1
    assert done.stderr.startswith("A file stands where a folder is needed:")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_help_needs_no_server(tmp_path: Path) -> None:
    done = command("help", local=tmp_path / "local")
    assert done.returncode == 0
    assert not (tmp_path / "local" / "postgres").exists()


def test_an_unwritable_folder_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(self: Path, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ServiceFailure, match="cannot be written by this user"):
        Place.at(tmp_path / "closed")


def test_a_full_disk_is_told_before_anything_is_half_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = here(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(2**34, 2**34, 2**20))
    with pytest.raises(ServiceFailure, match=r"The disk is full: .* has 1 MB left"):
        Postgres(place).start()
    assert list(tmp_path.iterdir()) == []


def test_data_of_another_postgresql_are_left_alone(tmp_path: Path) -> None:
    version = tmp_path / "postgres" / "data" / "PG_VERSION"
    version.parent.mkdir(parents=True)
    version.write_text("15\n")
    with pytest.raises(ServiceFailure, match="was made by PostgreSQL 15"):
        Postgres(here(tmp_path)).start()
    assert version.read_text() == "15\n"


def test_data_of_another_account_are_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    stranger = Place(tmp_path, Account(os.geteuid() + 1, os.getegid()), tmp_path, Durability.THROWAWAY)
    with pytest.raises(ServiceFailure, match="was made by another account"):
        Postgres(stranger).start()
    assert list(data.iterdir()) == []


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceFailure, match=f"Port {port} cannot be used"):
            run_server(port=port)


def test_data_lie_elsewhere_when_the_servers_account_cannot_reach_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "ELSEWHERE", tmp_path / "elsewhere")
    monkeypatch.setattr(Account, "reaches", lambda _self, _path: False)
    first, second = Place.at(tmp_path / "root" / "one"), Place.at(tmp_path / "root" / "two")
    assert first.data.parent == tmp_path / "elsewhere"
    assert first.data != second.data
    assert first == Place.at(tmp_path / "root" / "one")


@pytest.mark.slow
def test_programs_out_of_reach_are_run_from_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "reaches", lambda _self, path: path.is_relative_to(tmp_path))
    copy = program(here(tmp_path), INSTALLED, "bin/postgres", label="copy")
    assert copy == str(tmp_path / "copy" / "bin" / "postgres")
    assert f"PostgreSQL) {MAJOR}." in subprocess.check_output([copy, "--version"], text=True)


def test_the_worker_signs_in_as_itself_or_is_switched_to_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://navtrial@db/navtrial?sslmode=require")
    monkeypatch.setenv("WORKER_DATABASE_URL", "postgres://analyst@db/navtrial")
    assert worker_database_url() == "postgres://analyst@db/navtrial"
    monkeypatch.delenv("WORKER_DATABASE_URL")
    assert worker_database_url() == ("postgres://navtrial@db/navtrial?sslmode=require&options=-c+role%3Danalyst")


def here(folder: Path) -> Place:
    return Place(folder, Account(os.geteuid(), os.getegid()), folder, Durability.THROWAWAY)
