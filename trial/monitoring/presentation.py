"""The dashboard as pages, charts and tables show it; every count passes `policies` on its way out."""

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from evaluation.codes import MEASURE_GROUPS
from trial.followup.forms import GROUPS
from trial.followup.models import DeviationKind
from trial.monitoring import policies
from trial.monitoring.measures import ANY
from trial.monitoring.queries import Dashboard
from trial.monitoring.recruitment import Month

Table = dict[str, Any]


def recruitment_chart(board: Dashboard) -> Table:
    """The curve of people enrolled against the plan, as a Vega-Lite specification with its table."""
    enrolled, planned = _("Meldt inn"), _("Plan")
    points, rows = [], []
    for month in board.recruitment.months:
        so_far = policies.rounded(board.recruitment.so_far(month), exact=board.exact)
        plan = board.recruitment.planned(month)
        points.append({"month": month.isoformat(), "people": so_far, "series": enrolled})
        if plan is not None:
            points.append({"month": month.isoformat(), "people": plan, "series": planned})
        in_month = _cell(board, board.recruitment.in_month(month))
        rows.append([_month(month), in_month, so_far, "–" if plan is None else plan])
    return {
        "spec": _lines(points, _("Deltakere")),
        "columns": _columns(_("Måned"), _("Meldt inn i måneden"), _("Meldt inn i alt"), _("Plan")),
        "rows": rows,
    }


def measures_chart(board: Dashboard) -> Table | None:
    """The share of each arm that is in any measure, by month, with the groups of measures in the table."""
    if board.measures is None:
        return None
    points, rows = [], []
    drawn = {each.arm.pk: each.drawn for each in board.flow.arms}
    for month in board.measures.months:
        for arm in board.arms:
            people = board.measures.people[month, arm.pk, ANY]
            share = policies.percent(people, drawn[arm.pk], exact=board.exact)
            if share is not None:
                points.append({"month": month.isoformat(), "people": share, "series": arm.name})
            counts = [board.measures.people[month, arm.pk, group] for group in MEASURE_GROUPS]
            rows.append([_month(month), arm.name, *(_cell(board, count) for count in counts)])
    groups = [str(GROUPS[group]) for group in MEASURE_GROUPS]
    return {
        "spec": _lines(points, _("Prosent av gruppen")),
        "columns": [{"label": _("Måned")}, {"label": _("Gruppe")}, *_columns("", *groups)[1:]],
        "rows": rows,
    }


def office_table(board: Dashboard) -> Table:
    """Recruitment and caseload by office."""
    rows = []
    for office in board.offices:
        load = board.loads[office.pk]
        enrolled = _cell(board, board.recruitment.at_office(office.pk))
        people = _cell(board, load.people)
        rows.append([str(office), enrolled, people, load.capacity])
    return {
        "columns": _columns(_("Kontor"), _("Meldt inn"), _("Hos jobbspesialist"), _("Kapasitet")),
        "rows": rows,
    }


def deviation_table(board: Dashboard) -> Table:
    """Deviations by kind."""
    return {
        "columns": _columns(_("Avvik"), _("Antall")),
        "rows": [[str(kind.label), _cell(board, board.deviations[kind.value])] for kind in DeviationKind],
    }


def flow_table(board: Dashboard) -> Table:
    """The flow of participants: a row per step, in all and (for those who see arms) by arm."""
    flow = board.flow
    arms = flow.arms if board.arms_seen else []

    def step(label: str, shown: str) -> list[str]:
        return [label, shown, *("" for _arm in arms)]

    def by_arm(label: str, part: str) -> list[str]:
        together = sum(getattr(arm, part) for arm in flow.arms)
        return [label, _whole(board, together), *(_cell(board, getattr(arm, part)) for arm in arms)]

    def seldom(label: str, part: str) -> list[str]:
        numbers = [getattr(arm, part) for arm in flow.arms]
        return [label, _cell(board, sum(numbers)), *(_cell(board, number) for number in numbers if arms)]

    return {
        "columns": _columns(_("Trinn"), _("I alt"), *(arm.arm.name for arm in arms)),
        "rows": [
            step(_("Vurdert"), _whole(board, flow.assessed)),
            step(_("Oppfylte ikke kravene"), _cell(board, flow.not_eligible)),
            step(_("Ville ikke delta"), _cell(board, flow.turned_back)),
            step(_("Under registrering"), _cell(board, flow.under_way)),
            step(_("Meldt inn"), _whole(board, flow.enrolled)),
            step(_("Venter på loddtrekning"), _cell(board, flow.waiting)),
            by_arm(_("Trukket"), "drawn"),
            by_arm(_("Har fått jobbspesialist"), "followed"),
            by_arm(_("Har trukket seg"), "withdrawn"),
            seldom(_("Meldt inn ved en feil"), "in_error"),
            seldom(_("Meldt inn to ganger"), "duplicate"),
            by_arm(_("Fullført oppfølging"), "completed"),
            by_arm(_("Med i analysen"), "drawn"),
        ],
    }


def headline(board: Dashboard) -> list[dict[str, Any]]:
    """The big numbers at the top."""
    people = sum(load.people for load in board.loads.values())
    capacity = sum(load.capacity for load in board.loads.values())
    shown = [
        (_("Meldt inn"), board.flow.enrolled, _("av %(number)s planlagt") % {"number": board.trial.planned_size}),
        (_("Venter på loddtrekning"), board.flow.waiting, ""),
        (_("Hos jobbspesialist"), people, _("av %(number)s plasser") % {"number": capacity}),
        (_("Avvik"), board.deviations.total(), ""),
    ]
    return [{"label": label, "value": _whole(board, value), "text": text} for label, value, text in shown]


def _cell(board: Dashboard, count: int) -> str:
    return policies.cell(count, exact=board.exact)


def _whole(board: Dashboard, count: int) -> str:
    return policies.whole(count, exact=board.exact)


def _lines(points: list[dict[str, Any]], unit: str) -> dict[str, Any]:
    return {
        "data": {"values": points},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "month", "type": "temporal", "timeUnit": "yearmonth", "title": None},
            "y": {"field": "people", "type": "quantitative", "title": unit},
            "color": {"field": "series", "type": "nominal", "title": None, "sort": None},
            "strokeDash": {"field": "series", "type": "nominal", "title": None, "sort": None},
        },
    }


def _columns(first: str, *others: str) -> list[dict[str, Any]]:
    return [{"label": first}, *({"label": label, "numeric": True} for label in others)]


def _month(month: Month) -> str:
    return date_format(month, "F Y")
