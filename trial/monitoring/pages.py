"""The coordinator's page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from trial.access.requests import SignedInRequest
from trial.monitoring import consort, presentation
from trial.monitoring.queries import dashboard_for


@require_GET
def dashboard(request: SignedInRequest, trial: str) -> HttpResponse:
    """Recruitment, flow, caseloads, measures and deviations of a trial."""
    board = dashboard_for(request.user, trial)
    context = {
        "trial": board.trial,
        "board": board,
        "headline": presentation.headline(board),
        "recruitment": presentation.recruitment_chart(board),
        "offices": presentation.office_table(board),
        "figure": consort.figure(board),
        "flow": presentation.flow_table(board),
        "measures": presentation.measures_chart(board),
        "deviations": presentation.deviation_table(board),
    }
    return render(request, "monitoring/dashboard.html", context)
