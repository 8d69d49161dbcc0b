"""What the processes of one service share: the rates of clients, and the metrics."""

from moviegenre.apps.service.access.rates import Buckets, TokenBuckets
from moviegenre.apps.service.metrics import ServiceMetrics


class SharedState:
    """The state of a service of one process; others override it."""

    def buckets(self, name: str, per_second: float, burst: int) -> Buckets:
        """Return where requests are counted, by client or by key; ``name`` says which."""
        return TokenBuckets(per_second, burst)

    async def metrics(self, own: ServiceMetrics) -> bytes:
        """Return the metrics of all processes, of which this one has its own."""
        return own.render()
