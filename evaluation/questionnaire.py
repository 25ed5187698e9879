"""The instruments of the questionnaire study, scored by their rules from the `survey` delivery.

Johansen and Schönfelder (2021), chapter 4: work ability 0 to 10; return-to-work self-efficacy, three items 1 to 10,
the mean; expected time to work, eight options, and "do not know", which is no number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation.errors import EvaluationError
from evaluation.shares import require_columns

DO_NOT_KNOW: Final = "do_not_know"
WAVES: Final[Mapping[str, int]] = {"T1": 0, "T2": 3, "T3": 12, "T4": 18}
"""Wave -> months after the start."""


@dataclass(frozen=True)
class Instrument:
    """`items`: how many there are; answers are whole numbers from `low` to `high`. The score is the mean of the items,
    when at least `answered` of them were."""

    items: int
    low: int
    high: int
    answered: int


INSTRUMENTS: Final[Mapping[str, Instrument]] = {
    "work_ability": Instrument(1, 0, 10, 1),
    "return_to_work_self_efficacy": Instrument(3, 1, 10, 2),
    "expected_time_to_work": Instrument(1, 1, 8, 1),
}
# Limits of small, medium and large effects: Cohen (1988), as the study words them.
BANDS: Final[Mapping[str, tuple[float, ...]]] = {
    "partial_eta_squared": (0.01, 0.06, 0.14),
    "pearson_r": (0.1, 0.3, 0.5),
    "cohens_d": (0.2, 0.5, 0.8),
}
SIZES: Final = ("negligible", "small", "medium", "large")


def survey_scores(survey: pd.DataFrame) -> pd.DataFrame:
    """The score of each instrument, by person and wave.

    Args:
        survey: participant_number, wave, instrument, item, value (text or number; empty where not answered).

    Returns:
        participant_number, wave, one column an instrument (missing where too few items were answered, or where the
        answer was "do not know"). Only persons and waves with some answer are there.

    Raises:
        EvaluationError: `unknown_instrument`; `unknown_wave`; `missing_value` where a row does not say whose answer it
            is, of which wave or instrument; `duplicate_measurement` where an item was answered
            twice; `bad_answer` naming instrument, item and value, where a value is none of the instrument's.
    """
    require_columns(survey, ["participant_number", "wave", "instrument", "item", "value"])
    for column, known, code in (("instrument", INSTRUMENTS, "unknown_instrument"), ("wave", WAVES, "unknown_wave")):
        strange = set(survey[column].dropna()) - set(known)
        if strange:
            raise EvaluationError(code, f"no {column} is called {min(strange, key=str)}")
    for column in ("participant_number", "wave", "instrument"):
        if survey[column].isna().any():
            raise EvaluationError("missing_value", f"{int(survey[column].isna().sum())} answers have no {column}")
    if survey.duplicated(["participant_number", "wave", "instrument", "item"]).any():
        raise EvaluationError("duplicate_measurement", "an item was answered twice by the same person in a wave")
    answers = survey.assign(number=_numbers(survey))
    grouped = answers.groupby(["participant_number", "wave", "instrument"], observed=True)["number"]
    counts, means = grouped.count(), grouped.mean()
    needed = counts.index.get_level_values("instrument").map(lambda name: INSTRUMENTS[name].answered)
    scores = means.where(counts >= np.asarray(needed, dtype=float)).unstack("instrument")
    return scores.reindex(columns=list(INSTRUMENTS)).reset_index().rename_axis(columns=None)


def _numbers(survey: pd.DataFrame) -> "pd.Series[float]":
    """The answers as numbers, missing where there is none or it is "do not know"."""
    words = survey["value"].astype("string").str.strip()
    told = words.notna() & (words != "") & (words != DO_NOT_KNOW)
    numbers = pd.to_numeric(words.where(told), errors="coerce").astype(float)
    bounds = survey["instrument"].map(INSTRUMENTS)
    low, high = (bounds.map(lambda one, name=name: getattr(one, name)).astype(float) for name in ("low", "high"))
    wrong = told & ~(numbers.between(low, high) & (numbers % 1 == 0))
    if wrong.any():
        row = survey[wrong].iloc[0]
        raise EvaluationError("bad_answer", f"{row['instrument']}, {row['item']}: {row['value']!r} is no answer")
    return numbers


def response_rates(survey: pd.DataFrame, participants: pd.DataFrame, *, by: str = "arm") -> pd.DataFrame:
    """How many answered in each wave.

    Args:
        survey: as `survey_scores`.
        participants: participant_number and `by`; everybody who was to be asked.

    Returns:
        wave, <by>, asked, answered (at least one item), share.
    """
    require_columns(participants, ["participant_number", by])
    answered = survey[survey["value"].notna() & (survey["value"].astype("string").str.strip() != "")]
    rows: list[dict[str, Any]] = []
    for wave in WAVES:
        who = set(answered.loc[answered["wave"] == wave, "participant_number"])
        for group, part in participants.groupby(by, sort=True, observed=True):
            count = int(part["participant_number"].isin(who).sum())
            rows.append({"wave": wave, by: group, "asked": len(part), "answered": count, "share": count / len(part)})
    return pd.DataFrame(rows)


def size_of(value: float, measure: str) -> str:
    """The word for an effect size: negligible, small, medium or large.

    Args:
        measure: partial_eta_squared, pearson_r or cohens_d.

    Raises:
        EvaluationError: `unknown_measure`, `not_a_number`.
    """
    if measure not in list(BANDS):
        raise EvaluationError("unknown_measure", f"measure is one of {', '.join(BANDS)}")
    if np.isnan(value):
        raise EvaluationError("not_a_number", f"there is no {measure} to name the size of")
    return SIZES[int(np.searchsorted(BANDS[measure], abs(value), side="right"))]
