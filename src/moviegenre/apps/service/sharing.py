"""What the processes of one service have in common: the rates of clients, and the numbers."""

from moviegenre.apps.service.access.rates import Buckets, TokenBuckets
from moviegenre.apps.service.metrics import ServiceMetrics


class Sharing:
    """A service of one process."""

    def buckets(self, name: str, per_second: float, burst: int) -> Buckets:
        """Return where requests are counted.

        Args:
            name: What is counted, as in ``clients``.
            per_second: Requests that each may send a second.
            burst: Requests that each may send at once after a rest.
        """
        return TokenBuckets(per_second, burst)

    async def numbers(self, metrics: ServiceMetrics) -> bytes:
        """Return the numbers of all processes as Prometheus reads them.

        Args:
            metrics: Of this one.
        """
        return metrics.render()
