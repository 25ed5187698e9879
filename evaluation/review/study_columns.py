"""The columns of a review's studies, under the names that reviews give them.

RevMan, R's meta and metafor, and a sheet typed by hand say the same in different words: ``events_treated``,
``event.e``, ``ai`` or ``Events intervention``. Each name means one column here, and what is missing is asked for.
"""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.shares import require_columns

COUNTS: Final = ("events_treated", "total_treated", "events_control", "total_control")
MEANS: Final = ("mean_treated", "sd_treated", "n_treated", "mean_control", "sd_control", "n_control")
EFFECT: Final = ("effect", "se")
INTERVAL: Final = ("effect", "ci_low", "ci_high")  # on the measure's own scale, as reviews print it

_GROUPS: Final = {
    "treated": ("treated", "treatment", "intervention", "experimental", "exp", "t", "e", "i", "1"),
    "control": ("control", "controls", "comparison", "ctrl", "c", "2", "0"),
}
_NUMBERS: Final = {
    "events": ("events", "event"),
    "total": ("total", "n", "size"),
    "mean": ("mean", "m"),
    "sd": ("sd",),
    "n": ("n", "total", "size"),
}
_FURTHER: Final = {  # metafor's and R meta's own
    "events_treated": ("ai",),
    "total_treated": ("n1i",),
    "events_control": ("ci",),
    "total_control": ("n2i",),
    "mean_treated": ("m1i",),
    "sd_treated": ("sd1i",),
    "n_treated": ("n1i",),
    "mean_control": ("m2i",),
    "sd_control": ("sd2i",),
    "n_control": ("n2i",),
    "effect": ("effect", "estimate", "yi", "te"),
    "se": ("se", "sei", "sete", "standarderror"),
    "ci_low": ("cilow", "cilb", "cilower", "lower", "low", "lowerci"),
    "ci_high": ("cihigh", "ciub", "ciupper", "upper", "high", "upperci"),
}


def named_columns(studies: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame | None:
    """The wanted columns of each study under our names, or None where one is missing. Order and index are kept.

    Raises:
        EvaluationError: `bad_study` when two columns could be the same one.
    """
    require_columns(studies, [])
    found = {name: _column(studies, name) for name in wanted}
    there = {name: column for name, column in found.items() if column is not None}
    if len(there) < len(wanted):
        return None
    return pd.DataFrame({name: studies[column] for name, column in there.items()}, index=studies.index)


def ask_for(measure: str, columns: Sequence[str], studies: pd.DataFrame) -> EvaluationError:
    """What a review needs, and what it was given instead."""
    own = "" if tuple(columns) == EFFECT else f"{', '.join(columns)}, or "
    scale = "logarithms for ratios"
    sentence = (
        f"each study of {measure} needs the columns {own}effect and se ({scale}), or effect, ci_low and ci_high "
        f"(as printed); there are {', '.join(map(str, studies.columns)) or 'no columns'}"
    )
    return EvaluationError("unknown_outcome", sentence)


def _column(studies: pd.DataFrame, wanted: str) -> str | None:
    if wanted in studies:
        return wanted
    names = set(_spellings(wanted))
    alike = [str(column) for column in studies.columns if _plain(column) in names]
    if len(alike) > 1:
        raise EvaluationError("bad_study", f"{wanted} may be any of {', '.join(alike)}: name one so")
    return alike[0] if alike else None


def _spellings(wanted: str) -> tuple[str, ...]:
    further = _FURTHER.get(wanted, ())
    if wanted in (*EFFECT, *INTERVAL):
        return further
    number, group = wanted.split("_")
    pairs = [(one, other) for one in _NUMBERS[number] for other in _GROUPS[group]]
    return (*further, *(a + b for a, b in pairs), *(b + a for a, b in pairs if len(b) > 1))


def _plain(column: object) -> str:
    """Lower case, letters and digits only."""
    return "".join(letter for letter in str(column).lower() if letter.isalnum())
