"""Pages of how follow-up is done and how well: guidelines, norms, fidelity, measures in use."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.followup import actions, presentation
from trial.followup.forms import GuidelinesForm, ReviewForm
from trial.followup.norms import added
from trial.followup.pages.parts import with_present
from trial.followup.permissions import require_arms, sees_arms
from trial.followup.queries import guidelines_of, specialists_at
from trial.followup.queries.norms import norms_by
from trial.followup.queries.quality import review_for, reviews_of
from trial.followup.queries.usage import usage_of
from trial.followup.scales import SCALES
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

ROWS_A_PAGE = 50
REVIEWS_SHOWN = 200


@require_http_methods(["GET", "POST"])
def guidelines(request: SignedInRequest, trial: str) -> HttpResponse:
    """How follow-up is done in the trial."""
    found = trial_for(request.user, trial, needing=Permission.MANAGE_TRIAL)
    form = GuidelinesForm(request.POST or None, arms=found.arms.all()).initial_for(guidelines_of(found))
    if perform(form, actions.set_guidelines, by=request.user, trial=found):
        messages.success(request, _("Lagret."))
        return redirect("followup:guidelines", found.code)
    context = {"trial": found, "form": with_present(form), "guidelines": guidelines_of(found)}
    return render(request, "followup/guidelines.html", context | {"in_force": form.in_force()})


@require_GET
def norms(request: SignedInRequest, trial: str) -> HttpResponse:
    """The norms for the trial and its offices, or for one office and its specialists."""
    found = trial_for(request.user, trial, needing=Permission.SEE_CASELOADS)
    offices = offices_of(request.user, found, needing=Permission.SEE_CASELOADS)
    chosen = next((each for each in offices if str(each.pk) == request.GET.get("office")), None)
    chosen = chosen or (offices[0] if len(offices) == 1 else None)
    exact = can(request.user, found, Permission.SEE_PARTICIPANTS)
    if chosen:
        labels = {each.pk: (str(each), "") for each in specialists_at([chosen])}
        counts, whole, kind = norms_by("responsible", [chosen], guarded=not exact), str(chosen), _("Jobbspesialist")
    else:
        labels = {each.pk: (str(each), f"?office={each.pk}") for each in offices}
        counts, whole, kind = norms_by("office", offices, guarded=not exact), _("Hele forsøket"), _("Kontor")
    everyone = added(counts.values())
    rows = Paginator([(*labels[key], counts[key]) for key in labels if key in counts], ROWS_A_PAGE)
    page = rows.get_page(request.GET.get("page"))
    context = {
        "trial": found,
        "offices": offices,
        "chosen": chosen,
        "page": page,
        "norms": presentation.norms_table(page.object_list, (whole, everyone), of=kind, exact=exact),
        "contacts": presentation.contacts_table(everyone, exact=exact),
        "sees_usage": sees_arms(request.user, found),
    }
    return render(request, "followup/norms.html", context)


@require_GET
def fidelity(request: SignedInRequest, trial: str, scale: str) -> HttpResponse:
    """The history of fidelity on a scale, as a chart with its table."""
    found = trial_for(request.user, trial, needing=Permission.SEE_CASELOADS)
    reviews = list(reviews_of(request.user, found).filter(scale=scale)[:REVIEWS_SHOWN])
    context = _with_scales(found, scale) | {
        "reviews": [(each, SCALES[scale].level(each.total)) for each in reviews],
        "chart": presentation.fidelity_chart(reviews, SCALES[scale]) if reviews else None,
    }
    return render(request, "followup/fidelity.html", context)


@require_http_methods(["GET", "POST"])
def review(request: SignedInRequest, trial: str, scale: str) -> HttpResponse:
    """Score an office on a fidelity scale."""
    found = trial_for(request.user, trial, needing=Permission.SEE_CASELOADS)
    offices = offices_of(request.user, found, needing=Permission.SEE_CASELOADS)
    form = ReviewForm(request.POST or None, scale=SCALES[scale], offices=offices)
    if perform(form, actions.record_review, by=request.user, scale=scale):
        messages.success(request, _("Vurderingen er lagret."))
        return redirect("followup:fidelity", found.code, scale)
    return render(request, "followup/review.html", _with_scales(found, scale) | {"form": form})


@require_GET
def reviewed(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """One review, item by item."""
    found = trial_for(request.user, trial, needing=Permission.SEE_CASELOADS)
    present = review_for(request.user, found, key)
    scale = SCALES[present.scale]
    sections = [
        (section.name, [(item.label, present.scores[item.code]) for item in section.items])
        for section in scale.sections
    ]
    context = {"trial": found, "review": present, "scale": scale, "sections": sections}
    return render(request, "followup/reviewed.html", context | {"level": scale.level(present.total)})


@require_GET
def usage(request: SignedInRequest, trial: str) -> HttpResponse:
    """Measures in use by arm and month, for those who may see arms."""
    found = trial_for(request.user, trial)
    require_arms(request.user, found)
    used, arms = usage_of(found), list(found.arms.all())
    exact = can(request.user, found, Permission.SEE_PARTICIPANTS)
    context = {
        "trial": found,
        "charts": presentation.usage_charts(used, arms, exact=exact),
        "ever": presentation.ever_table(used, arms, exact=exact),
        "own_office": not can(request.user, found, Permission.SEE_MONITORING),
    }
    return render(request, "followup/usage.html", context)


def _with_scales(trial: Trial, chosen: str) -> dict[str, Any]:
    tabs = [(scale, scale.code == chosen) for scale in SCALES.values()]
    return {"trial": trial, "scale": SCALES[chosen], "scales": tabs}
