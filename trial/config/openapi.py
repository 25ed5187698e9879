"""How the API's own description names what this house adds to Django REST Framework."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class TokenScheme(OpenApiAuthenticationExtension):
    """The token of a program: one trial, one role, expiring."""

    target_class = "trial.access.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, _schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token scoped to one trial and one role."}
