"""Fixtures of the tests over real connections."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def many() -> Iterator[list[socket.socket]]:
    """Return a list whose connections are closed in the end."""
    connections: list[socket.socket] = []
    yield connections
    for connection in connections:
        connection.close()
