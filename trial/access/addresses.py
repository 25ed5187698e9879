"""Parts of addresses that are one of a few words; anything else is not found, before any view is asked."""

from collections.abc import Iterable

from django.urls import register_converter


def one_of(name: str, words: Iterable[str]) -> None:
    """Let ``<name:...>`` in an address stand for one of the words."""
    any_of_them = "|".join(words)

    class OneOf:
        regex = any_of_them

        def to_python(self, value: str) -> str:
            return value

        def to_url(self, value: str) -> str:
            return value

    register_converter(OneOf, name)
