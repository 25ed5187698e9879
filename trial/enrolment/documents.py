"""Printable documents: title, lead and sections as data, set by typst with its own fonts. No network, no disk.

The words travel as data beside the layout (`document.typ`), so nothing that anyone has written can be taken for markup.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings


@dataclass(frozen=True)
class Section:
    """A part of a document: paragraphs, a figure (SVG), lines of label and value, a table. Empty parts show nothing."""

    heading: str
    paragraphs: Sequence[str] = ()
    rows: Sequence[tuple[str, str]] = ()
    columns: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()
    figure: str = ""


@dataclass(frozen=True)
class Document:
    """`language` decides hyphenation; `footer` stands on every page; `signed`: with lines for date and signature."""

    title: str
    language: str
    lead: str = ""
    sections: Sequence[Section] = ()
    footer: str = ""
    signed: Sequence[str] = field(default=())


def pdf_of(document: Document) -> bytes:
    """The document as PDF."""
    data = json.dumps(asdict(document), default=str, ensure_ascii=False)
    made: bytes = typst.compile(_layout(), sys_inputs={"document": data}, format="pdf")
    return made


def sections_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """The same sections for machines."""
    return [
        {
            "heading": part.heading,
            **({"text": list(part.paragraphs)} if part.paragraphs else {}),
            **({"values": dict(part.rows)} if part.rows else {}),
            **({"rows": [dict(zip(part.columns, row, strict=True)) for row in part.table]} if part.columns else {}),
        }
        for part in sections
    ]


@cache
def _layout() -> bytes:
    return Path(settings.ROOT, "templates", "enrolment", "document.typ").read_bytes()
