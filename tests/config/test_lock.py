"""The lock pins what pyproject.toml asks for, by hash, and names no host."""

import re
import tomllib

from trial.config.services.sharing import PROJECT

LOCK = (PROJECT / "requirements.txt").read_text()
PINNED = dict(re.findall(r"^([\w.-]+)==([^ \\]+)", LOCK, re.MULTILINE))


def test_every_direct_dependency_is_locked_at_its_version() -> None:
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = dict(re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?==(\S+)", line).groups() for line in asked)  # type: ignore[union-attr,misc]
    wanted = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in wanted.items()}
    assert {name: PINNED.get(name) for name in wanted} == wanted


def test_every_package_has_a_hash() -> None:
    entries = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINNED)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_no_host_is_named() -> None:
    assert not re.search(r"://|--index-url|--find-links|@ file", LOCK)
