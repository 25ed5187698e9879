"""The panel of more people than fit in memory: made a part at a time, from files to a file.

People do not meet in a panel, so parts of them can be made one after the other, or on several machines; what is written
is what `person_months` gives, with states as small whole numbers.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.errors import EvaluationError
from evaluation.labels import UNITS
from evaluation.outcomes import OUTCOMES
from evaluation.panel import person_months

SPELLS: Final = ("employment", "benefits", "measures", "education", "work_capacity")
PERSONS_AT_ONCE: Final = 20_000
MEMORY: Final = "500MB"


def write_person_months(
    deliveries: Mapping[str, Path],
    out: Path,
    *,
    persons_at_once: int = PERSONS_AT_ONCE,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> int:
    """Make the panel of Parquet deliveries and write it to one Parquet file.

    Args:
        deliveries: register -> Parquet file; `participants`, any of the registers of spells, and `unemployment`.
        out: the file to write: participant_number, office, arm, month, calendar_month (year x 12 + month - 1), then the
            outcomes: states as int8, hours and rates as float64, missing where not known. By person, then month.
        progress: called as progress(persons done, persons).
        options: of `person_months` (months, on, data_to, data_from, min_hours, exclude_in_measure).

    Returns:
        The number of rows.

    Raises:
        EvaluationError: `missing_register` without participants, and what `person_months` raises.
    """
    if "participants" not in deliveries:
        raise EvaluationError("missing_register", "the delivery of participants is missing")
    with duckdb.connect(config={"memory_limit": MEMORY, "threads": 2}) as connection:
        connection.execute("SET enable_progress_bar = false")
        source = _Source(connection, deliveries)
        rates = pd.read_parquet(deliveries["unemployment"]) if "unemployment" in deliveries else None
        writer, rows = None, 0
        try:
            for begin in range(0, source.persons, persons_at_once):
                frames = source.part(begin, begin + persons_at_once)
                table = _as_table(person_months(**frames, unemployment=rates, **options), frames["participants"])
                writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
                writer.write_table(table)
                rows += table.num_rows
                if progress:
                    progress(min(begin + persons_at_once, source.persons), source.persons)
        finally:
            if writer:
                writer.close()
    return rows


class _Source:
    """The deliveries, of which a range of persons can be taken out."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, deliveries: Mapping[str, Path]) -> None:
        self.connection = connection
        self.spells = {name: deliveries[name] for name in SPELLS if name in deliveries}
        self.people = pd.read_parquet(deliveries["participants"]).drop_duplicates()
        if self.people["participant_number"].duplicated().any():
            raise EvaluationError("duplicate_participant", "a participant number occurs twice in participants")

    @property
    def persons(self) -> int:
        return len(self.people)

    def part(self, begin: int, end: int) -> dict[str, Any]:
        people = self.people[begin:end].reset_index(drop=True)
        self.connection.register("part", people[["participant_number"]])
        frames: dict[str, Any] = {
            name: self.connection.execute(
                "SELECT * FROM read_parquet(?) SEMI JOIN part USING (participant_number)", [str(path)]
            ).df()
            for name, path in self.spells.items()
        }
        self.connection.unregister("part")
        return {"participants": people} | frames


def _as_table(panel: pd.DataFrame, people: pd.DataFrame) -> pa.Table:
    """A part of the panel as it is stored: a state takes one byte instead of eight, and a name is said once."""
    person = np.arange(len(people), dtype=np.int32).repeat(len(panel) // len(people))
    columns: dict[str, Any] = {
        name: pa.DictionaryArray.from_arrays(person, pa.array(people[name].astype("str")))
        for name in ("participant_number", "office", "arm")
    }
    columns["month"] = pa.array(panel["month"].to_numpy(), pa.int16())
    columns["calendar_month"] = pa.array(panel["calendar_month"].array.asi8 + 1970 * 12, pa.int32())
    for name in panel.columns[5:]:
        values = panel[name].to_numpy()
        missing = np.isnan(values)
        mask = missing if missing.any() else None
        if name in OUTCOMES and name not in UNITS:
            known = values if mask is None else np.where(missing, 0, values)
            columns[name] = pa.array(known.astype(np.int8), mask=mask)
        else:
            columns[name] = pa.array(values, mask=mask)
    return pa.table(columns)
