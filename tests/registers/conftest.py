"""Snapshots of tests lie in the test's own folder."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def snapshot_root(settings, tmp_path: Path) -> Path:
    settings.SNAPSHOT_ROOT = tmp_path / "snapshots"
    settings.WORK_ROOT = tmp_path / "work"
    settings.UPLOAD_ROOT = tmp_path / "uploads"
    return settings.SNAPSHOT_ROOT
