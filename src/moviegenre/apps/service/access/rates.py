"""How often a client may ask: token buckets in a table of bounded size."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import Scope

from moviegenre.apps.service.access.clients import client_of
from moviegenre.apps.service.refusals import TOO_MANY, Refusal

_MAX_CLIENTS = 10_000  # about 2 MB; the longest unseen is forgotten first


class TokenBuckets:
    """Each client has a bucket of tokens that fills at a steady rate; a request takes one.

    The kept libraries for this (limits, slowapi) want a store behind them or count in windows that
    let twice the rate pass at a border, and none bounds its table.

    Args:
        per_second: Tokens that a bucket gains each second.
        burst: Tokens that a bucket holds.
        max_clients: Buckets that are kept.
        clock: Seconds from anywhere.
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
        tokens, then = self._buckets.get(client, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - then) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return wait


class RateCheck:
    """Refuses a client that asks too often.

    Args:
        buckets: Of all clients.
        client: Who asks, from the request; None is not limited.
    """

    reason = "rate"

    def __init__(
        self, buckets: TokenBuckets, client: Callable[[Scope], str | None] = client_of
    ) -> None:
        self._buckets = buckets
        self._client = client

    def check(self, scope: Scope) -> None:
        """Take a token.

        Raises:
            Refusal: There is none; ``Retry-After`` says when there will be.
        """
        client = self._client(scope)
        wait = 0.0 if client is None else self._buckets.take(client)
        if wait:
            again = {"Retry-After": str(math.ceil(wait))}
            raise Refusal(TOO_MANY, "this client asks too often; try again later", again)
