"""Limits on the rate of requests: token buckets in a table of bounded size."""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.types import Scope

from moviegenre.apps.service.access.clients import client_of
from moviegenre.apps.service.errors import RequestError

_MAX_CLIENTS = 10_000  # about 2 MB; the least recently seen client is dropped first


class Buckets(Protocol):
    """The token buckets of clients."""

    def take(self, client: str) -> float | Awaitable[float]:
        """Take a token and return 0, or return the seconds until there is one."""


def take_token(
    tokens: float, idle_seconds: float, per_second: float, burst: int
) -> tuple[float, float]:
    """Return the seconds until a bucket has a token (0 takes it), and its tokens afterwards.

    Args:
        tokens: The tokens that it had.
        idle_seconds: The time since then.
        per_second: Tokens that it gains each second.
        burst: The most tokens that it holds.

    Example:
        >>> take_token(0.0, 0.25, 2.0, 1), take_token(0.0, 0.5, 2.0, 1)
        ((0.25, 0.5), (0.0, 0.0))
    """
    tokens = min(float(burst), tokens + idle_seconds * per_second)
    return (0.0, tokens - 1) if tokens >= 1 else ((1 - tokens) / per_second, tokens)


class TokenBuckets:
    """Each client has a bucket of tokens that fills at a steady rate; a request takes one.

    The maintained libraries (limits, slowapi) need a store, or count in windows that let twice the
    rate pass at a border. Neither bounds its table.

    Args:
        per_second: Tokens that a bucket gains each second.
        burst: The most tokens that a bucket holds.
        max_clients: The most buckets that are kept.
        clock: Returns the time in seconds, from any start.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        max_clients: int = _MAX_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._max_clients = max_clients
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of buckets."""
        return len(self._buckets)

    def take(self, client: str) -> float:
        """Take a token and return 0, or return the seconds until there is one.

        Example:
            >>> buckets = TokenBuckets(2.0, burst=1, clock=lambda: 0.0)
            >>> buckets.take("192.0.2.1"), buckets.take("192.0.2.1")
            (0.0, 0.5)
        """
        now = self._clock()
        tokens, last_time = self._buckets.get(client, (float(self._burst), now))
        wait, tokens = take_token(tokens, now - last_time, self._per_second, self._burst)
        self._buckets[client] = (tokens, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return wait


class RateCheck:
    """Refuses a client that sends too many requests; without a client there is no limit."""

    reason = "rate"

    def __init__(self, buckets: Buckets, client: Callable[[Scope], str | None] = client_of) -> None:
        self._buckets = buckets
        self._client = client

    async def check(self, scope: Scope) -> None:
        """Take a token.

        Raises:
            RequestError: There is none; ``Retry-After`` says when there will be.
        """
        client = self._client(scope)
        if client is None:
            return
        wait = self._buckets.take(client)
        if isinstance(wait, Awaitable):
            wait = await wait
        if wait:
            headers = {"Retry-After": str(math.ceil(wait))}
            raise RequestError(429, "this client sends too many requests; try again later", headers)
