"""The check of a request's host, which guards against DNS rebinding.

Starlette's TrustedHostMiddleware is not used: it cuts the port off at a colon, which breaks IPv6
addresses, and answers in plain text.
"""

import ipaddress
import re
from collections.abc import Iterable

from starlette.types import Scope

from moviegenre.apps.service.access.checks import header_values
from moviegenre.apps.service.errors import RequestError
from moviegenre.core.errors import ConfigError

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")


def split_host(value: str) -> tuple[str, int | None] | None:
    """Return the normalised name and the port of a ``Host`` value; None if it is malformed.

    Example:
        >>> split_host("LocalHost:8000"), split_host("[0:0::1]"), split_host("a@b")
        (('localhost', 8000), ('::1', None), None)
    """
    match = _HOST.fullmatch(value)
    if match is None:
        return None
    name = match["name"].lower()
    if name.startswith("["):
        try:
            name = ipaddress.IPv6Address(name[1:-1]).compressed
        except ValueError:
            return None
    port = int(match["port"]) if match["port"] else None
    return None if port is not None and port > 65535 else (name, port)


def is_loopback(name: str) -> bool:
    """Return whether a name or address always means this machine.

    Example:
        >>> [is_loopback(name) for name in ("localhost", "127.0.0.2", "::1", "localhost.a.org")]
        [True, True, True, False]
    """
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def allowed_names(names: Iterable[str]) -> frozenset[str]:
    """Return normalised names.

    Raises:
        ConfigError: A text is not a bare name or address.
    """
    allowed = set()
    for name in names:
        is_bare_ipv6 = ":" in name and not name.startswith("[")
        host = split_host(f"[{name}]" if is_bare_ipv6 else name)
        if host is None or host[1] is not None:
            raise ConfigError(
                f"--allow-host {name!r}: expected the name or address that clients use, "
                "without scheme, port or wildcard, as in films.example.org"
            )
        allowed.add(host[0])
    return frozenset(allowed)


class HostCheck:
    """Refuses a request for a host that is not served.

    Args:
        names: Names that are served, in addition to those of the loopback.
    """

    reason = "host"

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def check(self, scope: Scope) -> None:
        """Check the target and ``Host``.

        Raises:
            RequestError: The target is not a path, or the host is missing, repeated, or not served.
        """
        if not scope["path"].startswith("/"):
            raise RequestError(400, "the request's target is not a path; expected one, as in /docs")
        values = header_values(scope, b"host")
        host = split_host(values[0]) if len(values) == 1 else None
        if host is None:
            raise RequestError(400, "the request needs one Host header with a name or address")
        if host[0] not in self._names and not is_loopback(host[0]):
            raise RequestError(
                421,
                "the Host of the request is not served here; --allow-host adds names",
            )
