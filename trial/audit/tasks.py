"""The worker's share of this room."""

from celery import shared_task

from trial.audit.outbox import send_all


@shared_task
def send_notices() -> int:
    """Send the notices that are due. Safe to run at any time and in several workers at once."""
    return send_all()
