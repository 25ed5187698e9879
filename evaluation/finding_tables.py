"""The tables of a run: their columns in order, and their titles."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.findings import Finding, plain_rows
from evaluation.labels import both
from evaluation.rules import DesignError, MissingFactor

_INFERENCE: Final = ("effect", "se", "t", "p", "ci_low", "ci_high")
_STATISTICS: Final = ("difference", "se", "t", "p", "smd", "missing", "reason")


@dataclass(frozen=True)
class Layout:
    """Columns and both titles of a table."""

    nb: str
    en: str
    columns: tuple[str, ...]


TABLES: Final[Mapping[str, Layout]] = {
    "table-2": Layout(
        "Tabell 2. Effekter over hele perioden",
        "Table 2. Effects over the whole period",
        (
            *("outcome", "treated_mean", "control_mean", "effect", "se", "t", "p", "adjusted_p", "ci_low", "ci_high"),
            *("n", "reason"),
        ),
    ),
    "adjusted": Layout(
        "Justert for kjennetegn ved start",
        "Adjusted for characteristics at start",
        ("outcome", *_INFERENCE, "n", "reason"),
    ),
    "subgroups": Layout(
        "Effekt etter undergruppe",
        "Effect by subgroup",
        ("subgroup", "level", "outcome", *_INFERENCE, "n", "interaction_p", "reason"),
    ),
    "differences": Layout(
        "Endring siden før start",
        "Change since before the start",
        ("outcome", "treated_change", "control_change", *_INFERENCE, "n", "reason"),
    ),
    "compliers": Layout(
        "Effekt for dem som fulgte trekningen",
        "Effect among those who followed the draw",
        ("outcome", *_INFERENCE, "ar_low", "ar_high", "moved", "first_stage_f", "n", "reason"),
    ),
    "weighted": Layout(
        "Vektet etter trekningens sannsynligheter",
        "Weighted by the chances of the draw",
        ("outcome", "treated_mean", "control_mean", *_INFERENCE, "n", "reason"),
    ),
    "precision": Layout(
        "Hva anslagene kan utelukke",
        "What the estimates rule out",
        ("outcome", "effect", "se", "detectable", "margin", "ci_low", "ci_high", "p_equivalence", "verdict", "reason"),
    ),
    "randomisation": Layout(
        "Randomiseringstest",
        "Randomisation test",
        ("outcome", "effect", "t", "p", "p_max_t", "n", "draws", "reason"),
    ),
    "likeness": Layout(
        "Likhet innen enhetene",
        "Likeness within units",
        ("outcome", "icc", "design_effect", "units", "n", "reason"),
    ),
    "joint-months": Layout(
        "Samlede tester av månedene",
        "Joint tests of the months",
        ("outcome", "window", "F", "df1", "df2", "p", "p_band", "critical", "n", "reason"),
    ),
    "pre-period": Layout(
        "Samlet test av forskjeller før start",
        "Joint test of differences before the start",
        ("outcome", "F", "df1", "df2", "p", "n", "reason"),
    ),
    "flow": Layout(
        "Deltakerflyt",
        "Participant flow",
        ("step", "outcome", "treated_n", "control_n", "n"),
    ),
    "attrition": Layout(
        "Frafall",
        "Attrition",
        ("outcome", "treated_n", "treated_missing", "control_n", "control_missing", *_INFERENCE, "reason"),
    ),
    "coverage": Layout(
        "Registrenes dekning",
        "Coverage of the registers",
        ("register", "treated_n", "control_n", "n", "drawn_persons", "rows"),
    ),
    "bounds": Layout(
        "Grenser når resultater mangler",
        "Bounds when outcomes are missing",
        (
            *("bounds", "outcome", "lower", "upper", "ci_low", "ci_high", "trimmed"),
            *("treated_missing", "control_missing", "n", "reason"),
        ),
    ),
}


def table(name: str, rows: pd.DataFrame | Sequence[Mapping[str, Any]], notes: Mapping[str, Any]) -> Finding:
    """A table of TABLES from the rows of an analysis."""
    return laid_out(name, TABLES[name], rows, notes)


def table_or_reason(
    name: str, made: Callable[[], pd.DataFrame], notes: Mapping[str, Any], *, outcomes: Iterable[str]
) -> Finding:
    """The table; where it cannot be made, a row an outcome with the reason, so that it keeps no other back."""
    try:
        rows = made()
    except EvaluationError as error:
        rows = reasons(outcomes, error.code)
    except DesignError as error:
        rows = reasons(outcomes, "missing_factor" if isinstance(error, MissingFactor) else "wrong_design")
    return table(name, rows, notes)


def reasons(outcomes: Iterable[str], reason: str) -> pd.DataFrame:
    """One row an outcome, with nothing but the reason why there are no numbers."""
    return pd.DataFrame({"outcome": list(outcomes)}).assign(reason=reason)


def laid_out(
    name: str, layout: Layout, rows: pd.DataFrame | Sequence[Mapping[str, Any]], notes: Mapping[str, Any]
) -> Finding:
    """A table from the rows of an analysis; columns of the layout that the analysis does not have are left empty."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    whole = frame.reindex(columns=list(layout.columns))
    title = both(layout.nb, layout.en)
    return Finding(name, "table", title, layout.columns, plain_rows(whole, layout.columns), notes=notes)


def baseline_finding(frame: pd.DataFrame, notes: Mapping[str, Any], control: str) -> Finding:
    """Table 1 from `baseline_table().table`, whose arms are columns of their own names."""
    treated = next(name for name in frame.columns if name not in (control, *_STATISTICS))
    columns = ("variable", treated, control, *_STATISTICS)
    title = both("Tabell 1. Kjennetegn ved start", "Table 1. Characteristics at start")
    return Finding("table-1", "table", title, columns, plain_rows(frame.reset_index(), columns), notes=notes)
