"""Every address of the application, as `urls` has it, and the rule that it follows."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver

from trial.config.rules import RULES, Rule

DOWNLOADS = (".json", ".csv", ".xlsx", ".zip", ".pdf", ".svg", ".png", "download/")


@dataclass(frozen=True)
class Endpoint:
    """An address as `urls` has it: its name, its form for reading, and the names of its variable parts."""

    name: str
    path: str
    parts: tuple[str, ...]

    @property
    def kind(self) -> str:
        if self.path.startswith("/api/"):
            return "api"
        return "download" if self.path.endswith(DOWNLOADS) else "page"


def endpoints() -> list[Endpoint]:
    """Every address of the application, once."""
    return sorted(set(_walk(get_resolver().url_patterns, "/", "")), key=lambda each: each.path)


def rule_of(request: HttpRequest) -> Rule | None:
    """The rule of the address that a request names; None where nobody has declared one."""
    return RULES.get(request.resolver_match.view_name) if request.resolver_match else None


def _walk(patterns: list[URLPattern | URLResolver], path: str, space: str) -> Iterator[Endpoint]:
    for pattern in patterns:
        here = path + str(pattern.pattern).lstrip("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, here, f"{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield Endpoint(space + (pattern.name or here), here, tuple(pattern.pattern.regex.groupindex))
