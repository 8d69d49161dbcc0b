"""Which addresses count as one client for the limits."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNKNOWN = "unknown"


def client_of(scope: Scope) -> str:
    """Return the client of a request: an address, or the network of an IPv6 address."""
    client = scope.get("client")
    return network_of(client[0]) if client else _UNKNOWN


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that IPv6 gives a household.

    Example:
        >>> network_of("192.0.2.7"), network_of("2001:db8::1:2:3"), network_of("::ffff:192.0.2.7")
        ('192.0.2.7', '2001:db8::/64', '192.0.2.7')
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return _UNKNOWN  # a malformed forwarded header; all such clients share one bucket
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def networks(addresses: Iterable[str]) -> list[Network]:
    """Return addresses and networks in one form.

    Raises:
        ValueError: A text is neither an address nor a network.
    """
    return [ipaddress.ip_network(address) for address in addresses]


def is_within(client: str, wide: Iterable[Network]) -> bool:
    """Return whether a client, in the form of ``network_of``, lies in one of some networks.

    Example:
        >>> is_within("10.1.2.3", networks(["10.0.0.0/8"]))
        True
    """
    try:
        address = ipaddress.ip_address(client.partition("/")[0])
    except ValueError:
        return False
    return any(address in network for network in wide)
