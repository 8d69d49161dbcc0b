"""Who may reach the service, by the options of ``moviegenre serve``."""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moviegenre.apps.service.access.clients import networks
from moviegenre.apps.service.access.hosts import allowed_names, is_loopback
from moviegenre.apps.service.access.keys import ApiKeys, read_keys
from moviegenre.core.errors import ConfigError


@dataclass(frozen=True)
class Access:
    """Who may reach the service.

    Attributes:
        address: The address that the service listens on.
        names: Hosts that are served, in addition to those of the loopback.
        is_public: Whether others reach it: it listens beyond the loopback, or has a public name.
        keys: Keys for all but health checks and the page's own files; None if no key is needed.
        proxies: Addresses and networks whose ``X-Forwarded-For`` is trusted.
        metrics_port: A separate port for ``/metrics``.
    """

    address: str = "127.0.0.1"
    names: frozenset[str] = frozenset()
    is_public: bool = False
    keys: ApiKeys | None = None
    proxies: tuple[str, ...] = ()
    metrics_port: int | None = None


def address_of(host: str, option: str = "--host") -> str:
    """Return the one address to listen on.

    Args:
        host: An address or a name; empty means every address of this machine.
        option: The option that gave it, for the error message.

    Raises:
        ConfigError: The name is not known.
    """
    try:
        addresses = socket.getaddrinfo(
            host or "0.0.0.0",  # only looked up; decide_access decides on it  # nosec B104
            None,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except (OSError, UnicodeError):
        raise ConfigError(
            f"{option} {host!r}: is neither an address nor a known name of this machine; "
            "expected one such as 127.0.0.1"
        ) from None
    return str(addresses[0][4][0])


def decide_access(
    address: str,
    *,
    allow_hosts: Sequence[str] = (),
    api_key_file: Path | None = None,
    trust_proxies: Sequence[str] = (),
) -> Access:
    """Return who may reach a service at an address.

    Args:
        address: The result of ``address_of``.
        allow_hosts: Names that clients use.
        api_key_file: A file with one key a line.
        trust_proxies: Addresses and networks of proxies in front.

    Raises:
        ConfigError: An option is malformed, or the service would be exposed by mistake.
    """
    names = allowed_names(allow_hosts)
    is_beyond = not is_loopback(address)
    if is_beyond and not allow_hosts:
        is_unspecified = ipaddress.ip_address(address.partition("%")[0]).is_unspecified
        audience = (
            "every network of this machine"
            if is_unspecified
            else f"everyone who can reach {address}"
        )
        raise ConfigError(
            f"--host {address} shows the service to {audience}; name the host that clients "
            "use: --allow-host films.example.org (and --api-key-file FILE to require a key)"
        )
    try:
        networks(trust_proxies)
    except ValueError as error:
        raise ConfigError(
            f"--trust-proxy: {error}; expected an address or a network, as in 10.0.0.0/8"
        ) from None
    # A proxy passes requests for names of other machines on to this one.
    is_public = is_beyond or not all(is_loopback(name) for name in names)
    keys = None if api_key_file is None else read_keys(api_key_file)
    return Access(address, names, is_public, keys, tuple(trust_proxies))
