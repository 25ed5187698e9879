"""Tables as text for a terminal, with the published numbers beside."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from evaluation.findings import Finding
from evaluation.labels import UNITS, label
from evaluation.published import beside
from evaluation.showing import shown

STARS: Final = ((0.01, "***"), (0.05, "**"), (0.10, "*"))
NOTHING: Final = "-"


def as_text(finding: Finding, *, control: str = "control", reference: str = "", language: str = "nb") -> str:
    """A table as lines of text, with the published numbers that `reference` has; tables 1 and 2 as narrow as printed.

    Stars as in the paper: * p < 0.10, ** p < 0.05, *** p < 0.01.
    """
    if finding.name not in ("table-1", "table-2"):
        told = shown(finding, language=language, reference=reference)
        return _aligned([list(told.heads), *map(list, told.rows)])
    published = beside(reference, finding.name)
    rows = _baseline(finding, control, published) if finding.name == "table-1" else _totals(finding, published)
    return _aligned(
        [[label(finding.columns[0], language), *rows[0]], *([label(r[0], language), *r[1:]] for r in rows[1:])]
    )


def stars(p: float | None) -> str:
    """The paper's stars for a p-value."""
    return next((mark for limit, mark in STARS if p is not None and p < limit), "")


def _baseline(finding: Finding, control: str, published: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    treated = finding.columns[1]
    found = [["I", "K", "p", "| I", "K", "p"]]
    for row in finding.records:
        known = published.get(row["variable"], {})
        ours = [_number(row["variable"], row[treated]), _number(row["variable"], row[control]), _fixed(row["p"], 2)]
        theirs = [_number(row["variable"], known.get(name)) for name in ("treated_mean", "control_mean")]
        found.append([row["variable"], *ours, f"| {theirs[0]}", theirs[1], _fixed(known.get("p"), 2)])
    return found


def _totals(finding: Finding, published: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    found = [["I", "K", "effekt", "t", "", "| I", "K", "effekt", "t"]]
    for row in finding.records:
        known = published.get(row["outcome"], {})
        digits = 0 if row["outcome"] == "total_hours" else 1
        ours = [_fixed(row[name], digits) for name in ("treated_mean", "control_mean", "effect")]
        theirs = [_fixed(known.get(name), digits) for name in ("treated_mean", "control_mean", "effect")]
        found.append(
            [row["outcome"], *ours, _fixed(row["t"], 2), stars(row["p"]), f"| {theirs[0]}", *theirs[1:],
             _fixed(known.get("t"), 2)]
        )  # fmt: skip
    return found


def _number(variable: str, value: float | None) -> str:
    """A share in per cent; years, hours and kroner as they are."""
    if variable not in UNITS:
        return _fixed(None if value is None else 100 * value, 1) + (" %" if value is not None else "")
    return _fixed(value, 0 if UNITS[variable] == "nok" else 1)


def _fixed(value: Any, digits: int) -> str:
    return NOTHING if value is None else f"{value:z.{digits}f}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        head = row[0].ljust(widths[0])
        lines.append("  ".join([head, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]))
    return "\n".join(lines)
