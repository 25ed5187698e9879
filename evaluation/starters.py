"""Who begins in a measure, and when: the sample of a comparison without a draw.

The rule is Proba's (2020, section 3.1): a person starts in the first of two consecutive months in the measure, if no
month of the six before was spent in any follow-up measure. Numbers of months and the measures of the wash-out are
arguments. The first start of a person counts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.codes import measures as measure_list
from evaluation.errors import EvaluationError
from evaluation.panel import RegisterMonths, Rule, Window, first_whole_month, last_whole_month, located, month_number

FOLLOW_UP: Final = "follow_up"
Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Starts:
    """The starters, and how many persons with a month in the measures are none, by reason.

    `people`: participant_number, arm, start_date (index date: the day in the index month on which the measure begins),
    index_month (period), observed_until (last day of the last whole month that the registers cover) and months_observed
    (whole months after the index month). One row a person, by number.

    `left_out`: `both_arms` start in both in the same month, `outside_window` started before or after it, `no_start`
    were never in a measure for long enough after being free of all for long enough.
    """

    people: pd.DataFrame
    left_out: Mapping[str, int]


def starts(
    measures: pd.DataFrame,
    *,
    arms: Mapping[str, Collection[str]],
    window: tuple[date, date],
    data_to: date,
    data_from: date | None = None,
    washout_codes: Collection[str] | None = None,
    washout: int = 6,
    consecutive: int = 2,
    on: Rule = "last_day",
) -> Starts:
    """Find the starters of each arm.

    Args:
        measures: spells with participant_number, measure (Arena code), start and end (empty: ongoing).
        arms: arm -> the codes of its measure.
        window: first and last day on which an index month may begin.
        data_to: last day that the register covers.
        data_from: first day that it covers; months before it are not known to be free. None: all are known.
        washout_codes: what a person must have been free of; every follow-up measure and the arms' own if left out.
        washout, consecutive: months free before, and in the measure from the start.
        on: a month counts as in the measure on its `last_day`, or on `any_day` of it.

    Raises:
        EvaluationError: `no_arms`, `unknown_code`, `no_window` when the window ends before it begins.
    """
    codes = _codes(arms, washout_codes)
    first, last = (month_number(pd.DatetimeIndex([day]))[0] for day in window)
    if last < first:
        raise EvaluationError("no_window", "the window ends before it begins")
    relevant = measures[measures["measure"].isin([code for group in codes.values() for code in group])]
    numbers = pd.Index(np.sort(relevant["participant_number"].unique()))
    width = last_whole_month(data_to) - (first - washout) + 1
    months = Window(numbers, np.full(len(numbers), first - washout), (0, max(width, 1) - 1), on)
    register = RegisterMonths(months, {"measures": located(relevant, months, "measures")})
    free = ~register.holds("measures", "measure", codes[""])
    if data_from is not None:
        free &= months.calendar >= first_whole_month(data_from)
    begins = {arm: _begins(register.holds("measures", "measure", codes[arm]), free, washout, consecutive)
              for arm in arms}  # fmt: skip
    return _chosen(relevant, months, begins, codes, (last - first + washout, data_to))


def _codes(arms: Mapping[str, Collection[str]], washout_codes: Collection[str] | None) -> dict[str, frozenset[str]]:
    """The codes of each arm, and under "" those that a person must be free of."""
    if not arms:
        raise EvaluationError("no_arms", "name at least one arm with its measures")
    own = {arm: frozenset(codes) for arm, codes in arms.items()}
    unknown = sorted(frozenset().union(*own.values()) - set(measure_list()))
    if unknown:
        raise EvaluationError("unknown_code", f"not in the list of measures: {', '.join(unknown)}")
    if washout_codes is None:
        follow_up = {code for code, measure in measure_list().items() if measure.group == FOLLOW_UP}
        return own | {"": frozenset(follow_up).union(*own.values())}
    return own | {"": frozenset(washout_codes)}


def _begins(inside: Truth, free: Truth, washout: int, consecutive: int) -> Truth:
    """Persons x months: whether a start lies in the month, from the column after the wash-out on."""
    width = inside.shape[1]
    found = np.zeros(inside.shape, dtype=bool)
    if width < washout + consecutive:
        return found
    stays = _all_of(inside, consecutive)[:, washout:]
    if washout:
        stays = stays & _all_of(free, washout)[:, : stays.shape[1]]
    found[:, washout : washout + stays.shape[1]] = stays
    return found


def _all_of(values: Truth, months: int) -> Truth:
    """Whether a month and those after it, `months` in all, are all true."""
    windows = np.lib.stride_tricks.sliding_window_view(values, months, axis=1)
    return np.asarray(windows.all(axis=2), dtype=bool)


def _chosen(
    measures: pd.DataFrame,
    months: Window,
    begins: Mapping[str, Truth],
    codes: Mapping[str, frozenset[str]],
    ends: tuple[int, date],
) -> Starts:
    last_column, data_to = ends
    arms = list(begins)
    when = np.stack([_first_column(begins[arm]) for arm in arms], axis=1)
    column = when.min(axis=1)
    never = column == np.iinfo(np.int64).max
    tied = ~never & ((when == column[:, None]).sum(axis=1) > 1)
    late = ~never & ~tied & (column > last_column)
    kept = np.flatnonzero(~never & ~tied & ~late)
    people = pd.DataFrame(
        {
            "participant_number": months.numbers[kept],
            "arm": np.array(arms, dtype=object)[when[kept].argmin(axis=1)],
            "index_month": months.first[kept] + column[kept],
        }
    )
    counts = {"both_arms": int(tied.sum()), "outside_window": int(late.sum()), "no_start": int(never.sum())}
    return Starts(_dated(people, measures, codes, data_to), counts)


def _first_column(begins: Truth) -> npt.NDArray[np.int64]:
    return np.where(begins.any(axis=1), begins.argmax(axis=1), np.iinfo(np.int64).max)


def _dated(
    people: pd.DataFrame, measures: pd.DataFrame, codes: Mapping[str, frozenset[str]], data_to: date
) -> pd.DataFrame:
    """The index date of each starter: the earliest day of the index month on which a spell of the arm begins.

    A spell may have begun before the month and not been in force on its last day (`any_day`): then it is the first.
    """
    arm_of = {code: arm for arm, own in codes.items() if arm for code in own}
    spells = measures.assign(arm=measures["measure"].map(arm_of), begins=pd.to_datetime(measures["start"]))
    spells["index_month"] = month_number(pd.DatetimeIndex(spells["begins"]))
    keys = ["participant_number", "arm", "index_month"]
    days = spells.groupby(keys, as_index=False)["begins"].min()
    found = people.merge(days, on=keys, how="left")
    until = pd.Period(data_to, "M") - (0 if pd.Timestamp(data_to).is_month_end else 1)
    month = pd.PeriodIndex.from_ordinals(found["index_month"].to_numpy() - 1970 * 12, freq="M")  # type: ignore[attr-defined]
    return pd.DataFrame(
        {
            "participant_number": found["participant_number"],
            "arm": found["arm"],
            "start_date": found["begins"].fillna(pd.Series(month.start_time, index=found.index)),
            "index_month": month,
            "observed_until": until.end_time.normalize(),
            "months_observed": until.ordinal - month.asi8,
        }
    )
