"""The report: one HTML page with every table and figure, readable without a network, a script or this program."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from evaluation.findings import Finding, Results
from evaluation.published import remark
from evaluation.remarks import remarks
from evaluation.showing import shown

STYLE: Final = """
body { font: 16px/1.5 "Source Sans 3", Arial, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #ccc; text-align: left; vertical-align: bottom; }
th[scope=row] { min-width: min(14rem, 38vw); }
.number { text-align: right; }
td.number { white-space: nowrap; }
.words { min-width: 16rem; }
figure { margin: 0; overflow-x: auto; }
.note, footer { color: #444; font-size: .9rem; }
svg { max-width: 100%; height: auto; }
@media (max-width: 40rem) {
  th, td { padding: .25rem .4rem; }
  svg { max-width: none; }
}
code { overflow-wrap: anywhere; }
"""
LONG: Final = 20  # letters; a longer text gets the room of a few lines
FINGERPRINT: Final = re.compile("[0-9a-f]{64}")
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Resultater",
        "made_from": "Laget av",
        "plan": "Analyseplan",
        "deliveries": "Leveranser",
        "program": "Program",
        "check": "Kontroll",
        "masked": "Prøve på blandede grupper. Tallene sier ingenting om virkningen.",
    },
    "en": {
        "title": "Results",
        "made_from": "Made from",
        "plan": "Analysis plan",
        "deliveries": "Deliveries",
        "program": "Program",
        "check": "Check",
        "masked": "Rehearsal on shuffled arms. The numbers say nothing of the effect.",
    },
}


def report_html(results: Results, pictures: Mapping[str, str], language: str = "nb") -> str:
    """The whole page. `pictures`: name of a figure -> its SVG."""
    words, manifest = WORDS[language], results.manifest
    heading = heading_of(results, language)
    masked = f"<p><strong>{escape(words['masked'])}</strong></p>" if manifest["masked"] else ""
    body = "\n".join(_section(finding, pictures, language, manifest["reference"]) for finding in results.findings)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n<main>\n<h1>{escape(heading)}</h1>\n{masked}\n{body}\n</main>\n"
        f"{_footer(results, language)}\n</body>\n</html>\n"
    )


def words_of(language: str) -> Mapping[str, str]:
    """The report's own words."""
    return WORDS[language]


def heading_of(results: Results, language: str) -> str:
    """What the report is called."""
    return f"{WORDS[language]['title']}: {results.manifest['trial']}"


def sentences_under(finding: Finding, language: str, reference: str) -> list[str]:
    """What must stand under a table or figure."""
    return [one for one in (*remarks(finding.notes, language), remark(reference, finding.name, language)) if one]


def facts_of(results: Results, language: str) -> list[tuple[str, str]]:
    """From what the results were made: label and value."""
    words, manifest = WORDS[language], results.manifest
    check = manifest["check"]
    return [
        (words["plan"], manifest["plan"]),
        (words["program"], manifest["program"]),
        (words["check"], f"{check['engine']}, {check['fits']}, {check['largest']:.1e}"),
        *((f"{words['deliveries']}: {name}", digest) for name, digest in manifest["deliveries"].items()),
    ]


def _section(finding: Finding, pictures: Mapping[str, str], language: str, reference: str) -> str:
    title = escape(finding.title[language])
    sentences = sentences_under(finding, language, reference)
    under = "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in sentences)
    if finding.name in pictures:
        content = f'<figure role="img" aria-label="{title}">{pictures[finding.name]}</figure>'
    else:
        content = "".join(_table(finding, language, reference))
    return f'<section id="{finding.name}">\n<h2>{title}</h2>\n{content}{under}\n</section>'


def _table(finding: Finding, language: str, reference: str) -> Iterator[str]:
    table = shown(finding, language=language, reference=reference)
    mark = [' class="number"' if number else "" for number in table.numeric]
    yield '<div class="wide" tabindex="0"><table><thead><tr>'
    for head, style in zip(table.heads, ["", *mark[1:]], strict=True):
        yield f'<th scope="col"{style}>{escape(head)}</th>'
    yield "</tr></thead><tbody>"
    for first, *rest in table.rows:
        cells = "".join(_cell(text, style) for text, style in zip(rest, mark[1:], strict=True))
        yield f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>\n'
    yield "</tbody></table></div>"


def _cell(text: str, style: str) -> str:
    long = ' class="words"' if len(text) > LONG and not style else style
    return f"<td{long}>{escape(text)}</td>"


def _footer(results: Results, language: str) -> str:
    facts = facts_of(results, language)
    items = "".join(f"<dt>{escape(head)}</dt><dd>{_as_code(text)}</dd>" for head, text in facts)
    return f"<footer><h2>{WORDS[language]['made_from']}</h2><dl>{items}</dl></footer>"


def _as_code(text: str) -> str:
    """A fingerprint stands apart from words."""
    return f"<code>{text}</code>" if FINGERPRINT.fullmatch(text) else escape(text)
