"""Accounts are made by the trial lead, never by signing up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Refuses sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
