"""Findings in the words and numbers of their reader; for runs and for what was released of them alike."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from evaluation.decimals import DECIMALS, PLAIN, TEXTS, told_columns, unit_of
from evaluation.labels import LANGUAGES, label, localise
from evaluation.published import beside, remark
from evaluation.remarks import RULES, remarks
from trial.analyses.models import Finding, ResultKind

PUBLISHED = "published:"
NOTHING = "–"
MINUS = "−"

Row = Mapping[str, Any]


def language() -> str:
    """The reader's language as the findings name it."""
    present = (get_language() or LANGUAGES[0])[:2]
    return present if present in LANGUAGES else LANGUAGES[0]


def word(key: str) -> str:
    return label(key, language())


def named(method: str) -> str:
    """The words for a method or rule that a plan names by its key."""
    return RULES[method][LANGUAGES.index(language())] if method in RULES else word(method)


def shown(finding: Finding, reference: str = "") -> dict[str, Any]:
    """A finding as the table and chart components take it.

    `reference` names a publication whose numbers stand in columns of their own, where it has this table.
    """
    is_figure = finding.kind == ResultKind.FIGURE
    columns, rows = _months_down(finding) if is_figure else _table(finding, reference)
    return {
        "id": finding.name,
        "title": finding.title[language()],
        "columns": columns,
        "rows": rows,
        "spec": localise(drawable(finding), language()) if is_figure else None,
        "notes": [*remarks(finding.notes, language()), *filter(None, [remark(reference, finding.name, language())])],
    }


def records_of(finding: Finding) -> list[dict[str, Any]]:
    """The rows as mappings from column to value."""
    return [dict(zip(finding.columns, row, strict=True)) for row in finding.rows]


def _table(finding: Finding, reference: str) -> tuple[list[dict[str, Any]], list[list[str]]]:
    published = beside(reference, finding.name)
    names = _published_names(finding, published)
    told = told_columns(finding.columns, records_of(finding))
    order = [part for key in told for part in ((key, PUBLISHED + key) if key in names else (key,))]
    rows = []
    for row in records_of(finding):
        printed = published.get(row[finding.columns[0]], {})
        whole = row | {PUBLISHED + key: printed.get(name) for key, name in names.items()}
        rows.append([_cell(finding, whole, key) for key in order])
    return [{"label": _heading(key), "numeric": key not in TEXTS} for key in order], rows


def _published_names(finding: Finding, published: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Column -> its name in the publication, which calls the arms' columns treated and control in every table."""
    if not published:
        return {}
    names = dict(zip(finding.columns[1:3], ("treated_mean", "control_mean"), strict=True))
    known = {name for columns in published.values() for name in columns}
    return {key: names.get(key, key) for key in finding.columns if names.get(key, key) in known}


def _months_down(finding: Finding) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """The numbers behind a figure: one row a month, one column per line of the figure."""
    cells: dict[int, dict[str, str]] = {}
    for row in records_of(finding):
        cells.setdefault(row["month"], {})[_line_of(row)] = _point(finding, row)
    lines = list(dict.fromkeys(line for month in cells.values() for line in month))
    columns = [{"label": word("month"), "numeric": True}, *({"label": line, "numeric": True} for line in lines)]
    return columns, [[str(month), *(found.get(line, NOTHING) for line in lines)] for month, found in cells.items()]


def drawable(finding: Finding) -> dict[str, Any] | None:
    """The figure, or None where every number is hidden and only the table says so.

    A panel whose numbers alone are hidden stays, with a line under its title (`evaluation.figures.without_curve`).
    """
    seen = any(row.get("mean", row.get("effect")) is not None for row in records_of(finding))
    return dict(finding.spec) if finding.spec and seen else None


def _line_of(row: Row) -> str:
    return f"{word(row['outcome'])}, {word(row['arm']).lower()}" if "arm" in row else word(row["outcome"])


def _point(finding: Finding, row: Row) -> str:
    if "mean" in row:
        return _cell(finding, row, "mean")
    effect, low, high = (_cell(finding, row, key) for key in ("effect", "ci_low", "ci_high"))
    return f"{effect} ({low}; {high})"


def _heading(key: str) -> str:
    """A published column stands right after the one it belongs to, so its heading can be short."""
    return _("Publisert") if key.startswith(PUBLISHED) else word(key)


def _cell(finding: Finding, row: Row, key: str) -> str:
    value, name = row[key], key.removeprefix(PUBLISHED)
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return word(value) if value else ""
    if name in PLAIN:
        return _number(value, PLAIN[name])
    return _measured(value, unit_of(finding.name, row, name))


def _measured(value: float, unit: str) -> str:
    """A number in its unit: shares in per cent."""
    if unit == "share":
        return f"{_number(100 * value, DECIMALS[unit])} %"
    return _number(value, DECIMALS[unit])


def _number(value: float, decimals: int) -> str:
    """With a real minus sign, and none before a number that rounds to nothing."""
    rounded = round(value, decimals)
    sign = MINUS if rounded < 0 else ""
    return sign + number_format(abs(rounded), decimals, force_grouping=True)


def tabs_of(titles: Iterable[Row], address: Callable[[str], str], chosen: str) -> list[dict[str, Any]]:
    """Findings (`name` and `title` of each) as tabs: the part of a title before its first stop ("Tabell 2")."""
    return [
        {
            "label": one["title"][language()].partition(".")[0],
            "url": address(one["name"]),
            "active": one["name"] == chosen,
        }
        for one in titles
    ]
