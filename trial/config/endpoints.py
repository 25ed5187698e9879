"""What each address asks of whoever calls it."""

from django.http import HttpRequest

CONFIRMED = {
    "allocation:lock",
    "allocation:opening",
    "results:let_out",
}


def needs_proof(request: HttpRequest) -> bool:
    """Whether what the request asks for cannot be undone, so that the person is asked to prove who they are again."""
    return request.resolver_match is not None and request.resolver_match.view_name in CONFIRMED
