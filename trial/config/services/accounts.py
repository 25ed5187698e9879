"""The operating-system account that runs the servers: this one, or a system account when this one is root."""

import contextlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trial.config.services.failures import ServiceFailure

SYSTEM_ACCOUNT = "navtrial"


@dataclass(frozen=True)
class Account:
    """Who runs a server. `identity` is what `subprocess` needs to become that account: nothing when it already is."""

    uid: int
    gid: int

    @classmethod
    def for_servers(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        entry = _entry() or _made()
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def identity(self) -> dict[str, Any]:
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Whether the account can read and pass `path`, asked of the kernel rather than worked out from modes."""
        asked = ["/bin/sh", "-c", 'test -r "$0" && test -x "$0"', str(path)]
        return subprocess.run(asked, check=False, cwd="/", **self.identity).returncode == 0

    def take(self, path: Path) -> None:
        """Give one file or folder to the account, closed to everyone else."""
        path.chmod(0o700)
        if self.identity:
            os.chown(path, self.uid, self.gid)


def name_of(uid: int) -> str:
    """An account's name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _entry() -> pwd.struct_passwd | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_ACCOUNT)
    return None


def _made() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        subprocess.run([*command, SYSTEM_ACCOUNT], check=False, capture_output=True)
    entry = _entry()
    if entry is None:
        raise ServiceFailure(
            f"PostgreSQL does not run as root and the system account {SYSTEM_ACCOUNT} could not be made. "
            "Start as another user, or set DATABASE_URL."
        )
    return entry
