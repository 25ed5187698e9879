"""Parquet files, a batch at a time: what they claim about their size is not relied on."""

from pathlib import Path

import pyarrow.parquet as pq

from evaluation.formats.text import ROWS_AT_ONCE, Text, clean_name, refuse_identities, table_batches


def read_parquet(path: Path) -> Text:
    """Open a Parquet file.

    Raises:
        EvaluationError: `national_id` when one stands in what its writer noted of it.
    """
    file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
    refuse_identities(_notes(file))
    names = tuple(clean_name(name) for name in file.schema_arrow.names)
    return Text(names, table_batches(names, file.iter_batches(batch_size=ROWS_AT_ONCE)), {"format": "Parquet"})


def _notes(file: pq.ParquetFile) -> list[str]:
    """What the writer said of the file and its columns."""
    schema = file.schema_arrow
    told = [schema.metadata, *(field.metadata for field in schema)]
    return [text.decode("utf-8", errors="replace") for notes in told for pair in (notes or {}).items() for text in pair]
