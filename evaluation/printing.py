"""Results on paper: the report and its figures as PDF, set by typst with its own fonts. No network, no date.

The words travel as data beside the layout (`data/report.typ`), so nothing that anyone has written is taken for markup.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import typst

from evaluation.findings import Finding, Results
from evaluation.report import facts_of, heading_of, sentences_under, words_of
from evaluation.showing import shown

SVG_WIDTH: Final = re.compile(r'<svg[^>]*\bwidth="([0-9.]+)"')
USUAL_WIDTH: Final = 600.0


def report_pdf(results: Results, pictures: Mapping[str, str], language: str = "nb") -> bytes:
    """The whole report, with the same content as the page (`report_html`). `pictures`: name of a figure -> its SVG."""
    words = words_of(language)
    reference = results.manifest["reference"]
    return _set(
        "report.typ",
        {
            "title": heading_of(results, language),
            "lead": words["masked"] if results.manifest["masked"] else "",
            "language": language,
            "parts": [_part(finding, pictures, language, reference) for finding in results.findings],
            "made_from": words["made_from"],
            "facts": facts_of(results, language),
        },
    )


def figure_pdf(title: str, picture: str, language: str = "nb") -> bytes:
    """A figure (SVG) as lines and letters on a page of its own size."""
    return _set("figure.typ", {"title": title, "language": language, "picture": picture})


def _part(finding: Finding, pictures: Mapping[str, str], language: str, reference: str) -> dict[str, Any]:
    picture = pictures.get(finding.name, "")
    table = None if picture else shown(finding, language=language, reference=reference)
    return {
        "title": finding.title[language],
        "picture": picture,
        "width": _width(picture),
        "heads": table.heads if table else (),
        "numeric": table.numeric if table else (),
        "rows": table.rows if table else (),
        "notes": sentences_under(finding, language, reference),
    }


def _width(picture: str) -> float:
    found = SVG_WIDTH.search(picture)
    return float(found.group(1)) if found else USUAL_WIDTH


def _set(layout: str, content: Mapping[str, Any]) -> bytes:
    said = json.dumps(content, ensure_ascii=False, default=str)
    made: bytes = typst.compile(_layout(layout), sys_inputs={"said": said}, format="pdf", ignore_system_fonts=True)
    return made


@cache
def _layout(name: str) -> bytes:
    return files("evaluation").joinpath("data", name).read_bytes()
