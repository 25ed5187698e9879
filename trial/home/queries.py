"""What waits for a user, and where the user may go."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.audit.models import AuditEvent
from trial.home.places import permissions_in, places_in
from trial.studies.models import Trial
from trial.studies.queries import memberships_of, trial_for, trials_of


def navigation_for(request: SignedInRequest) -> list[dict[str, Any]]:
    """The main navigation of the signed-in user: label, address, whether it is the page at hand.

    In a trial its places; elsewhere those of the only trial, or the list of trials.
    """
    trial = trial_at_hand(request)
    if trial is None:
        return [_entry(_("Forsøk"), reverse("studies:trials"), request.path)]
    allowed = permissions_in(memberships_of(request.user), trial)
    places = [(str(place.label), place.url(trial)) for place in places_in(trial, allowed)]
    overview = places[0][1] if places else ""
    return [
        _entry(label, url, request.path, exactly=url == overview)
        for label, url in places
    ]  # fmt: skip


def trial_at_hand(request: SignedInRequest) -> Trial | None:
    """The trial that the address names, else the user's only one; None for outsiders and where there are several."""
    mine = trials_of(request.user)
    named = request.resolver_match.kwargs.get("trial") if request.resolver_match else None
    if named:
        return next((trial for trial in mine if trial.code == named), None)
    return mine[0] if len(mine) == 1 else None


def audit_of(user: User, code: str, **wanted: Any) -> tuple[Trial, QuerySet[AuditEvent]]:
    """A trial and everything that was done in it, newest first; `wanted`: conditions on the events."""
    trial = trial_for(user, code, needing=Permission.SEE_AUDIT)
    return trial, AuditEvent.objects.filter(trial=code, **wanted)


def _entry(label: str, url: str, path: str, *, exactly: bool = False) -> dict[str, Any]:
    return {"label": label, "url": url, "active": path == url if exactly else path.startswith(url)}
