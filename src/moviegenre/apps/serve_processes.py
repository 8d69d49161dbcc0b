"""The processes of ``moviegenre serve``: this process, its workers, or replicas of Ray Serve."""

import contextlib
import importlib.util
import logging
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from moviegenre.apps.messages import echo
from moviegenre.apps.sockets import shown_address
from moviegenre.core.errors import ConfigError

if TYPE_CHECKING:
    from moviegenre.apps.service.access.exposure import Access
    from moviegenre.apps.service.settings import ServiceSettings
    from moviegenre.inference.predictor import Predictor

Engine = Literal["local", "ray"]
AUTO = "auto"


@dataclass(frozen=True)
class Service:
    """The model and the settings that are served.

    Attributes:
        predictor: The model.
        name: The name of the model, for messages.
        settings: Limits and waiting times.
        access: Who may reach it.
        shows_page: Whether the page is served.
    """

    predictor: "Predictor"
    name: str
    settings: "ServiceSettings"
    access: "Access"
    shows_page: bool

    def line(self, listeners: Sequence[socket.socket]) -> str:
        """Return the beginning of the first message: the model and its addresses."""
        hint = "open it in a browser, or see /docs" if self.shows_page else "see /docs"
        if len(listeners) > 1:
            hint += f"; metrics at http://{shown_address(listeners[1])}/metrics"
        return f"{self.name} answers at http://{shown_address(listeners[0])}; {hint}"


@dataclass(frozen=True)
class Processes:
    """The processes that answer, and the engine that runs them.

    Attributes:
        engine: This command, or Ray Serve.
        number: The number of processes; None for as many as the queue needs.
        address: The address of a running Ray cluster.
    """

    engine: Engine
    number: int | None
    address: str | None

    @classmethod
    def parse(
        cls, workers: int, engine: Engine, replicas: str | None, address: str | None
    ) -> "Processes":
        """Return the processes that the options name.

        Raises:
            ConfigError: An option has no effect, or ``--replicas`` is not a number.
        """
        if engine == "local":
            if replicas is not None or address is not None:
                raise ConfigError(
                    "--replicas and --address have no effect without --engine ray; add it, or "
                    "use --workers"
                )
            if workers > 1 and importlib.util.find_spec("fcntl") is None:
                raise ConfigError(
                    f"--workers {workers} needs file locks of Linux or macOS, which this system "
                    "does not have; leave it out"
                )
            return cls(engine, workers, None)
        if workers > 1:
            raise ConfigError("--workers has no effect with --engine ray; use --replicas")
        if replicas == AUTO:
            return cls(engine, None, address)
        text = replicas or "1"
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise ConfigError(f"--replicas {text!r}: expected a whole number from 1 on, or {AUTO}")
        return cls(engine, int(text), address)

    @property
    def is_one(self) -> bool:
        """Whether this process answers by itself."""
        return self.engine == "local" and self.number == 1

    def check(self, library: Path | None, metrics_port: int | None) -> None:
        """Refuse options that do not fit several processes.

        Raises:
            ConfigError: Such an option is given.
        """
        if library is not None and not self.is_one:
            raise ConfigError(
                "--library keeps its preview in one process, which the next request must reach; "
                "leave out --workers and --engine, or --library"
            )
        if metrics_port is not None and self.engine == "ray":
            raise ConfigError(
                "--metrics-port has no effect with --engine ray, whose only port is --port; read "
                "/metrics there"
            )

    def run(self, service: Service, listeners: Sequence[socket.socket]) -> None:
        """Answer in several workers until stopped.

        Raises:
            MovieGenreError: A worker cannot start.
        """
        from moviegenre.apps.service.plan import ServicePlan, share_of, threads_of
        from moviegenre.apps.service.server.workers import Workers

        assert self.number is not None
        settings = share_of(service.settings, self.number)
        plan = ServicePlan.of(
            service.predictor,
            settings,
            service.access,
            page=service.shows_page,
            threads=threads_of(self.number),
        )
        line = f"{service.line(listeners)}; {self.number} workers; stop with Ctrl-C"
        with contextlib.suppress(KeyboardInterrupt):
            Workers(plan, self.number, listeners).run(lambda: echo(line))

    def run_on_ray(self, service: Service, listeners: Sequence[socket.socket], port: int) -> None:
        """Answer in replicas until stopped; on a running cluster, return once they answer.

        Args:
            service: The model and the settings.
            listeners: A socket at the port, as a check that it is free; empty on another cluster.
            port: The port of Ray's proxy on another cluster.

        Raises:
            MovieGenreError: There is no cluster, or a replica cannot start.
        """
        from moviegenre.apps.service.logs import log_event
        from moviegenre.apps.service.plan import ServicePlan, threads_of
        from moviegenre.core.ray_cluster import ray_cluster

        settings, access = service.settings, service.access
        if access.is_public:
            hint = "Ray's HTTP proxy does not limit connections; put nginx or Caddy in front of it"
            log_event(logging.WARNING, hint)
        is_own = self.address is None
        threads = threads_of(self.number) if is_own and self.number else 1
        plan = ServicePlan.of(
            service.predictor, settings, access, page=service.shows_page, threads=threads
        )
        line = f"{service.name} answers"
        for listener in listeners:
            port, line = listener.getsockname()[1], service.line(listeners)
            listener.close()
        with (
            contextlib.suppress(KeyboardInterrupt),
            ray_cluster(self.address, show_logs=is_own) as cluster,
        ):
            from moviegenre.apps.service.server.replicas import deploy, ray_serve

            seconds = settings.idle_seconds
            with ray_serve(access.address, port, keep_alive_seconds=seconds, is_own=is_own):
                deploy(plan, self.number, threads, is_own=is_own)
                if not is_own:
                    echo(f"{line} on the Ray cluster at {cluster}")
                    return
                change_options = f"--engine ray --address {cluster} --model OTHER"
                echo(f"{line}; change the model with {change_options}; stop with Ctrl-C")
                threading.Event().wait()
