"""Which tests go to one worker of pytest-xdist: those of a file, and files of one `xdist_group`.

What a file's tests share is made once that way. (pytest-xdist's own `loadgroup` would make it in every worker, and no
longer sees the groups: since pytest 9.2 a test's name is no attribute that a plugin can change.) What takes longest
begins first, so that the workers end together.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

GROUP = re.compile(r'xdist_group\("([^"]+)"\)')
LONGEST_FIRST = ("draw faults", "pages", "worker", "world", "journey", "followup", "canaries", "browser")


class Together(LoadScopeScheduling):
    """Assigns whole groups and files, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(str(self.config.rootpath / nodeid.partition("::")[0]))


@cache
def group_of(path: str) -> str:
    """The file's `xdist_group`, else the file itself."""
    named = GROUP.search(Path(path).read_text(encoding="utf-8"))
    return named[1] if named else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    config.option.loadscopereorder = False
    return Together(config, log)  # type: ignore[arg-type]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(group_of(str(item.path))))


def _place(group: str) -> int:
    return LONGEST_FIRST.index(group) if group in LONGEST_FIRST else len(LONGEST_FIRST)
