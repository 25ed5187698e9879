"""Parquet files, a batch at a time: what they claim about their size is not relied on."""

from pathlib import Path

import pyarrow.parquet as pq

from evaluation.formats.text import ROWS_AT_ONCE, Text, clean_name, table_batches


def read_parquet(path: Path) -> Text:
    """Open a Parquet file."""
    file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
    names = tuple(clean_name(name) for name in file.schema_arrow.names)
    return Text(names, table_batches(names, file.iter_batches(batch_size=ROWS_AT_ONCE)), {"format": "Parquet"})
