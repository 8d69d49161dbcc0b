"""The metrics that Prometheus reads at ``/metrics``."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FILMS = (1, 2, 4, 8, 16, 32, 64, 128)
_ANSWERING = ("film", "queue_full", "stopping", "deadline", "failure")
_ACCESS = ("host", "origin", "key", "rate", "metrics", "slow_body", "bodies_full")
_REASONS = (*_ANSWERING, *_ACCESS)


class ServiceMetrics:
    """The metrics of one app, in a separate registry, so that apps do not share them.

    Attributes:
        content_type: The content type of ``render``.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "moviegenre_requests",
            "Requests answered.",
            ["route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "moviegenre_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._batch = Histogram(
            "moviegenre_batch_films",
            "Films per batch.",
            buckets=_FILMS,
            registry=self._registry,
        )
        self._compute = Histogram(
            "moviegenre_batch_seconds",
            "Seconds to read and compute one slice of films.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._errors = Counter(
            "moviegenre_errors",
            "Films or requests without an answer, by reason.",
            ["reason"],
            registry=self._registry,
        )
        for reason in _REASONS:
            self._errors.labels(reason)  # present from the start, so that rates are defined
        # With several workers, the sum over the live ones.
        self._queue = Gauge(
            "moviegenre_queue_films",
            "Films waiting for the model.",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._processes = Gauge(
            "moviegenre_processes",
            "Processes that answer.",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._queue_length: Callable[[], float] = lambda: 0.0

    def watch_queue(self, length: Callable[[], float]) -> None:
        """Set the function that returns the queue's length when a metric is counted or read."""
        self._queue_length = length

    def count_process(self) -> None:
        """Count this process as one that answers."""
        self._processes.set(1)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._queue.set(self._queue_length())

    def count_batch(self, films: int, seconds: float) -> None:
        """Count a computed batch."""
        self._batch.observe(films)
        self._compute.observe(seconds)
        self._queue.set(self._queue_length())

    def count_error(self, reason: str) -> None:
        """Count a film or request without an answer, by one of ``_REASONS``."""
        self._errors.labels(reason).inc()
        self._queue.set(self._queue_length())

    def families(self) -> list[Metric]:
        """Return all metrics of this process."""
        self._queue.set(self._queue_length())
        return list(self._registry.collect())

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        self._queue.set(self._queue_length())
        return generate_latest(self._registry)


class _Merged(Collector):
    def __init__(self, processes: Mapping[str, Iterable[Metric]]) -> None:
        self._processes = processes

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for process, families in self._processes.items():
            for family in families:
                empty = Metric(family.name, family.documentation, family.type)
                metric = merged.setdefault(family.name, empty)
                for sample in family.samples:
                    labels = {**sample.labels, "replica": process}
                    metric.add_sample(sample.name, labels, sample.value)
        yield from merged.values()


def render_merged(processes: Mapping[str, Iterable[Metric]]) -> bytes:
    """Return the metrics of several processes; their names become the label ``replica``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(processes))
    return generate_latest(registry)
