"""How the API's own description names what this house adds to Django REST Framework."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

Description = dict[str, Any]

PROBLEM: Description = {
    "type": "object",
    "description": "RFC 9457 problem details. `code` never changes its meaning; `detail` is a sentence for people.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "errors": {
            "type": "array",
            "description": "One entry per field that must be put right.",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "detail"],
            },
        },
    },
    "required": ["type", "code", "detail", "status"],
}
ROOMS = {
    "participants": "Enrolment",
    "eligibility-checks": "Enrolment",
    "waiting": "Draw",
    "draws": "Draw",
    "checkpoints": "Draw",
    "bundle": "Draw",
    "anchors": "Draw",
    "receipt": "Draw",
    "caseloads": "Follow-up",
    "contacts": "Follow-up",
    "measures": "Follow-up",
    "deliveries": "Deliveries",
    "runs": "Analyses",
    "results": "Results",
}


class TokenScheme(OpenApiAuthenticationExtension):
    """The token of a program: one trial, one role, expiring."""

    target_class = "trial.access.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, _schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token scoped to one trial and one role."}


def with_problems(result: Description, generator: Any, request: Any, public: bool) -> Description:
    """A hook of drf-spectacular: whatever is refused, everywhere, is refused with problem details."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for _, operation in _operations(result):
        operation["responses"]["default"] = {"description": "Refused, and why.", "content": content}
    return result


def by_room(result: Description, generator: Any, request: Any, public: bool) -> Description:
    """A hook of drf-spectacular: operations are grouped by what they are about, by the address's last word."""
    for path, operation in _operations(result):
        words = [word for word in path.split("/") if word in ROOMS]
        operation["tags"] = [ROOMS[words[-1]]]
    return result


def _operations(result: Description) -> Iterator[tuple[str, Description]]:
    for path, methods in result["paths"].items():
        for operation in methods.values():
            yield path, operation
