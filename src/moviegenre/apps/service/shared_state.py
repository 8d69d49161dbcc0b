"""What the processes of one service share: the rates of clients, and the metrics."""

from moviegenre.apps.service.access.rates import Buckets, TokenBuckets
from moviegenre.apps.service.metrics import ServiceMetrics


class SharedState:
    """The state of a service of one process; others override it."""

    def buckets(self, name: str, per_second: float, burst: int) -> Buckets:
        """Return where requests are counted.

        Args:
            name: What is counted, as in ``clients``.
            per_second: Requests that each may send a second.
            burst: Requests that each may send at once after a rest.
        """
        return TokenBuckets(per_second, burst)

    async def metrics(self, own: ServiceMetrics) -> bytes:
        """Return the metrics of all processes as Prometheus reads them.

        Args:
            own: Those of this process.
        """
        return own.render()
