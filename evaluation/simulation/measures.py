"""Arena's codes of measures by kind and the years in which stays could begin under them."""

from typing import Any, Final

import numpy as np

from evaluation.simulation.latent import Groups
from evaluation.simulation.margins import KINDS
from evaluation.simulation.spells import Days

REFORM = "2016-01-01"  # the regulation on measures of 11 December 2015
PRACTICE_ENDS = "2017-01-01"  # work training takes over from work practice, and AFT from the sheltered practice
ALWAYS = ("1900-01-01", "2100-01-01")
UNTIL_REFORM, SINCE_REFORM = (ALWAYS[0], REFORM), (REFORM, ALWAYS[1])
UNTIL_2017, SINCE_2017 = (ALWAYS[0], PRACTICE_ENDS), (PRACTICE_ENDS, ALWAYS[1])

CODES: Final[dict[str, tuple[tuple[str, float, tuple[str, str]], ...]]] = {
    "clarification": (("AVKLARAG", 0.8, ALWAYS), ("AVKLARSV", 0.2, UNTIL_REFORM)),
    "training": (
        ("GRUPPEAMO", 0.55, ALWAYS),
        ("ENKELAMO", 0.25, ALWAYS),
        ("UTDYRK", 0.2, UNTIL_REFORM),
        ("ENKFAGYRKE", 0.2, SINCE_REFORM),
    ),
    "work_practice": (("PRAKSORD", 0.85, UNTIL_2017), ("PRAKSKJERM", 0.15, UNTIL_2017), ("ARBTREN", 1.0, SINCE_2017)),
    "follow_up": (
        ("INDOPPFAG", 0.7, ALWAYS),
        ("JOBBK", 0.15, ALWAYS),
        ("ABOPPF", 0.15, UNTIL_REFORM),
        ("MENTOR", 0.05, SINCE_REFORM),
        ("UTVAOONAV", 0.15, SINCE_2017),
    ),
    "wage_subsidy": (
        ("LONNTIL", 0.7, UNTIL_REFORM),
        ("TIDSUBLONN", 0.3, UNTIL_REFORM),
        ("MIDLONTIL", 0.8, SINCE_REFORM),
        ("VARLONTIL", 0.2, SINCE_REFORM),
    ),
    "other_measure": (
        ("ARBRRHBAG", 0.6, UNTIL_REFORM),
        ("ARBRRHDAG", 0.6, SINCE_REFORM),
        ("TILPERBED", 0.3, UNTIL_2017),
        ("INKLUTILS", 0.3, SINCE_2017),
        ("FUNKSJASS", 0.1, ALWAYS),
    ),
    "sheltered_work": (
        ("AMBF2", 0.4, UNTIL_2017),
        ("ARBFORB", 0.5, SINCE_2017),
        ("VASV", 0.35, ALWAYS),
        ("VATIAROR", 0.15, ALWAYS),
    ),
}
"""Kind -> (code, weight among those that can begin, first day and the day after the last on which stays can begin)."""


def codes_of(rng: np.random.Generator, kind: Groups, start: Days) -> Any:
    """A code for each stay: of its kind (index of `margins.KINDS`), and one that was in use when it began."""
    chosen = np.empty(len(kind), dtype=object)
    places = rng.random(len(kind))
    for index, name in enumerate(KINDS):
        members = np.flatnonzero(kind == index)
        days = start[members][:, None]
        codes, weight, years = (list(column) for column in zip(*CODES[name], strict=True))
        first, after = np.array(years, dtype="datetime64[D]").T
        weights = np.where((days >= first) & (days < after), weight, 0.0)
        sums = np.cumsum(weights, axis=1)
        pick = (places[members][:, None] * sums[:, -1:] >= sums).sum(axis=1)
        chosen[members] = np.array(codes, dtype=object)[pick]
    return chosen
