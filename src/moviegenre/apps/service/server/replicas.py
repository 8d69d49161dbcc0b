"""The service as replicas of Ray Serve, and a change of model without a gap.

Ray's HTTP proxy passes each request to the replica with the fewest requests. Each replica is the
whole app with its limits. They apply before Serve's limits, so that clients get the app's errors.
"""

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.config import BackpressureConfig, DeploymentActorConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from moviegenre.apps.service.access.rates import TokenBuckets
from moviegenre.apps.service.logs import start_log
from moviegenre.apps.service.metrics import ServiceMetrics, render_merged
from moviegenre.apps.service.plan import ServicePlan
from moviegenre.apps.service.shared_state import SharedState
from moviegenre.core.errors import ConfigError, one_line

if TYPE_CHECKING:
    from fastapi import FastAPI
    from prometheus_client.metrics_core import Metric

_NAME = "moviegenre"
_RATES = "rates"
_BUSY_REQUESTS = 8  # average per replica from which on `auto` adds a replica
_UPSCALE_SECONDS = 10.0
_METRICS_SECONDS = 5.0
_TRIES = 3


class Rates:
    """The token buckets of all replicas, as a separate actor."""

    def __init__(self) -> None:
        self._buckets: dict[str, TokenBuckets] = {}

    def take(self, name: str, per_second: float, burst: int, client: str) -> float:
        """Take a token of a client, or return the seconds until there is one."""
        if name not in self._buckets:
            self._buckets[name] = TokenBuckets(per_second, burst)
        return self._buckets[name].take(client)


class _ActorBuckets:
    def __init__(self, name: str, per_second: float, burst: int) -> None:
        self._arguments = (name, per_second, burst)
        self._actor: Any = None

    async def take(self, client: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        if self._actor is not None:
            with suppress(RayActorError):  # Serve then starts a new actor
                return float(await self._actor.take.remote(*self._arguments, client))
        self._actor = serve.get_deployment_actor(_RATES)
        return float(await self._actor.take.remote(*self._arguments, client))


class ReplicaState(SharedState):
    """The state of all replicas, on all machines."""

    def buckets(self, name: str, per_second: float, burst: int) -> _ActorBuckets:
        """Return the token buckets, which are in one actor."""
        return _ActorBuckets(name, per_second, burst)

    async def metrics(self, own: ServiceMetrics) -> bytes:
        """Return the metrics of each replica, with its name as a label."""
        handle = serve.get_deployment_handle(_NAME, _NAME)
        replies = handle.broadcast("metrics").results_async(timeout_s=_METRICS_SECONDS)
        return render_merged(dict(await replies))


class Replica:
    """One replica; ``is_own`` says whether the cluster is this service's, on this machine."""

    def __init__(self, plan: ServicePlan, is_own: bool) -> None:
        start_log()
        if is_own:
            _listen_on_loopback()
        self._app = plan.app(ReplicaState())
        if plan.access.proxies:  # without Ray, uvicorn does this
            proxies = list(plan.access.proxies)
            self._app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)

    def __serve_build_asgi_app__(self) -> "FastAPI":
        """Return the app, for Serve."""
        return self._app

    def metrics(self) -> "tuple[str, list[Metric]]":
        """Return the replica's name and its metrics."""
        tag = serve.get_replica_context().replica_tag
        return tag, self._app.state.model_queue.metrics.families()

    def check_health(self) -> None:
        """Raise an error if the replica accepts no films, so that Serve replaces it."""
        if not self._app.state.model_queue.batcher.is_ready:
            raise RuntimeError("the service is not accepting films; try again later")


def _listen_on_loopback() -> None:
    """Accept calls of other replicas on the loopback address only.

    Serve listens on all addresses and has no setting for it; a test checks the open ports.
    """
    replica: Any = importlib.import_module("ray.serve._private.replica")
    listen = replica.add_port_to_grpc_server

    def listen_on_loopback(server: object, address: str) -> int:
        return int(listen(server, address.replace("[::]", "127.0.0.1")))

    replica.add_port_to_grpc_server = listen_on_loopback


@contextmanager
def ray_serve(host: str, port: int, *, keep_alive_seconds: int, is_own: bool) -> Iterator[None]:
    """Start Serve's proxy on the cluster that this process is connected to.

    Args:
        host: The address of the proxy; ignored if Serve runs already.
        port: The port of the proxy; ignored if Serve runs already.
        keep_alive_seconds: The longest pause between two requests of a connection.
        is_own: Whether Serve ends with the block.

    Raises:
        ConfigError: The proxy does not start.
    """
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    try:
        serve.start(
            proxy_location="HeadOnly",
            http_options={
                "host": host,
                "port": port,
                "keep_alive_timeout_s": keep_alive_seconds,
            },
            logging_config={"log_level": "WARNING", "enable_access_log": False},
        )
    except TimeoutError as error:
        raise ConfigError(f"Ray's HTTP proxy does not start at {host}:{port}: {error}") from None
    try:
        yield
    finally:
        if is_own:
            serve.shutdown()  # type: ignore[no-untyped-call]


def deploy(plan: ServicePlan, number: int | None, threads: int, *, is_own: bool) -> None:
    """Start the replicas; replace running ones one after the other.

    A new replica answers before an old one stops; the old one first finishes its requests. Each
    replica reserves half of the processors that it uses, so that both fit during the change.

    Args:
        plan: The plan of the service.
        number: The number of replicas; None for as many as the queue needs.
        threads: The threads that compute in each replica.
        is_own: Whether the cluster is this service's, on this machine.

    Raises:
        ConfigError: The replicas cannot start; the old ones continue.
    """
    settings = plan.settings
    scaling: dict[str, Any] = {"num_replicas": number}
    if number is None:
        cores = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
        scaling = {
            "num_replicas": "auto",
            "autoscaling_config": {
                "min_replicas": 1,
                "max_replicas": max(1, cores // threads),
                "target_ongoing_requests": _BUSY_REQUESTS,
                "upscale_delay_s": _UPSCALE_SECONDS,
            },
        }
    rates = DeploymentActorConfig(
        name=_RATES, actor_class=ray.remote(Rates), actor_options={"num_cpus": 0}
    )
    deployment: Any = serve.deployment(
        serve.ingress()(Replica),
        name=_NAME,
        ray_actor_options={"num_cpus": threads / 2},
        max_ongoing_requests=settings.max_connections,
        max_queued_requests=settings.max_connections,
        backpressure_config=BackpressureConfig(retry_after_s=settings.retry_after_seconds),
        graceful_shutdown_timeout_s=settings.stop_seconds,
        graceful_shutdown_wait_loop_s=0.5,
        max_constructor_retry_count=_TRIES,
        max_surge_percent=100,
        deployment_actors=[rates],
        logging_config={"log_level": "WARNING", "enable_access_log": False},
        **scaling,
    )
    try:
        serve.run(deployment.bind(plan, is_own), name=_NAME, route_prefix="/")
    except RuntimeError as error:
        reason = one_line(error, 500)
        raise ConfigError(f"Ray Serve cannot start the replicas: {reason}") from None
