"""Listening sockets, opened before a model is loaded."""

import socket

from moviegenre.core.errors import ConfigError


def listen(address: str, port: int, option: str = "--host or --port") -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        ConfigError: The address or port cannot be used; ``option`` names the option to change.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # the rest repeats the address
        raise ConfigError(
            f"cannot listen on {address}:{port}: {reason}; name another {option}"
        ) from None


def shown_address(listener: socket.socket) -> str:
    """Return the address and port of a socket, in the form of a URL."""
    address, port = listener.getsockname()[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
