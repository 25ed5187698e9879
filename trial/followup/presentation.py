"""Norms, fidelity and measures as tables and charts show them."""

from collections.abc import Iterable
from typing import Any

from django.utils.formats import date_format
from django.utils.formats import number_format as number
from django.utils.translation import gettext as _

from evaluation.codes import MEASURE_GROUPS
from trial.followup.forms import GROUPS
from trial.followup.models import ANY_MEASURE, FidelityReview
from trial.followup.norms import CONTACTS_A_MONTH, NEW_IN_WORK, NORMS, Counts, Reached, Share
from trial.followup.queries.caseloads import MonthOfLoad
from trial.followup.queries.usage import MONTHS, Usage
from trial.followup.scales import Scale
from trial.followup.states import LABELS
from trial.studies.models import Arm

Table = dict[str, Any]
FIGURE_2 = ("work_practice", "wage_subsidy", "follow_up", "training")
NOTHING = "–"
FEWEST = 5  # people that a number must rest on for those who see no people


def load_chart(months: list[MonthOfLoad]) -> Table:
    """People followed and places for them, month by month."""
    people, places = _("Deltakere"), _("Plasser")
    points = [
        {"month": each.day.isoformat(), "people": count, "series": series}
        for each in months
        for series, count in ((people, each.people), (places, each.capacity))
    ]
    return {
        "spec": _lines(points, _("Personer"), time="temporal"),
        "columns": [{"label": _("Måned")}, {"label": people, "numeric": True}, {"label": places, "numeric": True}],
        "rows": [[date_format(each.day, "F Y"), each.people, each.capacity] for each in months],
    }


def norms_table(rows: Iterable[tuple[str, str, Counts]], whole: tuple[str, Counts], *, exact: bool) -> Table:
    """A row per office or specialist and one for all of them; what misses its target is marked.

    `exact` False: shares without counts, and none that rest on fewer than `FEWEST` people.
    """
    heads = [
        str(norm.label) if norm.target is None else _("%(label)s (mål %(target)s %%)") % vars(norm)
        for norm in NORMS.values()
    ]
    heads.append(_("Nye i arbeid per stilling og år (mål %(target)s)") % {"target": NEW_IN_WORK})
    shown = [("", *whole), *((url, name, each) for name, url, each in rows)]
    return {
        "columns": [{"label": ""}, {"label": _("Deltakere"), "numeric": True}, *({"label": head} for head in heads)],
        "rows": [
            [{"text": name, "url": url}, _people(each.people, exact), *_norm_cells(each, exact)]
            for url, name, each in shown
        ],
    }


def _people(people: int, exact: bool) -> str | int:
    return f"<{FEWEST}" if 0 < people < FEWEST and not exact else people


def _norm_cells(counts: Counts, exact: bool) -> list[Any]:
    cells = [_share(counts.shares[share], NORMS[share].target, exact) for share in Share]
    rate = counts.new_a_year
    if rate is None or (counts.people < FEWEST and not exact):
        return [*cells, NOTHING]
    return [*cells, _marked(number(round(rate, 1), 1), rate < NEW_IN_WORK)]


def _share(reached: Reached, target: int | None, exact: bool = True) -> Any:
    few = min(reached.met or FEWEST, (reached.due - reached.met) or FEWEST, reached.due) < FEWEST
    if reached.percent is None or (few and not exact):
        return NOTHING
    values = {"percent": reached.percent, "met": reached.met, "due": reached.due}
    shown = _("%(percent)s %% (%(met)s av %(due)s)") if exact else _("%(percent)s %%")
    return _marked(shown % values, target is not None and reached.percent < target)


def _marked(text: str, missed: bool) -> Any:
    return {"text": _("%(value)s, under målet") % {"value": text}, "tag": "warning"} if missed else text


def contacts_table(counts: Counts) -> Table:
    """Contacts per person and month in each stage, against what the method asks for."""
    rows = []
    for stage, rate in counts.contacts_a_month:
        asked = CONTACTS_A_MONTH[stage]
        shown = NOTHING if rate is None else _marked(number(round(rate, 1), 1), rate < asked)
        rows.append([str(LABELS[stage]), shown, asked])
    return {
        "columns": [
            {"label": _("Fase")},
            {"label": _("Kontakter per deltaker og måned")},
            {"label": _("Mål"), "numeric": True},
        ],
        "rows": rows,
    }


def fidelity_chart(reviews: list[FidelityReview], scale: Scale) -> Table:
    """The sums of an office over time, a line each."""
    points = [
        {"month": each.day.isoformat(), "people": each.total, "series": str(each.office)} for each in reversed(reviews)
    ]
    spec = _lines(points, _("Sum"), time="temporal")
    spec["encoding"]["y"]["scale"] = {"domain": [len(scale.items), scale.highest]}
    rows = [[str(each.office), date_format(each.day, "SHORT_DATE_FORMAT"), each.total] for each in reviews]
    columns = [{"label": _("Kontor")}, {"label": _("Dato")}, {"label": _("Sum"), "numeric": True}]
    return {"spec": spec, "columns": columns, "rows": rows}


def usage_charts(usage: Usage, arms: list[Arm]) -> list[Table]:
    """Figure 2: the share of each arm in each of its four groups of measures, by month after the draw."""
    return [_usage_chart(usage, arms, group) for group in FIGURE_2]


def _usage_chart(usage: Usage, arms: list[Arm], group: str) -> Table:
    points, rows = [], []
    for month in range(MONTHS + 1):
        shares = [(arm, usage.share(arm.pk, group, month)) for arm in arms]
        points += [
            {"month": month, "people": round(share, 1), "series": arm.name}
            for arm, share in shares
            if share is not None
        ]
        if any(share is not None for _arm, share in shares):
            rows.append([month, *(NOTHING if share is None else number(round(share, 1), 1) for _arm, share in shares)])
    return {
        "id": f"usage-{group}",
        "heading": str(GROUPS[group]),
        "spec": _lines(points, _("Prosent av gruppen"), time="quantitative"),
        "columns": [{"label": _("Måned etter loddtrekningen")}, *({"label": a.name, "numeric": True} for a in arms)],
        "rows": rows,
    }


def ever_table(usage: Usage, arms: list[Arm]) -> Table:
    """Table 2.1: how many of each arm have been in each group of measures at any time since the draw."""
    groups = [*((group, str(GROUPS[group])) for group in MEASURE_GROUPS), (ANY_MEASURE, _("Minst ett tiltak"))]
    return {
        "columns": [{"label": _("Tiltak")}, *({"label": arm.name} for arm in arms)],
        "rows": [
            [label, *(_share(Reached(usage.ever[arm.pk, group], usage.followed[arm.pk, 0]), None) for arm in arms)]
            for group, label in groups
        ],
    }


def _lines(points: list[dict[str, Any]], unit: str, *, time: str) -> dict[str, Any]:
    return {
        "data": {"values": points},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "month", "type": time, "title": None},
            "y": {"field": "people", "type": "quantitative", "title": unit},
            "color": {"field": "series", "type": "nominal", "title": None, "sort": None},
            "strokeDash": {"field": "series", "type": "nominal", "title": None, "sort": None},
        },
    }
