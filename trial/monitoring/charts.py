"""The coordinator's charts as Vega-Lite specifications; one serves the page and the printed report."""

from typing import Any

from django.utils.translation import gettext as _

from trial.access.small_counts import rounded
from trial.monitoring.calendar import Month, following, months_between
from trial.monitoring.queries import Dashboard
from trial.monitoring.recruitment import Recruitment
from trial.studies.models import Office

Spec = dict[str, Any]
MOST_BARS = 30
MONTH = {"field": "month", "type": "temporal", "timeUnit": "yearmonth", "title": None}


def lines(points: list[dict[str, Any]], unit: str) -> Spec:
    """A line a series over months. `points`: month, people, series."""
    return {"data": {"values": points}, **_line(unit)}


def _line(unit: str) -> Spec:
    return {
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": MONTH,
            "y": {"field": "people", "type": "quantitative", "title": unit},
            "color": {"field": "series", "type": "nominal", "title": None, "sort": None},
            "strokeDash": {"field": "series", "type": "nominal", "title": None, "sort": None},
        },
    }


def recruitment(board: Dashboard) -> Spec:
    """The curve of people enrolled, the straight line of the plan, and the forecast in its band."""
    enrolled, planned, forecast = _("Meldt inn"), _("Plan"), _("Prognose")
    found, points, band = board.recruitment, [], []
    for month in found.months:
        so_far = rounded(found.so_far(month), exact=board.exact)
        points.append({"month": month.isoformat(), "people": so_far, "series": enrolled})
    for month in [*found.months, *months_ahead(found)]:
        plan = found.planned(month)
        if plan is not None:
            points.append({"month": month.isoformat(), "people": plan, "series": planned})
    for month in months_ahead(found):
        expected, low, high = forecast_at(board, month)
        points.append({"month": month.isoformat(), "people": expected, "series": forecast})
        band.append({"month": month.isoformat(), "low": low, "high": high})
    area = {
        "data": {"values": band},
        "mark": {"type": "area", "opacity": 0.2},
        "encoding": {
            "x": MONTH,
            "y": {"field": "low", "type": "quantitative", "title": _("Deltakere")},
            "y2": {"field": "high"},
        },
    }
    return {"layer": [*([area] if band else []), lines(points, _("Deltakere"))]}


def months_ahead(recruitment: Recruitment) -> list[Month]:
    """The months that a forecast is made for: after the present one, to the end it looks to."""
    if not recruitment.goes_on:
        return []
    return months_between(following(recruitment.months[-1]), recruitment.end)


def forecast_at(board: Dashboard, month: Month) -> tuple[int, int, int]:
    """The number expected in all at the end of a month, and its band, as the reader may see them."""
    more = board.recruitment.forecast(min(following(month), board.recruitment.end))
    numbers = (round(more.expected), more.low, more.high)
    expected, low, high = (rounded(board.recruitment.known + number, exact=board.exact) for number in numbers)
    return expected, low, high


def fullest(board: Dashboard) -> list[Office]:
    """The offices that a chart has room for: all of them in their order, or of many the fullest ones first."""
    if len(board.offices) <= MOST_BARS:
        return board.offices
    return sorted(board.offices, key=lambda office: board.loads[office.pk].room)[:MOST_BARS]


def caseloads(board: Dashboard) -> Spec:
    """Bars of the people with a job specialist, and a tick at the capacity, by office."""
    values = [
        {
            "office": str(office),
            "people": rounded(board.loads[office.pk].people, exact=board.exact),
            "capacity": board.loads[office.pk].capacity,
        }
        for office in fullest(board)
    ]
    office = {"field": "office", "type": "nominal", "title": None, "sort": None}
    return {
        "data": {"values": values},
        "layer": [
            {
                "mark": "bar",
                "encoding": {"y": office, "x": {"field": "people", "type": "quantitative", "title": _("Deltakere")}},
            },
            {
                "mark": {"type": "tick", "thickness": 3, "color": "#767676"},
                "encoding": {"y": office, "x": {"field": "capacity", "type": "quantitative"}},
            },
        ],
    }
