"""The coordinator's pages: recruitment, flow, groups, data, the people behind a number, downloads and reports."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from trial.access.paging import LongPaginator
from trial.access.refusals import not_found
from trial.access.requests import SignedInRequest
from trial.access.spreadsheets import spreadsheet
from trial.audit import clock
from trial.monitoring import actions, consort, presentation, reports
from trial.monitoring.lists import STEPS, people_in, table_of
from trial.monitoring.queries import Dashboard, dashboard_for

PEOPLE_A_PAGE = 50
TABS = {
    "dashboard": gettext_lazy("Rekruttering"),
    "flow": gettext_lazy("Deltakernes vei"),
    "groups": gettext_lazy("Gruppene"),
    "data": gettext_lazy("Data"),
    "reports": gettext_lazy("Rapporter"),
}


@require_GET
def dashboard(request: SignedInRequest, trial: str) -> HttpResponse:
    """Recruitment against plan with its forecast, caseloads, deviations."""
    board = dashboard_for(request.user, trial)
    context = {
        "headline": presentation.headline(board),
        "recruitment": presentation.recruitment_chart(board),
        "forecast": presentation.forecast_sentence(board),
        "offices": presentation.office_table(board),
        "office_sentence": presentation.office_sentence(board),
        "caseloads": presentation.caseload_chart(board),
        "deviations": presentation.deviation_table(board),
    }
    return _page(request, "dashboard", board, context)


@require_GET
def flow(request: SignedInRequest, trial: str) -> HttpResponse:
    """The flow of participants, with every number a link to its list."""
    board = dashboard_for(request.user, trial)
    return _page(request, "flow", board, {"figure": consort.figure(board), "flow": presentation.flow_table(board)})


@require_GET
def groups(request: SignedInRequest, trial: str) -> HttpResponse:
    """The arms side by side at the start, and the measures in use."""
    board = dashboard_for(request.user, trial)
    context = {"balance": presentation.balance_table(board), "measures": presentation.measures_chart(board)}
    return _page(request, "groups", board, context)


@require_GET
def data(request: SignedInRequest, trial: str) -> HttpResponse:
    """Response to questionnaires, register coverage, and what is behind."""
    board = dashboard_for(request.user, trial)
    context = {
        "responses": presentation.response_table(board),
        "registers": presentation.register_table(board),
        "lags": presentation.lag_table(board),
    }
    return _page(request, "data", board, context)


@require_GET
def report_list(request: SignedInRequest, trial: str) -> HttpResponse:
    """The reports that the reader can print."""
    board = dashboard_for(request.user, trial)
    made = [(event, reports.TITLES[event.details["kind"]]) for event in actions.reports_made(board.trial)]
    return _page(request, "reports", board, {"made": made})


@require_GET
def flow_list(request: SignedInRequest, trial: str, step: str, arm: str = "") -> HttpResponse:
    """The people behind a number of the flow, by participant number."""
    found, group, rows = people_in(request.user, trial, step, arm)
    page = LongPaginator(rows, PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    people = table_of(found, STEPS[step], page)
    context = {"trial": found, "step": STEPS[step], "arm": group, "page": page, "people": people}
    return render(request, "monitoring/people.html", context)


@require_GET
def table_csv(request: SignedInRequest, trial: str, name: str) -> HttpResponse:
    """A table as a file, as the reader may see it."""
    board = dashboard_for(request.user, trial)
    table = presentation.TABLES[name](board)
    if table is None:
        raise not_found(_("Tallene for gruppene vises når forsøket er åpnet."))
    heads, rows = presentation.plain(table)
    headers = _named(f"{trial}-{name}", "csv")
    return HttpResponse(spreadsheet(heads, rows), content_type="text/csv; charset=utf-8", headers=headers)


@require_GET
def report_pdf(request: SignedInRequest, trial: str, kind: str) -> HttpResponse:
    """A report to print; that it was made is written down."""
    board = dashboard_for(request.user, trial)
    content = reports.pdf_of(board, kind, request.LANGUAGE_CODE)
    actions.note_report(by=request.user, trial=board.trial, kind=kind)
    name = f"{trial}-{kind}-{clock.today():%Y-%m-%d}"
    return HttpResponse(content, content_type="application/pdf", headers=_named(name, "pdf"))


def _page(request: SignedInRequest, name: str, board: Dashboard, context: dict[str, Any]) -> HttpResponse:
    tabs = [
        {"label": label, "url": reverse(f"monitoring:{tab}", args=[board.trial.code]), "active": tab == name}
        for tab, label in TABS.items()
    ]
    return render(request, f"monitoring/{name}.html", {"trial": board.trial, "board": board, "tabs": tabs} | context)


def _named(name: str, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
