"""The table of all open connections, which closes some to make room for new ones."""

import logging
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from typing import Protocol

ACCEPT_BATCH = 64
"""Connections that the event loop accepts at once, before any of them can be refused."""

_OTHER_FILES = 128  # open files of models, posters, logs, and short-lived others
_NEW_SECONDS = 1.0
_EVICTED_SHARE = 16  # one candidate in 16 is closed at once, which saves a search for each

_log = logging.getLogger("moviegenre.service")


class Phase(IntEnum):
    """The phase of a connection; for new connections, lower phases are closed first."""

    CLOSING = 0
    LINGER = 1
    IDLE = 2
    HEAD = 3
    BODY = 4
    WORK = 5


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits on the number of connections, and on their waiting times.

    Attributes:
        total: The most open connections.
        per_client: The most connections of one client's network.
        header_seconds: The time for a request's head.
        idle_seconds: The time between two requests.
        send_seconds: The time in which a client must read a part of its answer.
        is_exempt: Whether a client may have more than ``per_client``, as a proxy does.
    """

    total: int
    per_client: int
    header_seconds: float
    idle_seconds: float
    send_seconds: float
    is_exempt: Callable[[str], bool]


class Connection(Protocol):
    """A connection in the table.

    Attributes:
        network: The network of its client; see ``network_of``.
        opened: The time when it was opened.
    """

    network: str
    opened: float

    def update_phase(self, now: float) -> Phase:
        """Update and return its phase."""

    def drop(self) -> None:
        """Close it at once, in any phase."""

    def has_stalled(self) -> bool:
        """Return whether the client leaves its answer unread."""


class ConnectionTable:
    """Every open connection, by client.

    Args:
        limits: The limits on their number.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._by_client: defaultdict[str, set[Connection]] = defaultdict(set)
        self._num = 0

    def __len__(self) -> int:
        """Return the number of open connections."""
        return self._num

    def admit(self, connection: Connection, now: float) -> bool:
        """Add a new connection and return whether it may stay; close others to make room."""
        client_connections = self._by_client[connection.network]
        is_exempt = self.limits.is_exempt(connection.network)
        is_crowded = len(client_connections) >= self.limits.per_client and not is_exempt
        may_stay = not is_crowded or self._make_room(list(client_connections), now)
        if may_stay and self._num >= self.limits.total:
            all_connections = list(chain.from_iterable(self._by_client.values()))
            may_stay = self._make_room(all_connections, now)
        self._by_client[connection.network].add(connection)
        self._num += 1
        return may_stay

    def leave(self, connection: Connection) -> None:
        """Remove a connection, unless it was removed already."""
        client_connections = self._by_client.get(connection.network, set())
        if connection in client_connections:
            client_connections.remove(connection)
            self._num -= 1
            if not client_connections:
                del self._by_client[connection.network]

    def _make_room(self, candidates: list[Connection], now: float) -> bool:
        """Close some connections that wait for their client; return whether there were any.

        The order: lower phases, then clients with the most connections, then older connections.
        """
        ranked = []
        for connection in candidates:
            phase = connection.update_phase(now)
            if phase is Phase.WORK and not connection.has_stalled():
                continue
            # A new connection has had no chance to send its head yet.
            is_new = phase is Phase.HEAD and now - connection.opened < _NEW_SECONDS
            rank = Phase.WORK if is_new else max(phase, Phase.HEAD)
            ranked.append(
                (rank, -len(self._by_client[connection.network]), connection.opened, connection)
            )
        ranked.sort(key=lambda entry: entry[:3])
        victims = [entry[3] for entry in ranked[: max(1, len(candidates) // _EVICTED_SHARE)]]
        for victim in victims:
            victim.drop()
            self.leave(victim)
        return bool(victims)


def total_connections(maximum: int) -> int:
    """Return how many connections the limit on open files leaves room for, at most ``maximum``."""
    limit = _max_open_files()
    if limit is None:
        return maximum
    room = max(1, limit - _num_open_files() - _OTHER_FILES - ACCEPT_BATCH)
    if room < maximum:
        _log.warning(
            "at most %d connections are allowed, not %d: the limit on open files is %d (ulimit -n)",
            room,
            maximum,
            limit,
        )
    return min(maximum, room)


def _max_open_files() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _num_open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 32
