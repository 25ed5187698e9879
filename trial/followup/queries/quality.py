"""Fidelity reviews, for those who see caseloads."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import not_found
from trial.followup.models import FidelityReview
from trial.studies.models import Trial
from trial.studies.queries import offices_of


def reviews_of(user: User, trial: Trial) -> QuerySet[FidelityReview]:
    """The reviews of the offices whose caseloads the user sees, newest first."""
    offices = offices_of(user, trial, needing=Permission.SEE_CASELOADS)
    rows = FidelityReview.objects.filter(trial=trial, office__in=offices)
    return rows.select_related("office__nav_office", "recorded_by")


def review_for(user: User, trial: Trial, key: int) -> FidelityReview:
    """One review among those of `reviews_of`; others get `not_found`."""
    review = reviews_of(user, trial).filter(pk=key).first()
    if review is None:
        raise not_found(_("Fant ikke vurderingen."))
    return review
