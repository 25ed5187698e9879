"""English beside bokmål: one `locale/en.po` per room, compiled into one catalogue by Babel (gettext's binaries are not needed)."""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings


def sources() -> list[Path]:
    """The rooms' English catalogues."""
    return sorted((settings.ROOT / "trial").glob("*/locale/en.po"))


def merged() -> Catalog:
    """All rooms' English texts in one catalogue.

    Raises ValueError when two rooms translate the same text differently: which one a page shows would be chance.
    """
    whole = Catalog(locale="en", domain="django", charset="utf-8")
    for path in sources():
        for message in read(path):
            if not message.id:
                continue
            known = whole.get(message.id, message.context)
            if known and known.string != message.string:
                raise ValueError(f"{path} translates {message.id!r} otherwise than another room.")
            whole.add(message.id, message.string, context=message.context)
    return whole


def read(path: Path) -> Catalog:
    return read_po(io.BytesIO(path.read_bytes()), locale="en", domain="django", abort_invalid=True)


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
