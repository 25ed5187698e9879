"""How few persons of an arm stand behind a row: it decides what may leave, and never leaves itself."""

from collections.abc import Sequence

import pandas as pd


def fewest_known(people: pd.DataFrame, outcomes: Sequence[str]) -> list[int]:
    """For each outcome, of how few persons of an arm it is known."""
    counts = people.groupby("arm", observed=True)[list(outcomes)].count().min()
    return [int(counts[name]) for name in outcomes]


def fewest_of_levels(people: pd.DataFrame, outcomes: Sequence[str], subgroups: Sequence[str]) -> list[int]:
    """The same among those without and with each mark, in the order of `subgroup_effects`."""
    arms = people["arm"].unique()
    return [
        min(int((people[outcome].notna() & (people[mark] == level) & (people["arm"] == arm)).sum()) for arm in arms)
        for mark in subgroups
        for outcome in outcomes
        for level in (0, 1)
    ]
