"""The application's own PostgreSQL and Redis, for a machine with nothing installed.

`provide()` is called before Django's settings are read. Servers named by `DATABASE_URL` and `REDIS_URL` are used as
they are; for each of the two that is missing an embedded server is started under `.local/`, or joined when another
process of the same checkout already runs it. The last process to leave stops them.
"""

from trial.config.services.children import Child, check_port, run_server, run_worker, stopped_together
from trial.config.services.command_line import remember_demonstration
from trial.config.services.failures import SENTENCES, ServiceFailure
from trial.config.services.provision import Services, provide, reset
from trial.config.services.sharing import Durability, Place

__all__ = [
    "SENTENCES",
    "Child",
    "Durability",
    "Place",
    "ServiceFailure",
    "Services",
    "check_port",
    "provide",
    "remember_demonstration",
    "reset",
    "run_server",
    "run_worker",
    "stopped_together",
]
