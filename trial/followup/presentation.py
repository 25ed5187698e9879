"""Norms, fidelity and measures as tables and charts show them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.formats import number_format as number
from django.utils.translation import gettext as _

from evaluation.codes import MEASURE_GROUPS
from trial.access.small_counts import SMALL, is_small, percent, rounded, shown
from trial.followup.forms import GROUPS
from trial.followup.models import ANY_MEASURE, DeviationKind, FidelityReview
from trial.followup.norms import CONTACTS_A_MONTH, HOURS_A_MONTH, NEW_IN_WORK, NORMS, Counts, Reached, Share
from trial.followup.policies import Load
from trial.followup.queries.caseloads import MonthOfLoad
from trial.followup.queries.usage import MONTHS, Usage
from trial.followup.scales import Scale
from trial.followup.states import LABELS
from trial.studies.models import Arm

Table = dict[str, Any]
FIGURE_2 = ("work_practice", "wage_subsidy", "follow_up", "training")
NOTHING = "–"


@dataclass(frozen=True)
class Bar:
    """A load as a reader may see it: the people in words, and the places taken that the bar draws."""

    people: str
    used: float


def bar(load: Load, *, exact: bool) -> Bar:
    """The bar of a load; rounded for those who see no small counts."""
    return Bar(shown(load.people, exact=exact), load.used if exact else rounded(load.people, exact=False))


def load_chart(months: list[MonthOfLoad], *, exact: bool) -> Table:
    """People followed and places for them, month by month."""
    people, places = _("Deltakere"), _("Plasser")
    points = [
        {"month": each.day.isoformat(), "people": count, "series": series}
        for each in months
        for series, count in ((people, rounded(each.people, exact=exact)), (places, each.capacity))
    ]
    return {
        "spec": _lines(points, _("Personer"), {"type": "temporal", "timeUnit": "yearmonth"}),
        "columns": [{"label": _("Måned")}, {"label": people, "numeric": True}, {"label": places, "numeric": True}],
        "rows": [[date_format(each.day, "F Y"), shown(each.people, exact=exact), each.capacity] for each in months],
    }


def norms_table(rows: Iterable[tuple[str, str, Counts]], whole: tuple[str, Counts], *, of: str, exact: bool) -> Table:
    """A row per office or specialist (`of`: which, in words) and one for all; what misses its target is marked.

    `exact` False: for those who see no small counts; shares without counts, and none that rest on few people.
    """
    heads = [
        str(norm.label) if norm.target is None else _("%(label)s (mål %(target)s %%)") % vars(norm)
        for norm in NORMS.values()
    ]
    heads.append(_("Nye i arbeid per stilling og år (mål %(target)s)") % {"target": NEW_IN_WORK})
    heads.append(_("Timer oppfølging per deltaker og måned (mål %(target)s)") % {"target": HOURS_A_MONTH})
    lines = [("", *whole), *((url, name, each) for name, url, each in rows)]
    return {
        "columns": [{"label": of}, {"label": _("Deltakere"), "numeric": True}, *({"label": head} for head in heads)],
        "rows": [
            [{"text": name, "url": url}, shown(each.people, exact=exact), *_norm_cells(each, exact)]
            for url, name, each in lines
        ],
    }


def _norm_cells(counts: Counts, exact: bool) -> list[Any]:
    cells = [_share(counts.shares[share], NORMS[share].target, exact) for share in Share]
    few = counts.people < SMALL and not exact
    hours = None if few else counts.hours_a_month
    return [*cells, NOTHING if few else _new_in_work(counts, exact), _rate(hours, HOURS_A_MONTH)]


def _new_in_work(counts: Counts, exact: bool) -> Any:
    if is_small(counts.new_in_work) and not exact:
        return NOTHING
    rate = rounded(counts.new_in_work, exact=exact) / counts.full_years if counts.full_years else None
    return _rate(rate, NEW_IN_WORK)


def _rate(rate: float | None, target: int) -> Any:
    return NOTHING if rate is None else _marked(number(round(rate, 1), 1), rate < target)


def _share(reached: Reached, target: int | None, exact: bool) -> Any:
    share = percent(reached.met, reached.due, exact=exact)
    if share is None:
        return NOTHING
    values = {"percent": share, "met": reached.met, "due": reached.due}
    text = _("%(percent)s %% (%(met)s av %(due)s)") if exact else _("%(percent)s %%")
    return _marked(text % values, target is not None and share < target)


def _marked(text: str, missed: bool) -> Any:
    return {"text": _("%(value)s, under målet") % {"value": text}, "tag": "warning"} if missed else text


def contacts_table(counts: Counts, *, exact: bool) -> Table:
    """Contacts per person and month in each stage, against what the method asks for; for those who see no small counts
    none that rests on few people."""
    rows = []
    for (stage, rate), people in zip(counts.contacts_a_month, counts.stage_people, strict=True):
        asked, hidden = CONTACTS_A_MONTH[stage], not exact and people < SMALL
        rows.append([str(LABELS[stage]), _rate(None if hidden else rate, asked), asked])
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
    spec = _lines(points, _("Sum"), {"type": "temporal", "axis": {"format": "%b %Y"}})
    spec["encoding"]["y"]["scale"] = {"domain": [len(scale.items), scale.highest]}
    rows = [[str(each.office), date_format(each.day, "SHORT_DATE_FORMAT"), each.total] for each in reviews]
    columns = [{"label": _("Kontor")}, {"label": _("Dato")}, {"label": _("Sum"), "numeric": True}]
    return {"spec": spec, "columns": columns, "rows": rows}


def usage_charts(usage: Usage, arms: list[Arm], *, exact: bool) -> list[Table]:
    """Figure 2: the share of each arm in each of its four groups of measures, by month after the draw."""
    return [_usage_chart(usage, arms, group, exact) for group in FIGURE_2]


def _usage_chart(usage: Usage, arms: list[Arm], group: str, exact: bool) -> Table:
    points, rows = [], []
    for month in range(MONTHS + 1):
        shares = [(arm, _part_of_arm(usage, arm.pk, group, month, exact)) for arm in arms]
        points += [
            {"month": month, "people": round(share, 1), "series": str(arm)}
            for arm, share in shares
            if share is not None
        ]
        if any(usage.followed[arm.pk, month] for arm in arms):
            rows.append([month, *(NOTHING if share is None else number(round(share, 1), 1) for _arm, share in shares)])
    return {
        "id": f"usage-{group}",
        "heading": str(GROUPS[group]),
        "spec": _lines(points, _("Prosent av gruppen"), {"type": "quantitative", "scale": {"domain": [0, MONTHS]}}),
        "columns": [{"label": _("Måned etter loddtrekningen")}, *({"label": a.name, "numeric": True} for a in arms)],
        "rows": rows,
    }


def _part_of_arm(usage: Usage, arm: int, group: str, month: int, exact: bool) -> float | None:
    """Per cent of an arm in a group of measures, in whole per cent and not of few for who sees no small counts."""
    if exact:
        return usage.share(arm, group, month)
    return percent(usage.people[arm, group, month], usage.followed[arm, month], exact=False)


def ever_table(usage: Usage, arms: list[Arm], *, exact: bool) -> Table:
    """Table 2.1: how many of each arm have been in each group of measures at any time since the draw."""
    groups = [*((group, str(GROUPS[group])) for group in MEASURE_GROUPS), (ANY_MEASURE, _("Minst ett tiltak"))]
    return {
        "columns": [{"label": _("Tiltak")}, *({"label": str(arm)} for arm in arms)],
        "rows": [
            [
                label,
                *(_share(Reached(usage.ever[arm.pk, group], usage.followed[arm.pk, 0]), None, exact) for arm in arms),
            ]
            for group, label in groups
        ],
    }


def deviation_counts_table(counts: Counter[tuple[str, bool]], *, exact: bool) -> Table:
    """Deviations by kind, and how many of them someone has explained."""
    labels = (_("Begrunnet"), _("Ikke begrunnet ennå"), _("I alt"))
    return {
        "columns": [{"label": _("Avvik")}, *({"label": label, "numeric": True} for label in labels)],
        "rows": [
            [str(kind.label), *(shown(number, exact=exact) for number in (done, open_, done + open_))]
            for kind in DeviationKind
            for done, open_ in [(counts[kind.value, True], counts[kind.value, False])]
        ],
    }


def _lines(points: list[dict[str, Any]], unit: str, time: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {"values": points},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "month", "title": None, **time},
            "y": {"field": "people", "type": "quantitative", "title": unit},
            "color": {"field": "series", "type": "nominal", "title": None, "sort": None},
            "strokeDash": {"field": "series", "type": "nominal", "title": None, "sort": None},
        },
    }
