"""Pages about deliveries: what has come, what the check found, what was decided."""

from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from trial.access.forms import perform
from trial.access.permissions import Permission
from trial.access.requests import SignedInRequest
from trial.registers import actions, answers, dropped, mapping, retention, uploads
from trial.registers.downloads import csv_response, json_response
from trial.registers.forms import ColumnsForm, DeliveryForm, DropForm, RejectForm, RetentionForm
from trial.registers.models import Delivery, Upload
from trial.registers.presentation import (
    counts_of,
    coverage_table,
    delivery_rows,
    destruction_rows,
    drift_table,
    dropped_rows,
    months_table,
    preview_of,
    progress_of,
    reasons_of,
    rejected_rows,
    report_facts,
    status_rows,
    stopped_upload,
    upload_rows,
)
from trial.registers.queries import (
    deliveries_of,
    delivery_for,
    destruction_for,
    latest_by_register,
    retention_of,
)
from trial.registers.reasons import FILES
from trial.registers.states import DeliveryState
from trial.studies.models import Trial
from trial.studies.permissions import can
from trial.studies.queries import trial_for
from trial.surveys.queries import asks

DELIVERIES_A_PAGE = 50
REJECTED_A_PAGE = 50


@require_GET
def deliveries(request: SignedInRequest, trial: str) -> HttpResponse:
    """What has come from each register, and every delivery."""
    found, all_of_them = deliveries_of(request.user, trial)
    prefetch_related_objects([found], "waves")  # asked for twice below
    page = Paginator(all_of_them, DELIVERIES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "trial": found,
        "registers": status_rows(found, latest_by_register(found)),
        "page": page,
        "deliveries": delivery_rows(found, page),
        "may_deliver": can(request.user, found, Permission.DELIVER),
        "has_surveys": asks(found),
        "dropped": len(dropped.dropped_files(found)),
        "upload_days": settings.UPLOAD_DAYS,
        "unfinished": upload_rows(uploads.own_unfinished(request.user, found)),
        "may_decide": can(request.user, found, Permission.DECIDE_DELIVERY),
    }
    return render(request, "registers/deliveries.html", context)


@require_http_methods(["GET", "POST"])
def deliver(request: SignedInRequest, trial: str) -> HttpResponse:
    """The form that a file comes in by; `?upload=` names one's own upload to go on with."""
    found = trial_for(request.user, trial, needing=Permission.DELIVER)
    stopped = _stopped(request, found)
    initial = {"register": stopped.register, "source": stopped.source} if stopped else request.GET.dict()
    form = DeliveryForm(request.POST or None, request.FILES or None, trial=found, initial=initial)
    delivery = perform(form, actions.receive, by=request.user, trial=found)
    if delivery:
        return _go_to(request, _address(delivery))
    template = "registers/deliver_form.html" if request.htmx else "registers/deliver.html"
    return render(request, template, {"trial": found, "form": form, "stopped": stopped and stopped_upload(stopped)})


@require_POST
def throw_upload(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Throw away what has arrived of a file."""
    uploads.throw_upload(by=request.user, upload=uploads.upload_for(request.user, trial, key))
    return redirect("registers:deliveries", trial=trial)


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
def report_json(request: SignedInRequest, trial: str, key: UUID) -> HttpResponseBase:
    """The report for machines, with every rejected row."""
    return json_response(delivery_for(request.user, trial, key))


@require_GET
def rejected_csv(request: SignedInRequest, trial: str, key: UUID) -> HttpResponseBase:
    """Every rejected row: line, column, class of value, code of the reason, and the reason in words."""
    return csv_response(delivery_for(request.user, trial, key))


@require_http_methods(["GET", "POST"])
def columns(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """The first rows of a file whose columns nobody has explained yet, and a choice for each column of the register."""
    found = delivery_for(request.user, trial, key, needing=Permission.DELIVER)
    form = ColumnsForm(request.POST or None, delivery=found)
    mapped = perform(form, mapping.map_columns, by=request.user, delivery=found)
    if mapped:
        return redirect(_address(mapped))
    context = {"trial": found.trial, "delivery": found, "form": form} | preview_of(found)
    return render(request, "registers/columns.html", context)


@require_POST
def columns_anew(request: SignedInRequest, trial: str, key: UUID) -> HttpResponse:
    """Choose the columns of a checked file anew."""
    found = delivery_for(request.user, trial, key, needing=Permission.DECIDE_DELIVERY)
    return redirect(_address(mapping.choose_columns_anew(by=request.user, delivery=found)))


@require_http_methods(["GET", "POST"])
def drop_folder(request: SignedInRequest, trial: str) -> HttpResponse:
    """The files that lie in the trial's drop folder, and the form that takes one in."""
    found = trial_for(request.user, trial, needing=Permission.DELIVER)
    files = dropped.dropped_files(found)
    form = DropForm(request.POST or None, trial=found, names=[file.name for file in files])
    delivery = perform(form, dropped.receive_dropped, by=request.user, trial=found)
    if delivery:
        return redirect(_address(delivery))
    return render(request, "registers/dropped.html", {"trial": found, "form": form, "files": dropped_rows(files)})


@require_http_methods(["GET", "POST"])
def kept_until(request: SignedInRequest, trial: str) -> HttpResponse:
    """Until when the trial's register data are kept, and the proofs of what has been destroyed."""
    found = trial_for(request.user, trial, needing=Permission.DECIDE_DELIVERY)
    known = retention_of(found)
    form = RetentionForm(request.POST or None, initial={"until": known and known.until})
    if perform(form, retention.keep_until, by=request.user, trial=found):
        return redirect("registers:retention", trial=found.code)
    proofs = destruction_rows(found, found.destructions.all())
    return render(request, "registers/retention.html", {"trial": found, "form": form, "proofs": proofs, "known": known})


@require_GET
def proof(request: SignedInRequest, trial: str, key: int) -> HttpResponse:
    """A proof of destruction, byte for byte as it was hashed."""
    found = destruction_for(request.user, trial, key)
    headers = {"Content-Disposition": f'attachment; filename="destruction-{found.sha256[:12]}.json"'}
    return HttpResponse(retention.content_of(found), content_type="application/json", headers=headers)


def _stopped(request: SignedInRequest, trial: Trial) -> Upload | None:
    key = request.GET.get("upload", "")
    return next((own for own in uploads.own_unfinished(request.user, trial) if str(own.pk) == key), None)


def _report(request: SignedInRequest, delivery: Delivery, form: RejectForm) -> HttpResponse:
    page = Paginator(delivery.rejected.all(), REJECTED_A_PAGE).get_page(request.GET.get("page"))
    undecided = delivery.state == DeliveryState.CHECKED and not delivery.destroyed_at
    unchecked = delivery.state == DeliveryState.RECEIVED and not delivery.destroyed_at
    context = {
        "trial": delivery.trial,
        "delivery": delivery,
        "checking": unchecked and not delivery.awaits_columns,
        "awaits_columns": unchecked and delivery.awaits_columns,
        "progress": progress_of(delivery),
        "may_deliver": can(request.user, delivery.trial, Permission.DELIVER),
        "coverage": coverage_table(delivery),
        "months": months_table(delivery),
        "drift": drift_table(delivery),
        "counts": counts_of(delivery),
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
