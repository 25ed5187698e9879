"""A program's key to one trial in one role: `manage.py api_token USER TRIAL ROLE`. It is shown once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.access.models import User
from trial.access.planes import maintenance
from trial.access.roles import Role
from trial.access.tokens import issue
from trial.audit.actions import action, record
from trial.studies.queries import memberships_of

LONGEST_DAYS = 365


class Command(BaseCommand):
    help = "Print a new API token for a member of a trial. Send it as `Authorization: Bearer <token>`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="username")
        parser.add_argument("trial", help="code of the trial")
        parser.add_argument("role", choices=[role.value for role in Role], help="the role that the token has")
        parser.add_argument("--label", default="program", help="what the token is for")
        parser.add_argument("--days", type=int, default=90, help=f"until it expires, at most {LONGEST_DAYS} (90)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None or not _holds(user, options["trial"], options["role"]):
            raise CommandError("The user does not hold this role in this trial. Add the membership first.")
        if not 1 <= options["days"] <= LONGEST_DAYS:
            raise CommandError(f"A token lasts between 1 and {LONGEST_DAYS} days.")
        with maintenance():
            self.stdout.write(_issue(by=user, **{name: options[name] for name in ("trial", "role", "label", "days")}))


def _holds(user: User, trial: str, role: str) -> bool:
    return any((held.trial.code, held.role) == (trial, role) for held in memberships_of(user))


@action
def _issue(*, by: User, trial: str, role: str, label: str, days: int) -> str:
    record(by=by, verb="token_issued", trial=trial, role=role, days=days)
    return issue(user=by, trial=trial, role=Role(role), label=label, lifetime=timedelta(days=days))
