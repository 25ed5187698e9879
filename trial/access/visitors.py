"""Where a request comes from, as far as that can be trusted."""

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The client's address: the one that the outermost of our own proxies saw (`PROXY_COUNT` of them, 0 for none).

    Each proxy appends what it saw to X-Forwarded-For, so what stands further left was written by the client and could
    say anything. A request that came past the proxies counts as its own sender.
    """
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    count: int = settings.PROXY_COUNT
    if 0 < count <= len(seen):
        return seen[-count]
    return str(request.META.get("REMOTE_ADDR", ""))
