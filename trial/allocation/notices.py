"""Notices of the draw, queued in the transaction that they tell of."""

from trial.access.roles import Role
from trial.audit import clock
from trial.audit.actions import post
from trial.studies.models import Membership, Trial


def tell_researchers(trial: Trial) -> None:
    """A notice to everyone who can draw; it says that numbers, or offices, wait, and none of them."""
    today = clock.today()
    members = Membership.objects.filter(trial=trial, role=Role.RESEARCHER, valid_from__lte=today).exclude(
        valid_to__lt=today
    )
    for member in members.select_related("user"):
        post(kind="numbers_waiting", to=member.user.get_username(), trial=trial.code)
