"""Pages about deliveries: what has come, what the check found, what was decided."""

import csv
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.registers import actions, answers
from trial.registers.forms import DeliveryForm, RejectForm
from trial.registers.models import Delivery
from trial.registers.presentation import (
    delivery_rows,
    facts_of,
    reasons_of,
    rejected_lines,
    rejected_rows,
    report_facts,
    status_rows,
)
from trial.registers.queries import deliveries_of, delivery_for, latest_by_register
from trial.registers.reasons import FILES
from trial.registers.states import DeliveryState
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.surveys.queries import asks

DELIVERIES_A_PAGE = 50
REJECTED_A_PAGE = 50


@require_GET
def deliveries(request: SignedInRequest, trial: str) -> HttpResponse:
    """What has come from each register, and every delivery."""
    found, all_of_them = deliveries_of(request.user, trial)
    page = Paginator(all_of_them, DELIVERIES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "trial": found,
        "registers": status_rows(found, latest_by_register(found)),
        "page": page,
        "deliveries": delivery_rows(found, page),
        "may_deliver": can(request.user, found, Permission.DELIVER),
        "has_surveys": asks(found),
    }
    return render(request, "registers/deliveries.html", context)


@require_http_methods(["GET", "POST"])
def deliver(request: SignedInRequest, trial: str) -> HttpResponse:
    """The form that a file comes in by."""
    found = trial_for(request.user, trial, needing=Permission.DELIVER)
    form = DeliveryForm(request.POST or None, request.FILES or None, trial=found, initial=request.GET.dict())
    delivery = perform(form, actions.receive, by=request.user, trial=found)
    if delivery:
        return _go_to(request, _address(delivery))
    template = "registers/deliver_form.html" if request.htmx else "registers/deliver.html"
    return render(request, template, {"trial": found, "form": form})


@require_POST
def deliver_answers(request: SignedInRequest, trial: str) -> HttpResponse:
    """Deliver the answers to the trial's own questionnaires."""
    found = trial_for(request.user, trial, needing=Permission.DELIVER)
    return redirect(_address(answers.deliver_answers(by=request.user, trial=found)))


@require_GET
def delivery(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """The validation report of a delivery; asked by htmx, only the part that changes while the check goes on."""
    found = delivery_for(request.user, trial, key)
    return _report(request, found, RejectForm())


@require_POST
def accept(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    found = delivery_for(request.user, trial, key, needing=Permission.DECIDE_DELIVERY)
    return redirect(_address(actions.accept(by=request.user, delivery=found)))


@require_POST
def reject(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    found = delivery_for(request.user, trial, key, needing=Permission.DECIDE_DELIVERY)
    form = RejectForm(request.POST)
    rejected = perform(form, actions.reject, by=request.user, delivery=found)
    return redirect(_address(rejected)) if rejected else _report(request, found, form)


@require_GET
def report_json(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """The report for machines, with every rejected row."""
    found = delivery_for(request.user, trial, key)
    body = facts_of(found) | {"rejected": list(found.rejected.values("line", "column", "value_class", "reason"))}
    return JsonResponse(body, headers=_download(found, "json"), json_dumps_params={"ensure_ascii": False, "indent": 1})


@require_GET
def rejected_csv(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Every rejected row: line, column, class of value, code of the reason, and the reason in words."""
    found = delivery_for(request.user, trial, key)
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=_download(found, "csv"))
    csv.writer(response).writerows(rejected_lines(found))
    return response


def _report(request: SignedInRequest, delivery: Delivery, form: RejectForm) -> HttpResponse:
    page = Paginator(delivery.rejected.all(), REJECTED_A_PAGE).get_page(request.GET.get("page"))
    undecided = delivery.state == DeliveryState.CHECKED
    context = {
        "trial": delivery.trial,
        "delivery": delivery,
        "checking": delivery.state == DeliveryState.RECEIVED,
        "facts": report_facts(delivery),
        "reasons": reasons_of(delivery),
        "page": page,
        "rejected": rejected_rows(page),
        "refusal": FILES.get(delivery.refusal, ""),
        "may_decide": undecided and can(request.user, delivery.trial, Permission.DECIDE_DELIVERY),
        "form": form,
    }
    template = "registers/delivery_report.html" if request.htmx else "registers/delivery.html"
    return render(request, template, context)


def _go_to(request: SignedInRequest, address: str) -> HttpResponse:
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _address(delivery: Delivery) -> str:
    return reverse("registers:delivery", args=[delivery.trial.code, delivery.pk])


def _download(delivery: Delivery, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{delivery.register}-{delivery.sha256[:12]}.{kind}"'}
