"""The page on which an auditor reads who may do what, who holds which role, and who held it before."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.access.roles import ROLES
from trial.config.rights import rights, ways
from trial.studies.groups import group_roles_of
from trial.studies.queries import everyone_ever, trial_for


@require_GET
def rights_page(request: SignedInRequest, trial: str) -> HttpResponse:
    """Roles and rights, the addresses with those who get in, and the memberships with their dates."""
    found = trial_for(request.user, trial, needing=Permission.SEE_AUDIT)
    context = {
        "trial": found,
        "roles": [role.label for role in ROLES.values()],
        "rights": rights(),
        "ways": ways(),
        "members": everyone_ever(found),
        "group_roles": group_roles_of(found),
    }
    return render(request, "config/rights.html", context)
