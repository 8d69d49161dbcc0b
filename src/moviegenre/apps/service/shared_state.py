"""The state that the processes of one service share: rates of clients, and metrics."""

from moviegenre.apps.service.access.rates import Buckets, TokenBuckets
from moviegenre.apps.service.metrics import ServiceMetrics


class SharedState:
    """The state of a service with one process; subclasses share it between processes."""

    def buckets(self, name: str, per_second: float, burst: int) -> Buckets:
        """Return the token buckets of clients or of keys; ``name`` says which."""
        return TokenBuckets(per_second, burst)

    async def metrics(self, own: ServiceMetrics) -> bytes:
        """Return the metrics of all processes; ``own`` are those of this process."""
        return own.render()
