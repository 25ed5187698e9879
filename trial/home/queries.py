"""What waits for a user, and where the user may go."""

from typing import Any

from django.http import HttpRequest


def navigation_for(request: HttpRequest) -> list[dict[str, Any]]:
    """The main navigation of the signed-in user: label, address, whether it is the page at hand."""
    return []
