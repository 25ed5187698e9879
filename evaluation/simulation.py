"""Simulated register deliveries for a trial: people, spells and effects from declared margins (`margins.py`).

Used by the demonstration, by power and coverage simulations, by tests and by benchmarks. Nobody in it exists.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from evaluation.codes import measures as measure_list
from evaluation.latent import States, draw_states, shares_of
from evaluation.margins import ARMS, MEASURE_CODES, MONTHS, OFFICES, RECRUITMENT, SEKLAR, SIZES, ArmMargins
from evaluation.mixing import between

Frames = dict[str, pd.DataFrame]

DATA_TO: Final = "2020-12-31"
FULL_TIME_HOURS: Final = 37.5
MUNICIPALITIES: Final[Mapping[str, str]] = {"Hurum": "0628", "Røyken": "0627", "Rygge": "0136", "Moss": "0104"}
EDUCATION: Final = ((1, 2, 3), (4, 5, 6, 7))  # NUS levels without and with completed upper secondary
EDUCATION_SHARES: Final = ((0.1, 0.65, 0.25), (0.7, 0.1, 0.16, 0.04))


def simulate_seklar(
    participants: pd.DataFrame | None = None,
    *,
    seed: int,
    effect: float = 1.0,
    balanced: bool = False,
    data_to: str = DATA_TO,
) -> Frames:
    """Deliveries of a trial like SE-KLAR, one frame a register (EVALUATION: register deliveries).

    Args:
        participants: participant_number, office, arm (intervention, control), start_date of the trial at hand; None
            makes the 268 people of SE-KLAR.
        seed: of the generator; the same arguments give the same frames.
        effect: 1 gives the published means by arm, 0 a trial without any difference between the arms, in truth; what
            lies between is between.
        balanced: spread the hidden scores evenly within each arm, so that one trial comes close to the means of many.
        data_to: last day of the registers, ISO; nothing begins later, and what ends later is ongoing.

    Returns:
        participants, employment, benefits, measures, education, work_capacity, income. Dates are timestamps.
    """
    rng = np.random.default_rng(seed)
    people = _made_up(rng) if participants is None else participants.reset_index(drop=True)
    parts = [
        _arm(rng, people[people["arm"] == arm].reset_index(drop=True), between(SEKLAR, arm, effect), balanced)
        for arm in ARMS
    ]
    frames = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    return {name: _until(frame, pd.Timestamp(data_to)) for name, frame in frames.items()}


def write_deliveries(frames: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write each register as a CSV file such as its owner would send (semicolons, decimal comma, ISO dates)."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, frame in frames.items():
        paths.append(folder / f"{name}.csv")
        frame.to_csv(paths[-1], sep=";", decimal=",", index=False, date_format="%Y-%m-%d", encoding="utf-8")
    return paths


def _made_up(rng: np.random.Generator) -> pd.DataFrame:
    """The participants of SE-KLAR: 167 and 101 people, who came to four offices between 2013 and 2017."""
    n = sum(SIZES.values())
    days = (pd.Timestamp(RECRUITMENT[1]) - pd.Timestamp(RECRUITMENT[0])).days
    return pd.DataFrame(
        {
            "participant_number": [f"SIM-{number:04d}" for number in rng.permutation(10_000)[:n]],
            "office": rng.choice(OFFICES, n),
            "arm": rng.permutation(np.repeat(ARMS, list(SIZES.values()))),
            "start_date": pd.Timestamp(RECRUITMENT[0]) + _days(np.sort(rng.integers(0, days, n))),
        }
    )


def _arm(rng: np.random.Generator, people: pd.DataFrame, margins: ArmMargins, balanced: bool) -> Frames:
    states = draw_states(rng, len(people), shares_of(margins), margins.higher_education, balanced=balanced)
    capacity = _among(rng, len(people), margins.work_capacity, balanced)
    return {
        "participants": _baseline(rng, people, margins, balanced),
        "employment": _employment(rng, people, states, margins),
        "benefits": _benefits(rng, people, states),
        "measures": _measures(rng, people, states, margins),
        "education": _education(rng, people, states),
        "work_capacity": _work_capacity(rng, people, capacity),
        "income": _income(rng, people, margins, balanced),
    }


def _evenly(rng: np.random.Generator, n: int, balanced: bool) -> npt.NDArray[np.float64]:
    """Uniform numbers; spread evenly where balanced."""
    return (rng.permutation(n) + 0.5) / n if balanced else rng.random(n)


def _among(rng: np.random.Generator, n: int, shares: Mapping[str, float], balanced: bool) -> npt.NDArray[np.object_]:
    edges = np.cumsum(list(shares.values()))
    names = np.array(list(shares), dtype=object)
    return names[
        np.minimum(np.searchsorted(edges, _evenly(rng, n, balanced) * edges[-1], side="right"), len(names) - 1)
    ]


def _baseline(rng: np.random.Generator, people: pd.DataFrame, margins: ArmMargins, balanced: bool) -> pd.DataFrame:
    n = len(people)
    given = people[["participant_number", "office", "arm", "start_date"]].copy()
    mean, sd = margins.age
    age = np.clip(np.rint(mean + sd * ndtri(_evenly(rng, n, balanced))), 18, 62)
    given["sex"] = _among(rng, n, {"man": margins.men, "woman": 1 - margins.men}, balanced)
    given["birth_year"] = (pd.DatetimeIndex(given["start_date"]).year - age).astype(int)
    given["country_group"] = _among(rng, n, _country_groups(margins.born_in_norway), balanced)
    completed = _evenly(rng, n, balanced) < margins.completed_upper_secondary
    levels = [rng.choice(EDUCATION[done], n, p=EDUCATION_SHARES[done]) for done in (0, 1)]
    given["education_level"] = np.where(completed, levels[1], levels[0])
    given["married"] = (_evenly(rng, n, balanced) < margins.married).astype(int)
    given["has_children"] = (_evenly(rng, n, balanced) < margins.has_children).astype(int)
    given["municipality"] = given["office"].map(MUNICIPALITIES).fillna("0301")
    return given


def _country_groups(born_in_norway: float) -> dict[str, float]:
    """Landgruppe 0 is Norway; the others as immigrants in the four municipalities, roughly."""
    elsewhere = 1 - born_in_norway
    return {"0": born_in_norway, "1": 0.1 * elsewhere, "2": 0.3 * elsewhere, "3": 0.6 * elsewhere}


def _days(count: npt.NDArray[np.int64]) -> pd.TimedeltaIndex:
    return pd.TimedeltaIndex(count.astype("timedelta64[D]").astype("timedelta64[s]"))


def _spells(rng: np.random.Generator, people: pd.DataFrame, holds: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Runs of months as spells with days: each holds on the last day of exactly the months that it was made from.

    A run that reaches month 36 is ongoing; one that reaches back to month -36 began up to two years earlier.
    """
    edge = np.diff(np.pad(holds.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    person, begin = np.nonzero(edge == 1)
    _same, end = np.nonzero(edge == -1)
    first = pd.PeriodIndex(pd.DatetimeIndex(people["start_date"]), freq="M")[person] + MONTHS[0]
    earlier = np.where(begin == 0, rng.integers(0, 24, len(begin)), 0)
    start = pd.PeriodIndex(first + (begin - earlier), freq="M")
    after = pd.PeriodIndex(first + end, freq="M")
    day = rng.integers(0, start.days_in_month.to_numpy())
    tail = np.where(rng.random(len(end)) < 0.5, 0, rng.integers(0, after.days_in_month.to_numpy() - 1))
    stop = pd.Series(after.to_timestamp() - pd.Timedelta(days=1) + _days(tail))
    return pd.DataFrame(
        {
            "participant_number": people["participant_number"].to_numpy()[person],
            "start": start.to_timestamp() + _days(day),
            "end": stop.where(end < holds.shape[1]),
            "from_month": begin + MONTHS[0],
        }
    )


def _employment(rng: np.random.Generator, people: pd.DataFrame, states: States, margins: ArmMargins) -> pd.DataFrame:
    jobs = _spells(rng, people, states.employed)
    percent = rng.choice(list(margins.position_percent), len(jobs), p=list(margins.position_percent.values()))
    return jobs.drop(columns="from_month").assign(
        full_time_hours=FULL_TIME_HOURS,
        position_percent=percent,
        employer=[f"B{number:05d}" for number in rng.integers(0, 100_000, len(jobs))],
        kind="ordinaertArbeidsforhold",
    )


def _benefits(rng: np.random.Generator, people: pd.DataFrame, states: States) -> pd.DataFrame:
    found = [
        _spells(rng, people, states.benefit == place).drop(columns="from_month").assign(benefit=code, degree=100)
        for place, code in ((1, "AAP"), (2, "UFORE"))
    ]
    columns = ["participant_number", "benefit", "start", "end", "degree"]
    return pd.concat(found, ignore_index=True)[columns]


def _measures(rng: np.random.Generator, people: pd.DataFrame, states: States, margins: ArmMargins) -> pd.DataFrame:
    """Measures; before the start both arms used them as the control arm does afterwards."""
    spells = _spells(rng, people, states.measure)
    own, usual = (list(shares.measure_groups.values()) for shares in (margins, SEKLAR["control"]))
    before = (spells["from_month"] < 0).to_numpy()
    groups = np.array(list(margins.measure_groups), dtype=object)
    chosen = np.where(before, _drawn(rng, groups, usual, len(spells)), _drawn(rng, groups, own, len(spells)))
    picks = rng.integers(0, 6, len(spells))
    codes = [MEASURE_CODES[group][pick % len(MEASURE_CODES[group])] for group, pick in zip(chosen, picks, strict=True)]
    if unknown := set(codes) - set(measure_list()):
        raise ValueError(f"the simulation uses unknown codes: {sorted(unknown)}")
    return spells.assign(measure=codes)[["participant_number", "measure", "start", "end"]]


def _drawn(
    rng: np.random.Generator, names: npt.NDArray[np.object_], shares: list[float], n: int
) -> npt.NDArray[np.object_]:
    total = np.array(shares)
    return rng.choice(names, n, p=total / total.sum())


def _education(rng: np.random.Generator, people: pd.DataFrame, states: States) -> pd.DataFrame:
    spells = _spells(rng, people, states.studying)
    return spells.assign(nus_level=rng.choice([6, 6, 7], len(spells)))[
        ["participant_number", "nus_level", "start", "end"]
    ]


def _work_capacity(rng: np.random.Generator, people: pd.DataFrame, capacity: npt.NDArray[np.object_]) -> pd.DataFrame:
    """One decision a person, made in the two years before the start; a third of them end again a year or more after."""
    decided = capacity != ""
    began = pd.DatetimeIndex(people["start_date"])
    frame = pd.DataFrame({"participant_number": people["participant_number"], "group": capacity})
    frame["start"] = began - _days(rng.integers(20, 730, len(people)))
    ends = pd.Series(began + _days(rng.integers(400, 1300, len(people))))
    frame["end"] = ends.where(rng.random(len(people)) < 1 / 3)
    return frame[decided].reset_index(drop=True)


def _income(rng: np.random.Generator, people: pd.DataFrame, margins: ArmMargins, balanced: bool) -> pd.DataFrame:
    """Twelve equal months before the start; yearly income is gamma distributed with the declared mean and spread."""
    mean, sd = margins.income
    shape = (mean / sd) ** 2
    yearly = rng.gamma(shape, mean / shape, len(people))
    if balanced:
        yearly = yearly * mean / yearly.mean()
    first = pd.PeriodIndex(pd.DatetimeIndex(people["start_date"]), freq="M")
    month = pd.PeriodIndex(first.repeat(12) - np.tile(np.arange(1, 13), len(people)), freq="M").strftime("%Y-%m")
    return pd.DataFrame(
        {
            "participant_number": people["participant_number"].repeat(12).to_numpy(),
            "month": month,
            "amount": np.round(yearly / 12, 2).repeat(12),
        }
    )


def _until(frame: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Cut a register at its last day: what begins later is not in it, what ends later is ongoing."""
    if "start" not in frame:
        return frame
    kept = frame[frame["start"] <= last].reset_index(drop=True)
    return kept.assign(end=kept["end"].where(kept["end"] <= last))
