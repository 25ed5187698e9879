"""Employment as Aa-registeret delivers it: JSON with one `arbeidsforhold` (version 2) after the other.

Each period of reported details becomes one row of the register `employment`: within a job, hours and position change
from month to month. The person is named by the participant number that the linkage put in the place of the identity
number. `antallTimerPrUke` are the hours that a full position means, as the column `full_time_hours` wants them.

Source: field names of Aareg's /api/v2/arbeidstaker/arbeidsforhold.
"""

import codecs
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from evaluation.errors import EvaluationError
from evaluation.formats.delimited import marked_wide
from evaluation.formats.text import LINE, ROWS_AT_ONCE, WIDTH, Text
from evaluation.national_id import find_national_ids

NAMES: Final = (
    "participant_number", "start", "end", "full_time_hours", "position_percent", "employer", "kind",
)  # fmt: skip
MOST_OBJECT_BYTES: Final = 16 << 20
SCAN_BYTES: Final = 1 << 20
OVERLAP_BYTES: Final = 96  # an identity number is shorter, also where JSON writes its digits as codes
ESCAPED_DIGIT: Final = re.compile(rb"\\u003([0-9])")

_IDENTS: Final = "STRUCT(ident VARCHAR, type VARCHAR, gjeldende BOOLEAN)[]"
_COLUMNS: Final = {
    "participant_number": "VARCHAR",
    "deltakernummer": "VARCHAR",
    "arbeidstaker": f"STRUCT(identer {_IDENTS})",
    "arbeidssted": f"STRUCT(identer {_IDENTS})",
    "type": "STRUCT(kode VARCHAR)",
    "ansettelsesperiode": "STRUCT(startdato VARCHAR, sluttdato VARCHAR)",
    "ansettelsesdetaljer": "STRUCT("
    "antallTimerPrUke VARCHAR, avtaltStillingsprosent VARCHAR, "
    "rapporteringsmaaneder STRUCT(fra VARCHAR, til VARCHAR))[]",
}

# A period of details lies within the job: from the later of both starts to the earlier of both ends.
_ROWS: Final = """
WITH jobs AS (SELECT row_number() OVER () AS line, * FROM read_json(?, columns = {columns}, records = true,
                     maximum_object_size = {most}, ignore_errors = false)),
periods AS (
  SELECT line,
    coalesce(participant_number, deltakernummer, list_filter(arbeidstaker.identer, x -> x.gjeldende)[1].ident,
             arbeidstaker.identer[1].ident) AS participant_number,
    ansettelsesperiode.startdato AS job_start, ansettelsesperiode.sluttdato AS job_end,
    arbeidssted.identer[1].ident AS employer, type.kode AS kind,
    unnest(CASE WHEN len(ansettelsesdetaljer) > 0 THEN ansettelsesdetaljer ELSE [NULL] END) AS details
  FROM jobs),
months AS (
  SELECT *, details.rapporteringsmaaneder.fra || '-01' AS first_day,
    CAST(last_day(try_cast(details.rapporteringsmaaneder.til || '-01' AS DATE)) AS VARCHAR) AS last_day
  FROM periods)
SELECT participant_number,
  CASE WHEN first_day > job_start THEN first_day ELSE job_start END AS "start",
  CASE WHEN job_end IS NULL OR last_day < job_end THEN last_day ELSE job_end END AS "end",
  details.antallTimerPrUke AS full_time_hours, details.avtaltStillingsprosent AS position_percent,
  employer, kind, line AS "{line}", TRUE AS "{width}"
FROM months
"""


def read_aareg(path: Path) -> Text:
    """Open a file of `arbeidsforhold`: a JSON array, or one object a line. A row's line is the number of its job.

    Raises:
        EvaluationError: `national_id` when one stands anywhere in the file, also in a field that is not read;
            `unreadable` when it is no such JSON, `unknown_encoding` when it is not UTF-8.
    """
    if marked_wide(path):
        raise EvaluationError("unknown_encoding", "JSON is UTF-8")
    _refuse_national_ids(path)
    return Text(NAMES, _batches(path), {"format": "Aareg v2 (JSON)"})


def _refuse_national_ids(path: Path) -> None:
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(SCAN_BYTES):
            plain = ESCAPED_DIGIT.sub(rb"\1", before + chunk)
            if find_national_ids(plain.decode("utf-8", errors="ignore")):
                raise EvaluationError("national_id", "the file holds a national identity number")
            before = chunk[-OVERLAP_BYTES:]


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in _COLUMNS.items()) + "}"
    query = _ROWS.format(columns=columns, most=MOST_OBJECT_BYTES, line=LINE, width=WIDTH)
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{scratch}'; SET memory_limit = '512MB'; SET threads = 2")
        connection.execute("SET enable_progress_bar = false")
        try:
            for batch in connection.execute(query, [str(_unmarked(path, Path(scratch)))]).to_arrow_reader(ROWS_AT_ONCE):
                if batch.num_rows and batch.column(0).null_count == batch.num_rows:
                    raise EvaluationError("unreadable", "the JSON holds no arbeidsforhold with a number")
                yield batch
        except duckdb.Error as error:
            raise EvaluationError("unreadable", "the file is no JSON of arbeidsforhold") from error


def _unmarked(path: Path, scratch: Path) -> Path:
    """The file without the mark that some programs put before UTF-8, which JSON does not know."""
    with path.open("rb") as file:
        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            return path
        copy = scratch / "unmarked.json"
        with copy.open("wb") as target:
            shutil.copyfileobj(file, target, SCAN_BYTES)
    return copy
