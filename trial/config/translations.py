"""English beside bokmål: one `locale/en.po` per room, compiled into one catalogue by Babel.

Bokmål is the language of the source, so only English needs a catalogue. A template's texts belong to the room that
its folder is named after; base, components, errors and sign-in belong to config. Where two rooms translate the same
text, the first room by name decides; the tests find rooms that disagree.
"""

import ast
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

MARKS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")


@dataclass(frozen=True)
class Text:
    """A text that a reader may see: as in the source, with the room and the file that it stands in."""

    message: str
    room: str
    path: str
    counted: bool = False


def texts() -> list[Text]:
    """Every text marked for translation in Python and in templates, in the order of the files."""
    return [*_python_texts(), *_template_texts()]


def sources() -> list[Path]:
    """The rooms' English catalogues."""
    return sorted((settings.ROOT / "trial").glob("*/locale/en.po"))


def read(path: Path) -> Catalog:
    """A room's catalogue. Raises PoFileError when it is malformed."""
    return read_po(io.BytesIO(path.read_bytes()), locale="en", domain="django", abort_invalid=True)


def merged() -> Catalog:
    """All rooms' English texts in one catalogue."""
    return reduce(_add_all, map(read, sources()), Catalog(locale="en", domain="django", charset="utf-8"))


def untranslated() -> list[Text]:
    """The texts that no room has in English, each once."""
    known = {_key(message.id) for message in merged() if message.id and message.string}
    missing: dict[str, Text] = {}
    for text in texts():
        if text.message not in known:
            missing.setdefault(text.message, text)
    return sorted(missing.values(), key=lambda text: (text.room, text.path))


def disagreements() -> list[str]:
    """The texts that two rooms translate differently."""
    seen: dict[str, object] = {}
    pairs = [(_key(message.id), message.string) for path in sources() for message in read(path) if message.id]
    return sorted({key for key, english in pairs if seen.setdefault(key, english) != english})


def broken_placeholders() -> list[str]:
    """The texts whose English names other placeholders than the source: they would raise, or lose a number."""
    return [
        _key(message.id) for message in merged() if message.id and not _same_placeholders(message.id, message.string)
    ]


def uncounted() -> list[str]:
    """The counted texts whose English has one form for all numbers: it would say '1 people'."""
    counted = {text.message for text in texts() if text.counted}
    return sorted(message.id for message in merged() if isinstance(message.id, str) and message.id in counted)


def compile_all() -> int:
    """Write `<local>/locale/en/LC_MESSAGES/django.mo`; return the number of texts."""
    catalogue = merged()
    target = settings.LOCAL / "locale" / "en" / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(target)
    return len(catalogue)


def _add_all(whole: Catalog, room: Catalog) -> Catalog:
    for message in room:
        if message.id and not whole.get(message.id, message.context):
            whole.add(message.id, message.string, context=message.context)
    return whole


def _python_texts() -> Iterator[Text]:
    for path in sorted((settings.ROOT / "trial").glob("**/*.py")):
        yield from _marked(path.read_bytes(), path)
        yield from _within_f_strings(path.read_bytes(), path)


def _within_f_strings(source: bytes, path: Path) -> Iterator[Text]:
    """The texts marked within an f-string, which Python before 3.12 reads as one piece, and Babel with it."""
    found = (each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.JoinedStr))
    for call in (inner for each in found for inner in ast.walk(each) if isinstance(inner, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id in MARKS and isinstance(call.args[0], ast.Constant):
            yield Text(str(call.args[0].value), _room(path), str(path.relative_to(settings.ROOT)))


def _template_texts() -> Iterator[Text]:
    for path in sorted(settings.ROOT.glob("templates/**/*.*")):
        # `templatize` blanks everything but the marked texts; in parentheses its indentation means nothing to Python.
        yield from _marked(f"({templatize(path.read_text(encoding='utf-8'))})".encode(), path)


def _marked(source: bytes, path: Path) -> Iterator[Text]:
    for _line, found, _comments, context in extract("python", io.BytesIO(source), keywords=MARKS):
        counted = not isinstance(found, str) and not context
        yield Text(_key(found), _room(path), str(path.relative_to(settings.ROOT)), counted)


def _room(path: Path) -> str:
    folder = path.relative_to(settings.ROOT).parts[1]
    return folder if (settings.ROOT / "trial" / folder).is_dir() else "config"


def _key(message: str | Sequence[str]) -> str:
    return message if isinstance(message, str) else message[0]


def _same_placeholders(source: str | Sequence[str], english: str | Sequence[str] | None) -> bool:
    return set(PLACEHOLDER.findall(_key(source))) == set(PLACEHOLDER.findall(_key(english or "")))
