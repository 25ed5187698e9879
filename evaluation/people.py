"""What each person was like at the start: the variables of the baseline table, from participants and registers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd

from evaluation.codes import WORK_CAPACITY
from evaluation.given import as_numbers
from evaluation.panel import first_whole_month, last_whole_month, month_number

BORN_IN_NORWAY = 0  # landgruppe 0
COMPLETED_UPPER_SECONDARY = 4  # NUS2000: "Videregående, avsluttende utdanning" and above
NUS_UNKNOWN = 9
YEAR_BEFORE = (-12, -1)


def baseline_people(
    participants: pd.DataFrame,
    panel: pd.DataFrame,
    registers: Mapping[str, pd.DataFrame],
    *,
    further: Sequence[str] = (),
    data_from: date | str | None = None,
    data_to: date | str | None = None,
    uncovered: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> pd.DataFrame:
    """One row a person with every baseline variable that the data can give.

    Args:
        participants: participant_number, office, arm, start_date and the delivered baseline columns.
        panel: `person_months` of the same persons, with month 0.
        registers: the spells; `work_capacity` and `income` are used.
        further: delivered columns of numbers to take along as they are, where they are no known variable.
        data_from, data_to: the first and last day that the registers cover. What lies outside is missing, never 0.
        uncovered: register -> numbers of those whom it was not asked about: no row of theirs says nothing.

    Returns:
        participant_number, office, arm and, where their source is there: age (years, calendar year of the start less
        year of birth), men, born_in_norway, married, has_children, completed_upper_secondary (shares),
        employed_at_start, aap_at_start (shares, month 0), hours_at_start (hours a week), income_at_start (NOK in the
        twelve months before the start), work_capacity_<group> and work_capacity_unknown (shares, month 0).

    Raises:
        EvaluationError: `not_a_number` for a further column with something else in it.
    """
    people = participants[["participant_number", "office", "arm"]].reset_index(drop=True)
    frames = [people, _of_persons(participants), _of_panel(people, panel)]
    first = first_whole_month(pd.Timestamp(data_from)) if data_from else -np.inf
    last = last_whole_month(pd.Timestamp(data_to)) if data_to else np.inf
    start = month_number(pd.DatetimeIndex(participants["start_date"]))
    for register, of_register, months in (("income", _income, YEAR_BEFORE), ("work_capacity", _capacity, (0, 0))):
        if register in registers:
            asked = ~people["participant_number"].isin(list(uncovered.get(register, ()))).to_numpy()
            covered = asked & (start + months[0] >= first) & (start + months[1] <= last)
            frames.append(of_register(participants, registers[register]))
            frames[-1].loc[~covered] = np.nan
    known = pd.concat(frames, axis=1)
    delivered = [as_numbers(participants[name]) for name in further if name not in known and name in participants]
    return pd.concat([known, *(column.reset_index(drop=True) for column in delivered)], axis=1)


def _of_persons(participants: pd.DataFrame) -> pd.DataFrame:
    given = participants.reset_index(drop=True)
    found = pd.DataFrame(index=given.index)
    if "birth_year" in given:
        found["age"] = pd.DatetimeIndex(given["start_date"]).year - given["birth_year"].astype(float)
    if "sex" in given:
        found["men"] = _share(given["sex"] == "man", given["sex"])
    if "country_group" in given:
        found["born_in_norway"] = _share(given["country_group"].astype(float) == BORN_IN_NORWAY, given["country_group"])
    for name in ("married", "has_children"):
        if name in given:
            found[name] = given[name].astype(float)
    if "education_level" in given:
        level = given["education_level"].astype(float)
        found["completed_upper_secondary"] = _share(level.between(COMPLETED_UPPER_SECONDARY, NUS_UNKNOWN - 1), level)
    return found


def _share(holds: pd.Series, known: pd.Series) -> pd.Series:
    return holds.astype(float).where(known.notna())


def _of_panel(people: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    start = panel[panel["month"] == 0].set_index("participant_number").reindex(people["participant_number"])
    names = {"employed": "employed_at_start", "hours": "hours_at_start", "aap": "aap_at_start"}
    known = {new: start[old].to_numpy() for old, new in names.items() if old in start}
    return pd.DataFrame(known, index=people.index)


def _income(participants: pd.DataFrame, income: pd.DataFrame) -> pd.DataFrame:
    """Income of the twelve calendar months before month 0; a person without any row has none, which is zero."""
    first = pd.PeriodIndex(pd.DatetimeIndex(participants["start_date"]), freq="M")
    starts = pd.Series(first, index=pd.Index(participants["participant_number"]))
    month = pd.PeriodIndex(pd.DatetimeIndex(income["month"]), freq="M")
    start = pd.PeriodIndex(income["participant_number"].map(starts), freq="M")
    before = np.asarray((month >= start - 12) & (month < start))
    sums = income[before].groupby("participant_number")["amount"].sum()
    return pd.DataFrame({"income_at_start": sums.reindex(participants["participant_number"]).fillna(0).to_numpy()})


def _capacity(participants: pd.DataFrame, spells: pd.DataFrame) -> pd.DataFrame:
    """The group in force on the last day of month 0; the latest decision where two overlap."""
    day = pd.DatetimeIndex(participants["start_date"]) + pd.offsets.MonthEnd(0)
    days = pd.Series(day.to_numpy(), index=pd.Index(participants["participant_number"]))
    on = spells["participant_number"].map(days)
    in_force = spells[(spells["start"] <= on) & (spells["end"].isna() | (spells["end"] >= on))]
    latest = in_force.sort_values("start").groupby("participant_number")["group"].last()
    group = latest.reindex(participants["participant_number"]).map(dict(WORK_CAPACITY)).fillna("unknown")
    names = (*dict.fromkeys(WORK_CAPACITY.values()), "unknown")
    return pd.DataFrame({f"work_capacity_{name}": (group == name).astype(float).to_numpy() for name in names})
