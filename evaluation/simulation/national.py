"""A trial of a million people and more, as the other simulated trials are, written piece by piece.

The people live like those of SE-KLAR in about 300 offices of different sizes; what changes is their number. Memory does
not grow with it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.simulation import margins
from evaluation.simulation.money import unemployment
from evaluation.simulation.seklar import CHUNK, Frames, simulate_seklar
from evaluation.simulation.spells import calendar_of

OFFICES: Final = 300
OFFICE_NUMBERS: Final = tuple(f"{number:04d}" for number in range(100, 100 + OFFICES))
FIRST_START: Final = np.datetime64("2014-01-01")
START_DAYS: Final = 3 * 365
DATA_TO: Final = "2019-12-31"
SIZES: Final = 0.8  # standard deviation of the logarithm of an office's size


def write_national(
    folder: Path | str,
    *,
    persons: int = 1_000_000,
    seed: int,
    effect: float = 1.0,
    with_income: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Path]:
    """Write the deliveries of a randomised trial of `persons` people as Parquet files.

    Args:
        persons: how many; half of them are in each arm, within office.
        seed: the same arguments give the same files.
        effect: as `simulate_seklar`.
        with_income: also the income register, which has a row a person and month.
        progress: called as progress(persons done, persons).

    Returns:
        register -> file: participants, employment, benefits, measures, education, work_capacity and unemployment.

    Raises:
        ValueError: no persons.
    """
    if persons < 1:
        raise ValueError("there are no participants")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = _Files(folder)
    seeds = np.random.SeedSequence(seed).spawn(-(-persons // CHUNK) + 1)
    sizes = np.random.default_rng(seeds[0]).lognormal(0, SIZES, OFFICES)
    try:
        for turn, begin in enumerate(range(0, persons, CHUNK), start=1):
            end = min(begin + CHUNK, persons)
            rng = np.random.default_rng(seeds[turn])
            people = _people(rng, begin, end, sizes / sizes.sum())
            frames = simulate_seklar(people, seed=int(rng.integers(2**32)), effect=effect, data_to=DATA_TO)
            frames["unemployment"] = frames["unemployment"][:0] if begin else _rates(rng, people)
            files.write({name: frame for name, frame in frames.items() if with_income or name != "income"})
            if progress:
                progress(end, persons)
    finally:
        files.close()
    return files.paths


def _people(rng: np.random.Generator, begin: int, end: int, sizes: np.ndarray) -> pd.DataFrame:
    """Numbers, offices, arms one to one and starts spread over three years."""
    n = end - begin
    office = rng.choice(OFFICES, n, p=sizes)
    # Within an office every other person in random order: the arms differ by one at most.
    order = np.lexsort((rng.random(n), office))
    arm = np.empty(n, dtype=np.int64)
    arm[order] = np.arange(n) % 2
    start = FIRST_START + rng.integers(0, START_DAYS, n)
    return pd.DataFrame(
        {
            "participant_number": [f"N{number:08d}" for number in range(begin, end)],
            "office": np.array(OFFICE_NUMBERS)[office],
            "arm": np.array(margins.ARMS)[arm],
            "start_date": start.astype("datetime64[s]"),
        }
    )


def _rates(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The unemployment of every municipality, from three years before the first start to the end of the registers."""
    earliest = people.assign(start_date=FIRST_START.astype("datetime64[s]"))[:1]
    calendar = calendar_of(earliest, np.datetime64(DATA_TO, "M"))
    return unemployment(rng, list(OFFICE_NUMBERS), calendar)  # each office is its own municipality


class _Files:
    """A Parquet file a register, to which frames are added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: dict[str, Path] = {}
        self.writers: dict[str, pq.ParquetWriter] = {}

    def write(self, frames: Frames) -> None:
        for register, frame in frames.items():
            schema = self.writers[register].schema if register in self.writers else None
            table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
            if schema is None:
                self.paths[register] = self.folder / f"{register}.parquet"
                self.writers[register] = pq.ParquetWriter(self.paths[register], table.schema, compression="zstd")
            self.writers[register].write_table(table)

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()
