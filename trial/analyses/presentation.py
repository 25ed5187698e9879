"""Findings in the words and numbers of their reader; for runs and for what was released of them alike."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from evaluation.labels import LANGUAGES, MARK, UNITS, label, localise
from evaluation.published import beside, remark
from trial.analyses.models import Finding, ResultKind

DEFAULT_UNITS = {"table-2": "months", "adjusted": "months"}  # where a row's key has no unit of its own; else shares
DECIMALS = {"share": 1, "months": 1, "years": 1, "hours_per_week": 1, "hours_total": 0, "nok": 0}
PLAIN_DECIMALS = {
    "t": 2,
    "p": 3,
    "adjusted_p": 3,
    "smd": 2,
    "F": 2,
    "n": 0,
    "df1": 0,
    "df2": 0,
    "missing": 0,
    "month": 0,
    "level": 0,
    "interaction_p": 3,
}
TEXT_COLUMNS = ("variable", "outcome", "arm", "subgroup", "reason")
PUBLISHED = "published:"
NOTHING = "–"
MINUS = "−"

METHODS = {
    "classical": gettext_lazy("klassiske"),
    "cluster": gettext_lazy("gruppert på kontor"),
    "none": gettext_lazy("ingen justering"),
    "holm": "Holm",
    "benjamini-hochberg": "Benjamini–Hochberg",
    "opensafely": gettext_lazy("antall til og med 7 skjules, andre rundes til nærmeste 5 (OpenSAFELY)"),
    "ssb3": gettext_lazy("antall under 3 skjules, andre rundes til nærmeste 3 (SSB)"),
    "strict10": gettext_lazy("antall under 10 skjules, andre rundes til nærmeste 10"),
}

Row = Mapping[str, Any]


def language() -> str:
    """The reader's language as the findings name it."""
    present = (get_language() or LANGUAGES[0])[:2]
    return present if present in LANGUAGES else LANGUAGES[0]


def word(key: str) -> str:
    return label(key, language())


def named(method: str) -> str:
    """The words for a method or rule that a plan names by its key."""
    return str(METHODS.get(method, method))


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
        "spec": localise(_drawable(finding), language()) if is_figure else None,
        "notes": notes_of(finding) + [text for text in [remark(reference, finding.name, language())] if text],
    }


def notes_of(finding: Finding) -> list[str]:
    """What must stand under a finding, as sentences."""
    notes, found = finding.notes, []
    if notes.get("joint_p") is not None:
        found.append(_("Samlet F-test av alle kjennetegn: p = %(p)s.") % {"p": number_format(notes["joint_p"], 2)})
    if notes.get("covariance"):
        found.append(_("Standardfeil: %(kind)s.") % {"kind": named(notes["covariance"])})
    if notes.get("covariates"):
        names = ", ".join(word(name).lower() for name in notes["covariates"])
        found.append(_("Justert for %(names)s.") % {"names": names})
    if notes.get("disclosure"):
        found.append(_("Små antall er skjult, resten avrundet: %(rule)s.") % {"rule": named(notes["disclosure"])})
    return found


def records_of(finding: Finding) -> list[dict[str, Any]]:
    """The rows as mappings from column to value."""
    return [dict(zip(finding.columns, row, strict=True)) for row in finding.rows]


def _table(finding: Finding, reference: str) -> tuple[list[dict[str, Any]], list[list[str]]]:
    published = beside(reference, finding.name)
    names = _published_names(finding, published)
    order = [part for key in finding.columns for part in ((key, PUBLISHED + key) if key in names else (key,))]
    rows = []
    for row in records_of(finding):
        printed = published.get(row[finding.columns[0]], {})
        whole = row | {PUBLISHED + key: printed.get(name) for key, name in names.items()}
        rows.append([_cell(finding, whole, key) for key in order])
    return [{"label": _heading(key), "numeric": key not in TEXT_COLUMNS} for key in order], rows


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


def _drawable(finding: Finding) -> dict[str, Any] | None:
    """The panels that have something to draw. Where every number of an outcome is hidden, only the table says so."""
    known = {MARK + row["outcome"] for row in records_of(finding) if row.get("mean", row.get("effect")) is not None}
    spec = finding.spec or {"concat": []}
    panels = [panel for panel in spec["concat"] if panel["title"] in known]
    return {**spec, "concat": panels} if panels else None


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
        return word(value)
    if name in PLAIN_DECIMALS:
        return _number(value, PLAIN_DECIMALS[name])
    subject = row.get("variable") or row.get("outcome") or ""
    return _measured(value, UNITS.get(subject, DEFAULT_UNITS.get(finding.name, "share")))


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
