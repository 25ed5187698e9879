"""Installed server programs, from a copy where the account that runs them cannot reach the installation."""

import shutil
from pathlib import Path

from trial.config.services.sharing import Place


def program(place: Place, tree: Path, name: str, *, label: str) -> str:
    """The path of `name` below `tree`, or below a copy of the whole tree kept beside the data as `label`."""
    if place.account.reaches(tree / name):
        return str(tree / name)
    copy = place.data / label
    if not copy.exists():
        draft = copy.with_name(f"{label}.unfinished")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(tree, draft, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name in ("bin", draft.name) else 0o644)
        draft.rename(copy)
    return str(copy / name)
