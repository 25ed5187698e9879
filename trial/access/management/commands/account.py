"""Accounts, made by whoever runs the house: `manage.py account add | renew | close | open NAME`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trial.access.actions import account_named, let_in, open_account, renew_account
from trial.access.planes import maintenance
from trial.access.refusals import Refusal


class Command(BaseCommand):
    help = (
        "add: an account without roles, with a first password. renew: a new password and no second factor, for someone "
        "who has lost either; the next sign-in sets one up. close, open: let someone in no longer, or again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", choices=["add", "renew", "close", "open"])
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="the name that colleagues read")
        parser.add_argument("--nav-ident", default="", help="by which Entra ID or Wonderwall opens the account")
        parser.add_argument("--email", default="", help="where notices go")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with maintenance():
                self.stdout.write(self._done(options))
        except Refusal as refusal:
            raise CommandError(str(refusal.sentence)) from None

    def _done(self, options: dict[str, Any]) -> str:
        name = options["username"]
        if options["do"] == "add":
            details = {"nav_ident": options["nav_ident"], "email": options["email"]}
            _user, password = open_account(by=None, username=name, display_name=options["name"], **details)
            return f"{name} has no role yet: a trial lead gives one. First password, shown once: {password}"
        user = account_named(name)
        if options["do"] == "renew":
            return f"New password of {name}, shown once: {renew_account(by=None, user=user)}"
        let_in(by=None, user=user, active=options["do"] == "open")
        return f"{name} is {'open' if options['do'] == 'open' else 'closed'}."
