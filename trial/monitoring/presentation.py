"""The coordinator's numbers as pages, charts, downloads and reports show them; every count passes
`access.small_counts` on its way out. Each table is made once here, whatever shows it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evaluation.codes import MEASURE_GROUPS
from trial.access.small_counts import is_small, percent, rounded, shown
from trial.audit import clock
from trial.enrolment.forms import factor_label
from trial.enrolment.states import ParticipantState
from trial.followup.forms import GROUPS
from trial.followup.models import DeviationKind
from trial.monitoring import charts, consort
from trial.monitoring.balance import OFFICE, YEAR, Level
from trial.monitoring.calendar import Month
from trial.monitoring.forecast import months_until
from trial.monitoring.lists import STEPS
from trial.monitoring.measures import ANY
from trial.monitoring.queries import Dashboard
from trial.studies.models import Arm
from trial.surveys.queries import Response

Table = dict[str, Any]
AFTER = float("inf")  # those not drawn yet stand after the arms


def recruitment_chart(board: Dashboard) -> Table:
    """People enrolled against the plan by month, with the forecast and its band for the months ahead."""
    recruitment = board.recruitment
    rows = [_month_row(board, month) for month in recruitment.months]
    return {
        "spec": charts.recruitment(board),
        "columns": _columns(
            _("Måned"), _("Meldt inn i måneden"), _("Meldt inn i alt"), _("Plan"), _("Prognose"), _("Fra"), _("Til")
        ),
        "rows": [*rows, *(_forecast_row(board, month) for month in charts.months_ahead(recruitment))],
    }


def _month_row(board: Dashboard, month: Month) -> list[Any]:
    so_far = rounded(board.recruitment.so_far(month), exact=board.exact)
    plan = board.recruitment.planned(month)
    in_month = _cell(board, board.recruitment.in_month(month))
    return [_month(month), in_month, so_far, "–" if plan is None else plan, "", "", ""]


def _forecast_row(board: Dashboard, month: Month) -> list[Any]:
    expected, low, high = charts.forecast_at(board, month)
    plan = board.recruitment.planned(month)
    return [_month(month), "", "", "–" if plan is None else plan, expected, low, high]


def forecast_sentence(board: Dashboard) -> str:
    """When the planned number is expected to be reached; empty where there is nothing to forecast."""
    recruitment, size = board.recruitment, board.trial.planned_size
    missing = size - recruitment.known
    if not recruitment.goes_on or not size:
        return ""
    if missing <= 0:
        return _("Det planlagte antallet er nådd.")
    found = months_until(missing, *recruitment.pace())
    expected, early, late = (_months_from_now(months) for months in found)
    sentence = _(
        "Med farten de siste månedene nås %(size)s deltakere %(expected)s (tidligst %(early)s, senest %(late)s)."
    )
    return sentence % {"size": size, "expected": expected, "early": early, "late": late}


def _months_from_now(months: int | None) -> str:
    if months is None:
        return _("om mer enn tre år")
    return ngettext("om %(months)s måned", "om %(months)s måneder", months) % {"months": months}


def office_table(board: Dashboard) -> Table:
    """Recruitment against plan by office with its forecast, and the caseload."""
    recruitment, planned = board.recruitment, board.recruitment.planned_at(board.offices)
    rows = []
    for office in board.offices:
        load = board.loads[office.pk]
        so_far = recruitment.at_office(office.pk)
        enrolled, people = _cell(board, so_far), _cell(board, load.people)
        plan = planned.get(office.pk)
        rows.append(
            [str(office), enrolled, "–" if plan is None else round(plan), _ahead(board, office.pk, so_far), people,
             load.capacity]
        )  # fmt: skip
    labels = (_("Meldt inn"), _("Plan til nå"), _("Ventet i alt"), _("Hos jobbspesialist"), _("Kapasitet"))
    return {"columns": _columns(_("Kontor"), *labels), "rows": rows}


def office_sentence(board: Dashboard) -> str:
    """What the plan and the forecast of an office are; the forecast looks past a plan that has ended, or not made."""
    plan = _(
        "Planen er delt mellom kontorene etter hvor mange deltakere de venter, likt mellom dem som ikke har sagt det."
    )
    if not board.recruitment.goes_on:
        return plan
    day = date_format(board.recruitment.end, "SHORT_DATE_FORMAT")
    ahead = _("«Ventet i alt» er til og med %(day)s, med farten de siste seks månedene.") % {"day": day}
    return f"{plan} {ahead}"


def _ahead(board: Dashboard, office: int, so_far: int) -> str:
    """The number expected at an office when the plan ends, with its band."""
    if not board.recruitment.goes_on:
        return "–"
    more, known = board.recruitment.forecast(board.recruitment.end, office), rounded(so_far, exact=board.exact)
    band = {"expected": round(more.expected), "low": more.low, "high": more.high}
    ahead = {name: rounded(known + number, exact=board.exact) for name, number in band.items()}
    return _("%(expected)s (%(low)s–%(high)s)") % ahead


def measures_chart(board: Dashboard) -> Table | None:
    """The share of each arm that is in any measure, by month, with the groups of measures in the table."""
    if board.measures is None:
        return None
    points, rows = [], []
    drawn = board.balance.drawn if board.balance else {}
    for month in board.measures.months:
        for arm in board.arms:
            people = board.measures.people[month, arm.pk, ANY]
            share = percent(people, drawn[arm.pk], exact=board.exact)
            if share is not None:
                points.append({"month": month.isoformat(), "people": share, "series": str(arm)})
            counts = [board.measures.people[month, arm.pk, group] for group in MEASURE_GROUPS]
            rows.append([_month(month), str(arm), *(_cell(board, count) for count in counts)])
    groups = [str(GROUPS[group]) for group in MEASURE_GROUPS]
    return {
        "spec": charts.lines(points, _("Prosent av gruppen")),
        "columns": [{"label": _("Måned")}, {"label": _("Gruppe")}, *_columns("", *groups)[1:]],
        "rows": rows,
    }


def caseload_chart(board: Dashboard) -> Table:
    """People with a job specialist against capacity, by office."""
    rows = [
        [str(office), _cell(board, board.loads[office.pk].people), board.loads[office.pk].capacity]
        for office in board.offices
    ]
    return {
        "spec": charts.caseloads(board),
        "columns": _columns(_("Kontor"), _("Hos jobbspesialist"), _("Kapasitet")),
        "rows": rows,
    }


def deviation_table(board: Dashboard) -> Table:
    """Deviations by kind."""
    return {
        "columns": _columns(_("Avvik"), _("Antall")),
        "rows": [[str(kind.label), _cell(board, board.deviations[kind.value])] for kind in DeviationKind],
    }


def flow_table(board: Dashboard) -> Table:
    """The flow of participants: a row per step, in all and (for those who see arms) by arm; numbers lead to lists."""
    arms = board.arms if board.arms_seen else []
    return {
        "columns": _columns(_("Trinn"), _("I alt"), *map(str, arms)),
        "rows": [_flow_row(board, row, [arm.code for arm in arms]) for row in consort.rows(board)],
    }


def _flow_row(board: Dashboard, row: consort.Row, arms: list[str]) -> list[Any]:
    parts = [
        "–" if number is None else _linked(_cell(board, number), consort.address(board, row.step, arm))
        for number, arm in zip(row.by_arm, arms, strict=False)
    ] or ["" for _arm in arms]
    return [str(STEPS[row.step].label), _linked(_cell(board, row.count), consort.address(board, row.step)), *parts]


def _linked(text: str, url: str) -> Any:
    return {"text": text, "url": url} if url else text


def balance_table(board: Dashboard) -> Table | None:
    """The arms at the start: shares of each level, mean scores of the first questionnaire, and their differences."""
    if board.balance is None or not board.arms:
        return None
    control = next((arm for arm in board.arms if arm.is_control), board.arms[-1])
    treated = [arm for arm in board.arms if arm != control]
    rows = [
        [
            _variable(level),
            *(_share_or_mean(board, level, arm) for arm in board.arms),
            *(_difference(board, level, arm, control) for arm in treated),
        ]
        for level in board.balance.levels
    ]
    differences = [
        _("Std. forskjell") if len(treated) == 1 else _("Std. forskjell: %(arm)s") % {"arm": arm} for arm in treated
    ]
    return {"columns": _columns(_("Ved start"), *map(str, board.arms), *differences), "rows": rows}


def _difference(board: Dashboard, level: Level, *arms: Arm) -> str:
    """The standardised difference of two arms with two decimals, and no minus sign before a nought.

    Who sees no small counts sees none that rests on few, and those of shares by the shares that are shown.
    """
    if board.balance is None or any(_rests_on_few(board, level, arm) for arm in arms):
        return "–"
    balance = board.balance if board.exact else board.balance.coarsened()
    value = balance.difference(level if board.exact else level.coarsened(), *arms)
    return "–" if value is None else number_format(round(value, 2) + 0.0, 2)


def _rests_on_few(board: Dashboard, level: Level, arm: Arm) -> bool:
    """Whether too few of an arm have the level, or have it not, for this reader."""
    if board.exact or board.balance is None:
        return False
    count = level.counts.get(arm.pk, 0)
    rest = 0 if level.scores else board.balance.drawn[arm.pk] - count
    return is_small(count) or is_small(rest)


def _share_or_mean(board: Dashboard, level: Level, arm: Arm) -> str:
    count = level.counts.get(arm.pk, 0)
    if level.scores is None:
        share = percent(count, board.balance.drawn[arm.pk] if board.balance else 0, exact=board.exact)
        return _("%(count)s (%(share)s %%)") % {"count": _cell(board, count), "share": "–" if share is None else share}
    score = level.scores.get(arm.pk)
    if score is None or _rests_on_few(board, level, arm):
        return "–"
    return _("%(mean)s (n = %(people)s)") % {"mean": number_format(score.mean, 1), "people": _cell(board, count)}


def _variable(level: Level) -> str:
    if level.scores is not None:
        return _("%(instrument)s (spørreskjema, gjennomsnitt)") % {"instrument": level.variable}
    if level.variable == OFFICE:
        return level.level
    if level.variable == YEAR:
        return _("Meldt inn i %(year)s") % {"year": level.level}
    return f"{factor_label(level.variable)}: {factor_label(level.level)}"


def response_table(board: Dashboard) -> Table:
    """Response to the questionnaires by wave, and by arm for those who see arms."""
    names: dict[int | None, str] = {arm.pk: str(arm) for arm in board.arms}
    rows = []
    for (wave, arm), response in sorted(board.responses.items(), key=lambda pair: (pair[0][0], pair[0][1] or AFTER)):
        group = [names.get(arm, "–")] if board.arms_seen else []
        counts = [_cell(board, number) for number in (response.opened, response.answered, response.on_paper)]
        rows.append([wave, *group, *counts, _response_rate(board, response)])
    head = [{"label": _("Runde")}, *([{"label": _("Gruppe")}] if board.arms_seen else [])]
    labels = _columns("", _("Åpnet for"), _("Har svart"), _("Av dem på papir"), _("Svarprosent"))[1:]
    return {"columns": [*head, *labels], "rows": rows}


def _response_rate(board: Dashboard, response: Response) -> str:
    """Neither those who answered nor those who did not may be few."""
    share = percent(response.answered, response.opened, exact=board.exact)
    return "–" if share is None else _("%(share)s %%") % {"share": share}


def register_table(board: Dashboard) -> Table:
    """The delivery in force of each register: when, how many rows, how many turned down, whom it covers."""
    rows = []
    for register in board.registers:
        found = register["in_force"]
        if found is None:
            rows.append([str(register["label"]), _("Ikke levert"), "–", "–", "–"])
            continue
        coverage = found.report.get("coverage")
        share = (
            "–"
            if coverage is None
            else _("%(share)s %%") % {"share": rounded(round(100 * coverage), exact=board.exact)}
        )
        day = date_format(clock.on_date(found.received_at), "SHORT_DATE_FORMAT")
        counts = [_cell(board, number or 0) for number in (found.accepted_rows, found.rejected_rows)]
        rows.append([str(register["label"]), day, *counts, share])
    labels = (_("Mottatt"), _("Rader i bruk"), _("Avviste rader"), _("Dekning"))
    return {"columns": _columns(_("Register"), *labels), "rows": rows}


def lag_table(board: Dashboard) -> Table:
    """What is behind with the data."""
    return {
        "columns": _columns(_("Henger etter"), _("Antall"), _("Av i alt")),
        "rows": [[str(lag.label), _cell(board, lag.number), _cell(board, lag.of)] for lag in board.lags],
    }


def headline(board: Dashboard) -> list[dict[str, Any]]:
    """The big numbers at the top."""
    people = sum(load.people for load in board.loads.values())
    capacity = sum(load.capacity for load in board.loads.values())
    waiting = board.states[ParticipantState.ENROLLED, True]
    numbers = [
        (_("Meldt inn"), board.recruitment.total, _("av %(number)s planlagt") % {"number": board.trial.planned_size}),
        (_("Venter på loddtrekning"), waiting, ""),
        (_("Hos jobbspesialist"), people, _("av %(number)s plasser") % {"number": capacity}),
        (_("Avvik"), board.deviations.total(), ""),
    ]
    return [{"label": label, "value": _cell(board, value), "text": text} for label, value, text in numbers]


# Every table by the name of its download; None for readers who may not see it.
TABLES: Mapping[str, Callable[[Dashboard], Table | None]] = {
    "recruitment": recruitment_chart,
    "offices": office_table,
    "flow": flow_table,
    "caseloads": caseload_chart,
    "measures": measures_chart,
    "deviations": deviation_table,
    "balance": balance_table,
    "responses": response_table,
    "registers": register_table,
    "data-quality": lag_table,
}


def plain(table: Table) -> tuple[list[str], list[list[str]]]:
    """A table as texts, for files: heads and rows, links as what they say."""
    heads = [str(column["label"]) for column in table["columns"]]
    return heads, [[str(cell["text"] if isinstance(cell, dict) else cell) for cell in row] for row in table["rows"]]


def _cell(board: Dashboard, count: int) -> str:
    return shown(count, exact=board.exact)


def _columns(first: str, *numbers: str) -> list[dict[str, Any]]:
    return [{"label": first}, *({"label": label, "numeric": True} for label in numbers)]


def _month(month: Month) -> str:
    return date_format(month, "F Y")
