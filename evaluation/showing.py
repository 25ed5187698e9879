"""Findings as a reader sees them outside the web site: numbers in their units, decimals of the paper, words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evaluation.findings import Finding
from evaluation.labels import UNITS, label
from evaluation.published import beside

NOTHING: Final = "–"
DECIMALS: Final[Mapping[str, int]] = {
    "share": 1,
    "months": 1,
    "years": 1,
    "hours_per_week": 1,
    "hours_total": 0,
    "nok": 0,
}
OF_TABLES: Final = {"table-1": "share", "table-2": "months", "adjusted": "months", "subgroups": "months"}
STATISTICS: Final[Mapping[str, int]] = {
    "t": 2,
    "F": 2,
    "smd": 2,
    "p": 3,
    "adjusted_p": 3,
    "interaction_p": 3,
    "n": 0,
    "missing": 0,
    "month": 0,
    "df1": 0,
    "df2": 0,
    "level": 0,
}
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
    heads = [label(key, language) for key in finding.columns]
    heads += [f"{label(key, language)}, {PUBLISHED[language == 'en']}" for key in names]
    rows = []
    for row in finding.records:
        printed = published.get(str(row[finding.columns[0]]), {})
        cells = [cell(finding.name, row, key, row[key], language) for key in finding.columns]
        rows.append(
            (*cells, *(cell(finding.name, row, key, printed.get(name), language) for key, name in names.items()))
        )
    numeric = [_is_number(finding, key) for key in finding.columns] + [True] * len(names)
    return Shown(tuple(heads), tuple(numeric), tuple(rows))


def _published_columns(finding: Finding, published: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Our column -> its name in the publication, which calls the arms treated and control in every table."""
    known = {name for row in published.values() for name in row}
    arms = dict(zip(finding.columns[1:3], ("treated_mean", "control_mean"), strict=True)) if known else {}
    return {key: arms.get(key, key) for key in finding.columns if arms.get(key, key) in known}


def _is_number(finding: Finding, key: str) -> bool:
    return not any(isinstance(row[key], str) for row in finding.records)


def cell(table: str, row: Mapping[str, Any], key: str, value: Any, language: str) -> str:
    """One value as text: shares in per cent, the decimals of its unit, a decimal comma in Norwegian."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return label(value, language)
    if key in STATISTICS:
        text = f"{value:.{STATISTICS[key]}f}"
    else:
        unit = UNITS.get(_subject(row), OF_TABLES.get(table, "share"))
        text = f"{100 * value:.1f} %" if unit == "share" else f"{value:,.{DECIMALS[unit]}f}"
    text = text.replace(",", "\u00a0").replace("-", "\u2212")
    return text if language == "en" else text.replace(".", ",")


def _subject(row: Mapping[str, Any]) -> str:
    return str(row.get("variable") or row.get("outcome") or "")


def notes(finding: Finding, language: str = "nb") -> Iterator[str]:
    """What must stand under a finding, as sentences."""
    facts = finding.notes
    if facts.get("joint_p") is not None:
        df = ", ".join(map(str, facts["joint_df"]))
        text = f"F({df}) = {facts['joint_f']:.2f}, p = {facts['joint_p']:.3f}"
        yield _said(language, f"Samlet F-test av alle kjennetegn: {text}.", f"Joint F test of all variables: {text}.")
    if "covariance" in facts:
        kind = label(facts["covariance"], language)
        yield _said(language, f"Standardfeil: {kind}.", f"Standard errors: {kind}.")
    if "strata" in facts:
        strata, level = label(facts["strata"], language), _level(facts)
        yield _said(
            language,
            f"Regresjon med faste effekter av {strata}; {level} % konfidensintervall (KI).",
            f"Regression with {strata} fixed effects; {level}% confidence intervals (CI).",
        )
    if facts.get("covariates"):
        names = ", ".join(label(name, language).lower() for name in facts["covariates"])
        yield _said(language, f"Justert for {names} (Lin 2013).", f"Adjusted for {names} (Lin 2013).")


def _level(facts: Mapping[str, Any]) -> str:
    return f"{100 * (1 - float(facts['alpha'])):g}"


def _said(language: str, nb: str, en: str) -> str:
    return en if language == "en" else nb
