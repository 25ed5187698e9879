"""People whom one would find again anywhere: canaries. Their names and numbers are looked for in what leaves the house.

All names hold one word that stands nowhere else, all national ids begin with one of few days, so that a few short
needles find every one of them, also as hex or UTF-16, and inside base64, archives, PDF and Parquet.
"""

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import pyarrow.parquet as parquet
import pypdfium2

from evaluation.national_id import synthetic_national_id
from trial.identity.models import Person

WORD = "Kanarifuglqx"
FIRST_DAY = date(1980, 5, 17)
A_DAY = 300  # people born on one day
DEEPEST = 4  # archives within archives
BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}")
DIGITS = re.compile(rb"(?<!\d)\d{6}[ .\-]?\d{5}(?!\d)")


@dataclass
class Canaries:
    """The people let out so far; `next` lets another one out."""

    let_out: list[Person] = field(default_factory=list)

    def next(self, serial: int | None = None) -> Person:
        """Stands in for `factories.synthetic_person`."""
        place = len(self.let_out) if serial is None else serial
        born = FIRST_DAY + timedelta(days=place // A_DAY)
        letters = "".join(chr(ord("a") + int(digit)) for digit in f"{place:04}")
        person = Person(
            name=f"{WORD} Øvre-{letters.title()}",
            national_id=synthetic_national_id(born, place % A_DAY),
            contact=f"{WORD.lower()}-{letters}@fugl.example",
        )
        self.let_out.append(person)
        return person

    @cached_property
    def _encoded(self) -> re.Pattern[bytes]:
        """The word and the days in every form but the plain one, which are looked for as they are."""
        days = {person.national_id[:6] for person in self.let_out}
        needles = {form for text in (WORD, WORD.lower(), *days) for form in _forms(text)}
        return re.compile(b"|".join(sorted(map(re.escape, needles))))

    def found_in(self, content: bytes | str, where: str, *, unwrapped: int = 0) -> list[str]:
        """One line for each way in which somebody shows in a content, or in what is packed within it."""
        data = content.encode() if isinstance(content, str) else bytes(content)
        numbers = {person.national_id.encode() for person in self.let_out}
        hits = [f"{where}: a name"] if WORD.lower().encode() in data.lower() else []
        if any(re.sub(rb"\D", b"", found) in numbers for found in DIGITS.findall(data)):
            hits.append(f"{where}: a national id")
        if self._encoded.search(data):
            hits.append(f"{where}: encoded")
        if unwrapped < DEEPEST:
            for name, inner in _within(data):
                hits += self.found_in(inner, f"{where}/{name}", unwrapped=unwrapped + 1)
        return hits


def _forms(text: str) -> Iterator[bytes]:
    in_hex = text.encode().hex().encode()
    yield from (text.encode("utf-16-le"), text.encode("utf-16-be"), in_hex, in_hex.upper())


def _within(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What is packed in a content: members of archives, text of PDF, columns of Parquet, base64."""
    runs = BASE64.findall(data)
    if runs:
        yield "base64", b"\n".join(base64.b64decode(run[: len(run) // 4 * 4]) for run in runs)
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist())
    elif data.startswith(b"\x1f\x8b"):
        yield "gunzipped", gzip.decompress(data)
    elif data.startswith(b"%PDF-"):
        document = pypdfium2.PdfDocument(data)
        yield "text", "\n".join(page.get_textpage().get_text_range() for page in document).encode()
        yield "metadata", str(document.get_metadata_dict()).encode()
    elif data.startswith(b"PAR1"):
        table = parquet.read_table(io.BytesIO(data))
        yield "table", str(table.to_pydict()).encode()
        yield "metadata", str(table.schema.metadata).encode()
