"""Several processes of one checkout use the same servers: who uses them, and where their data lie.

Every user holds a lock on a file of its own. The kernel lets go of it when the process ends, however it ends, so a
killed process is never counted as a user.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

from trial.config.services.accounts import Account
from trial.config.services.failures import ServiceFailure, explained

PROJECT = Path(__file__).resolve().parents[3]
ELSEWHERE = Path("/var/lib/navtrial")
ROOM_NEEDED = 200 * 1024 * 1024  # a fresh PostgreSQL takes 60 MB, its write-ahead log grows from there


class Durability(Enum):
    """What a crash of the machine may cost."""

    SAFE = "safe"
    THROWAWAY = "throwaway"  # tests: survives killed processes, not a power cut


@dataclass(frozen=True)
class Place:
    """A folder for servers. `data` is `local`, unless the account that runs the servers cannot reach it.

    PostgreSQL refuses to run as root. When root starts it, it runs as the system account `navtrial`, and a checkout
    under a closed folder such as /root is out of that account's reach. Opening root's folder to everyone would be the
    wrong cure; the data of such a checkout lie under /var/lib/navtrial instead.
    """

    local: Path
    account: Account
    data: Path
    durability: Durability

    @classmethod
    def at(cls, local: Path | None = None, durability: Durability = Durability.SAFE) -> "Place":
        chosen = (local or cls.local_folder()).absolute()
        with explained(chosen):
            chosen.mkdir(parents=True, exist_ok=True)
            account = Account.for_servers()
            data = chosen
            if not account.reaches(chosen):
                data = ELSEWHERE / hashlib.sha256(str(chosen).encode()).hexdigest()[:12]
                data.mkdir(parents=True, exist_ok=True)
                for folder in (ELSEWHERE, data):
                    folder.chmod(0o755)  # the servers' account must pass; what lies within is closed
        return cls(chosen, account, data, durability)

    @staticmethod
    def local_folder() -> Path:
        """Where everything lies that the application makes on a machine."""
        return Path(os.environ.get("NAVTRIAL_LOCAL") or PROJECT / ".local")

    def check_room(self) -> None:
        """Refuse to begin on a disk that is full, before anything is half written."""
        with explained(self.data):
            free = shutil.disk_usage(self.data).free
        if free < ROOM_NEEDED:
            raise ServiceFailure(
                f"The disk is full: {self.data} has {free // 2**20} MB left and the servers need "
                f"{ROOM_NEEDED // 2**20} MB. Free some space and start again."
            )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else starts, joins or leaves the servers of this place meanwhile."""
        with explained(self.local), (self.local / "servers.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def join(self) -> IO[str]:
        """Become a user; keep the file open for as long. Call it `alone`."""
        folder = self.local / "users"
        with explained(folder):
            folder.mkdir(exist_ok=True)
            self.others_present()  # sweeps away the files of the dead
            mark = (folder / f"{os.getpid()}-{os.urandom(4).hex()}").open("w")
            fcntl.flock(mark, fcntl.LOCK_EX)
        return mark

    def leave(self, mark: IO[str]) -> None:
        Path(mark.name).unlink(missing_ok=True)
        mark.close()

    def others_present(self) -> bool:
        """Whether a living process uses the servers (the caller must not have joined)."""
        marks = list((self.local / "users").glob("*"))
        return sum(_held(mark) for mark in marks) > 0  # asks each one, to remove the files of the dead


def _held(path: Path) -> bool:
    """Whether the user of this file lives; the file of a dead one is removed."""
    with contextlib.suppress(FileNotFoundError), path.open() as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        path.unlink(missing_ok=True)
    return False
