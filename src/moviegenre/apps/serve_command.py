"""``moviegenre serve``: a model behind HTTP."""

import contextlib
import importlib.util
import logging
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviegenre.apps.messages import echo
from moviegenre.apps.options import Backend, Verify
from moviegenre.apps.serve_processes import Engine, Processes, Service
from moviegenre.apps.sockets import listen
from moviegenre.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from moviegenre.apps.service.access.exposure import Access

_PACKAGES = ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "swagger_ui_bundle")
_ADDRESS, _ACCESS, _PROCESSES = "Address", "Access", "Processes"

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        rich_help_panel="Model",
        help="Model: an exported folder, a name on the Hub, a best.pth or its folder. "
        "Default: the included model.",
    ),
]
Host = Annotated[
    str,
    typer.Option(
        rich_help_panel=_ADDRESS,
        help="Address to listen on; one that other machines can reach needs --allow-host.",
    ),
]
Port = Annotated[
    int,
    typer.Option(
        min=0, max=65535, rich_help_panel=_ADDRESS, help="Port to listen on; 0 takes a free one."
    ),
]
MetricsHost = Annotated[
    str | None,
    typer.Option(rich_help_panel=_ADDRESS, help="Address for --metrics-port. Default: 127.0.0.1."),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        rich_help_panel=_ADDRESS,
        help="Separate port for /metrics, without API keys.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_ACCESS,
        help="Host name that clients use, besides localhost; repeatable.",
    ),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option(
        rich_help_panel=_ACCESS, help="File of API keys, one per line; requests then need one."
    ),
]
TrustProxy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS",
        rich_help_panel=_ACCESS,
        help="Address or network of a proxy whose X-Forwarded-For is trusted; repeatable.",
    ),
]
Library = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        rich_help_panel="Film library",
        help="Film library to show on the page: preview, write and undo its genres. Only on the "
        "loopback address.",
    ),
]
Page = Annotated[
    bool | None,
    typer.Option(
        "--page/--no-page",
        rich_help_panel=_ACCESS,
        help="Serve the page at /. Default: only if other machines cannot connect.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="A=C", help="Set a limit, as in max_queue=64; see docs/serve.md."
    ),
]
NumWorkers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        max=256,
        rich_help_panel=_PROCESSES,
        help="Number of processes behind the port, each with the model.",
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        rich_help_panel=_PROCESSES,
        help="Run the processes by this command, or by Ray Serve on one machine or many.",
    ),
]
Replicas = Annotated[
    str | None,
    typer.Option(
        metavar="N|auto",
        rich_help_panel=_PROCESSES,
        help="Number of Ray Serve processes; auto adds and removes them with the queue's length. "
        "Default: 1.",
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        rich_help_panel=_PROCESSES,
        help="Running Ray cluster; its service switches to --model. Default: start Ray here.",
    ),
]


def serve(
    model: Model = None,
    backend: Backend = "auto",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    metrics_host: MetricsHost = None,
    metrics_port: MetricsPort = None,
    allow_host: AllowHost = None,
    api_key_file: ApiKeyFile = None,
    trust_proxy: TrustProxy = None,
    page: Page = None,
    library: Library = None,
    workers: NumWorkers = 1,
    engine: EngineOption = "local",
    replicas: Replicas = None,
    address: RayAddress = None,
    verify: Verify = False,
    overrides: Overrides = None,
) -> None:
    """Serve a model over HTTP: POST /predict; /docs lists all addresses.

    For example: moviegenre serve --port 8000
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "serve", "moviegenre serve")
    from moviegenre import load
    from moviegenre.apps.service.access.exposure import address_of, decide_access
    from moviegenre.apps.service.logs import log_event, start_log
    from moviegenre.apps.service.settings import ServiceSettings
    from moviegenre.box import box_folder
    from moviegenre.core.config import apply_overrides

    processes = Processes.parse(workers, engine, replicas, address)
    processes.check(library, metrics_port)
    if metrics_port is None and metrics_host is not None:
        raise ConfigError("--metrics-host has no effect without --metrics-port; add it")
    settings = ServiceSettings.parse(apply_overrides({}, overrides or []), "--set")
    access = decide_access(
        address_of(host),
        allow_hosts=allow_host or (),
        api_key_file=api_key_file,
        trust_proxies=trust_proxy or (),
    )
    shows_page = settings.page and (not access.is_public if page is None else page)
    if library is not None:
        _check_library(library, access, shows_page)
    with contextlib.ExitStack() as stack:
        listeners = []
        if processes.address is None:
            listeners.append(stack.enter_context(listen(access.address, port)))
        if metrics_port is not None:
            metrics_address = address_of(metrics_host or "127.0.0.1", "--metrics-host")
            listener = listen(metrics_address, metrics_port, "--metrics-host or --metrics-port")
            listeners.append(stack.enter_context(listener))
            access = replace(access, metrics_port=listener.getsockname()[1])
        start_log()
        predictor = load(box_folder() if model is None else model, backend=backend, verify=verify)
        if access.is_public and access.keys is None:
            hint = "anyone who can reach this address can use it without a key; see --api-key-file"
            log_event(logging.WARNING, hint)
        name = model or f"the included model ({predictor.model.model_name})"
        service = Service(predictor, name, settings, access, shows_page)
        if processes.is_one:
            _run(service, listeners, library)
        elif processes.engine == "ray":
            processes.run_on_ray(service, listeners, port)
        else:
            processes.run(service, listeners)


def _check_library(library: Path, access: "Access", shows_page: bool) -> None:
    """Fail early if a film library cannot be served, before the model is loaded.

    Raises:
        ConfigError: Other machines could reach it, or the page is off.
        DataNotFoundError: There is no such folder.
    """
    from moviegenre.apps.service.library.routes import require_loopback
    from moviegenre.library.walk import library_root

    require_loopback(access)
    if not shows_page:
        raise ConfigError(
            "--library is a part of the page, which is off; leave out --no-page and "
            "page=false, or --library"
        )
    library_root(library)


def _run(service: Service, listeners: Sequence[socket.socket], library: Path | None) -> None:
    """Answer in this process until stopped."""
    from moviegenre.apps.service.app import create_app
    from moviegenre.apps.service.server.guarded_server import GuardedServer

    app = create_app(
        service.predictor,
        service.settings,
        page=service.shows_page,
        access=service.access,
        library=library,
    )
    server = GuardedServer(app, service.settings, service.access)
    # KeyboardInterrupt comes before the server handles signals, or after a graceful stop.
    with contextlib.suppress(KeyboardInterrupt):
        echo(f"{service.line(listeners)}; stop with Ctrl-C")
        server.run(sockets=list(listeners))
