"""Which pages may send requests that change something: only the service's own."""

from urllib.parse import urlsplit

from starlette.types import Scope

from moviegenre.apps.service.access.checks import header_values
from moviegenre.apps.service.access.hosts import split_host
from moviegenre.apps.service.errors import RequestError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})  # none: typed by the user, or from a bookmark
_PORTS = {"http": 80, "https": 443}


class OriginCheck:
    """Refuses what a browser sends for a page of another origin.

    A browser always sends ``Origin`` with such a request, and newer ones ``Sec-Fetch-Site``; a
    client that sends neither is no browser, and no page can make it send one.
    """

    reason = "origin"

    def check(self, scope: Scope) -> None:
        """Look at ``Sec-Fetch-Site`` and ``Origin``.

        Raises:
            RequestError: One of them names another site.
        """
        if scope["method"] in _SAFE:
            return
        sites = header_values(scope, b"sec-fetch-site")
        origins = header_values(scope, b"origin")
        if sites and (len(sites) > 1 or sites[0].strip().lower() not in _OWN_SITES):
            raise _other_origin()
        if origins and (len(origins) > 1 or not is_same_origin(origins[0], scope)):
            raise _other_origin()


def is_same_origin(origin: str, scope: Scope) -> bool:
    """Return whether an origin is the host that the request asks for, port included.

    The scheme only gives the port: a proxy that ends TLS sends plain HTTP to the service.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    requested = split_host(next(iter(header_values(scope, b"host")), ""))
    origin_host = split_host(parts.netloc)
    if parts.scheme not in _PORTS or origin.lower() != f"{parts.scheme}://{parts.netloc}".lower():
        return False
    if requested is None or origin_host is None:
        return False
    default = _PORTS[parts.scheme]
    own = (requested[0], requested[1] or default)
    return (origin_host[0], origin_host[1] or default) == own


def _other_origin() -> RequestError:
    return RequestError(403, "the request comes from a page of another origin")
