"""Pages of employers: the office's list, one employer with its enquiries, and what was done week by week."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.followup import actions
from trial.followup.forms import EmployerChangeForm, EmployerForm, EnquiryForm
from trial.followup.organisation_numbers import shown
from trial.followup.pages.parts import with_new_key, with_present
from trial.followup.queries.work import employer_for, employers_of, own_people, told_of, weeks_of
from trial.studies.permissions import can
from trial.studies.queries import offices_of, trial_for

EMPLOYERS_A_PAGE = 50
ROWS_SHOWN = 20


@require_GET
def employers(request: SignedInRequest, trial: str) -> HttpResponse:
    """The employers whom the own offices know, and the enquiries of the last weeks."""
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    search = request.GET.get("q", "").replace("\0", "").strip()
    page = Paginator(employers_of(request.user, found, search), EMPLOYERS_A_PAGE).get_page(request.GET.get("page"))
    told = told_of(page.object_list)
    context = {
        "trial": found,
        "page": page,
        "rows": [(each, shown(each.organisation_number), told[each.pk]) for each in page],
        "weeks": weeks_of(request.user, found),
        "search": search,
    }
    return render(request, "followup/employers.html", context)


@require_http_methods(["GET", "POST"])
def add_employer(request: SignedInRequest, trial: str) -> HttpResponse:
    """Add an employer."""
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    offices = offices_of(request.user, found, needing=Permission.FOLLOW_UP)
    form = EmployerForm(request.POST or None, offices=offices)
    employer = perform(form, actions.add_employer, by=request.user)
    if employer:
        messages.success(request, _("Arbeidsgiveren er lagt til."))
        return redirect("followup:employer", found.code, employer.pk)
    return render(request, "followup/add_employer.html", {"trial": found, "form": form})


@require_http_methods(["GET", "POST"])
def employer(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """One employer: what was asked, who works there, and a form for the next enquiry."""
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    present = employer_for(request.user, found, key)
    form = EnquiryForm(request.POST or None, people=own_people(request.user, found))
    if perform(form, actions.log_enquiry, by=request.user, employer=present):
        messages.success(request, _("Henvendelsen er lagret."))
        return redirect("followup:employer", found.code, key)
    leads = can(request.user, found, Permission.ASSIGN, present.office)
    asked = present.enquiries.select_related("participant", "logged_by")
    context = {
        "trial": found,
        "employer": present,
        "number": shown(present.organisation_number),
        "form": with_new_key(form),
        "enquiries": [(each, leads or each.logged_by_id == request.user.pk) for each in asked[:ROWS_SHOWN]],
        "jobs": present.jobs.select_related("participant").order_by("-start")[:ROWS_SHOWN],
    }
    return render(request, "followup/employer.html", context)


@require_http_methods(["GET", "POST"])
def change_employer(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """Correct what is written about an employer."""
    found = trial_for(request.user, trial, needing=Permission.FOLLOW_UP)
    present = employer_for(request.user, found, key)
    initial = {name: getattr(present, name) for name in EmployerChangeForm.base_fields}
    form = EmployerChangeForm(request.POST or None, initial=initial)
    if perform(form, actions.change_employer, by=request.user, employer=present):
        return redirect("followup:employer", found.code, key)
    context = {"trial": found, "employer": present, "form": with_present(form)}
    return render(request, "followup/change_employer.html", context)
