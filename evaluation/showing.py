"""Findings as a reader sees them outside the web site: numbers in their units, decimals of the paper, words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evaluation.decimals import DECIMALS, PLAIN, told_columns, unit_of
from evaluation.findings import Finding
from evaluation.labels import label
from evaluation.published import beside

NOTHING: Final = "–"
PUBLISHED: Final = ("publisert", "published")


@dataclass(frozen=True)
class Shown:
    """A table of texts: `numeric` says which columns hold numbers."""

    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


def shown(finding: Finding, *, language: str = "nb", reference: str = "") -> Shown:
    """Every cell as text; where `reference` has printed numbers of this table, they stand in columns of their own."""
    published = beside(reference, finding.name)
    names = _published_columns(finding, published)
    columns = told_columns(finding.columns, finding.records)
    heads = [head_of(finding, key, language) for key in columns]
    heads += [f"{head_of(finding, key, language)}, {PUBLISHED[language == 'en']}" for key in names]
    rows = []
    for row in finding.records:
        keys = [str(row[key]) for key in finding.columns[:2]]
        printed = published.get(keys[0]) or published.get("/".join(keys), {})
        cells = [cell(finding.name, row, key, row[key], language) for key in columns]
        rows.append(
            (*cells, *(cell(finding.name, row, key, printed.get(name), language) for key, name in names.items()))
        )
    numeric = [_is_number(finding, key) for key in columns] + [True] * len(names)
    return Shown(tuple(heads), tuple(numeric), tuple(rows))


def head_of(finding: Finding, key: str, language: str = "nb") -> str:
    """The word over a column; where `notes` name what the `arms` are, those are their words."""
    words = label(key, language)
    for side, arm in finding.notes.get("arms", {}).items():
        if key.startswith(f"{side}_"):
            return words.replace(label(f"{side}_mean", language), label(arm, language))
    return words


def _published_columns(finding: Finding, published: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Our column -> its name in the publication, which calls the arms treated and control in every table."""
    known = {name for row in published.values() for name in row}
    arms = dict(zip(finding.columns[1:3], ("treated_mean", "control_mean"), strict=True)) if known else {}
    names = {key: key if key in known else arms.get(key, key) for key in finding.columns}
    return {key: name for key, name in names.items() if name in known}


def _is_number(finding: Finding, key: str) -> bool:
    return not any(isinstance(row[key], str) for row in finding.records)


def cell(table: str, row: Mapping[str, Any], key: str, value: Any, language: str) -> str:
    """One value as text: shares in per cent, the decimals of its unit, a decimal comma in Norwegian."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return label(value, language)
    if key in PLAIN:
        text = f"{value:z.{PLAIN[key]}f}"
    else:
        unit = unit_of(table, row, key)
        text = f"{100 * value:z.{DECIMALS[unit]}f} %" if unit == "share" else f"{value:z,.{DECIMALS[unit]}f}"
    text = text.replace(",", "\u00a0").replace("-", "\u2212")
    return text if language == "en" else text.replace(".", ",")
