"""The check of a request's origin: only the service's own pages may change something."""

from urllib.parse import urlsplit

from starlette.types import Scope

from moviegenre.apps.service.access.checks import header_values
from moviegenre.apps.service.access.hosts import split_host
from moviegenre.apps.service.errors import RequestError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})  # none: a typed address or a bookmark
_PORTS = {"http": 80, "https": 443}


class OriginCheck:
    """Refuses requests from pages of other origins.

    Every browser sends ``Origin`` with such a request, and a newer one ``Sec-Fetch-Site``. A client
    that sends neither is not a browser, so no page controls it.
    """

    reason = "origin"

    def check(self, scope: Scope) -> None:
        """Check ``Sec-Fetch-Site`` and ``Origin``.

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
    """Return whether an origin has the host and the port of the request's ``Host``.

    The scheme gives only the default port, because a proxy that ends TLS sends plain HTTP.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    request_host = split_host(next(iter(header_values(scope, b"host")), ""))
    origin_host = split_host(parts.netloc)
    if parts.scheme not in _PORTS or origin.lower() != f"{parts.scheme}://{parts.netloc}".lower():
        return False
    if request_host is None or origin_host is None:
        return False
    default_port = _PORTS[parts.scheme]
    request_address = (request_host[0], request_host[1] or default_port)
    return (origin_host[0], origin_host[1] or default_port) == request_address


def _other_origin() -> RequestError:
    return RequestError(403, "the request comes from a page of another origin")
