"""Sockets that listen, before a model is loaded in vain."""

import socket

from moviegenre.core.errors import ConfigError


def listen(address: str, port: int, option: str = "--host or --port") -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        ConfigError: The address cannot be listened on; ``option`` is to be changed.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # which repeats the address
        raise ConfigError(
            f"cannot listen on {address}:{port}: {reason}; name another {option}"
        ) from None


def shown_address(listener: socket.socket) -> str:
    """Return where a socket listens, as it is written in an address of the web."""
    address, port = listener.getsockname()[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
