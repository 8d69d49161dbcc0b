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

from moviegenre.apps.listening import listen, shown_address
from moviegenre.apps.messages import echo
from moviegenre.core.errors import ConfigError, MissingExtraError
from moviegenre.core.types import BackendName

if TYPE_CHECKING:
    from moviegenre.apps.service.access.exposure import Access
    from moviegenre.apps.service.settings import ServiceSettings
    from moviegenre.inference.predictor import Predictor

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "swagger_ui_bundle")
_MODEL, _ADDRESS, _ACCESS, _LIBRARY = "Model", "Address", "Access", "Film library"


MetricsHost = Annotated[
    str, typer.Option(rich_help_panel=_ADDRESS, help="Address of --metrics-port.")
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        rich_help_panel=_ADDRESS,
        help="A port for /metrics alone, which needs no key.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_ACCESS,
        help="A name that clients ask for, beside localhost; repeatable.",
    ),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option(rich_help_panel=_ACCESS, help="API keys, one a line; requests need one."),
]
TrustProxy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS",
        rich_help_panel=_ACCESS,
        help="Address or network of a proxy whose X-Forwarded-For is believed; repeatable.",
    ),
]
Library = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        rich_help_panel=_LIBRARY,
        help="Show a film library on the page: preview, write and undo its genres. Only on this "
        "machine's loopback address.",
    ),
]
Page = Annotated[
    bool | None,
    typer.Option(
        "--page/--no-page",
        rich_help_panel=_ACCESS,
        help="Serve the page at /. Default: only on this machine.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        rich_help_panel=_MODEL,
        help="Compare every file of the model with its manifest first.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A=C", help="A limit, as in max_queue=64; see docs/serve.md"),
]


def serve(
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            rich_help_panel=_MODEL,
            help="An exported folder, a name on the hub, a best.pth or its folder. "
            "Default: the included model.",
        ),
    ] = None,
    backend: Annotated[
        BackendName,
        typer.Option(
            rich_help_panel=_MODEL,
            help="What computes: torch, or an exported folder's onnx, int8 or int4 file.",
        ),
    ] = "auto",
    host: Annotated[
        str,
        typer.Option(
            rich_help_panel=_ADDRESS,
            help="Address to listen on. Beyond this machine it needs --allow-host.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, rich_help_panel=_ADDRESS, help="0 takes a free one."),
    ] = 8000,
    metrics_host: MetricsHost = "127.0.0.1",
    metrics_port: MetricsPort = None,
    allow_host: AllowHost = None,
    api_key_file: ApiKeyFile = None,
    trust_proxy: TrustProxy = None,
    page: Page = None,
    library: Library = None,
    verify: Verify = False,
    overrides: Overrides = None,
) -> None:
    """Answer over HTTP: POST /predict, the other addresses at /docs.

    For example: moviegenre serve --port 8000
    """
    for package in _NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "serve", "moviegenre serve")
    from moviegenre import load
    from moviegenre.apps.service.access.exposure import address_of, decide_access
    from moviegenre.apps.service.logs import start_log
    from moviegenre.apps.service.settings import ServiceSettings
    from moviegenre.box import box_folder
    from moviegenre.core.config import apply_overrides

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
        listeners = [stack.enter_context(listen(access.address, port))]
        if metrics_port is not None:
            where = address_of(metrics_host, "--metrics-host")
            listener = listen(where, metrics_port, "--metrics-host or --metrics-port")
            listeners.append(stack.enter_context(listener))
            access = replace(access, metrics_port=listener.getsockname()[1])
        start_log()
        predictor = load(model or box_folder(), backend=backend, verify=verify)
        _run(predictor, model, settings, access, listeners, library, shows_page)


def _check_library(library: Path, access: "Access", shows_page: bool) -> None:
    """Fail early if a film library cannot be served, before the model is loaded.

    Raises:
        ConfigError: Others could reach it, or there is no page to show it.
        DataNotFoundError: There is no such folder.
    """
    from moviegenre.apps.service.library.routes import require_loopback
    from moviegenre.library.walk import library_root

    require_loopback(access)
    if not shows_page:
        raise ConfigError(
            "--library shows a part of the page, which is off; leave out --no-page and "
            "page=false, or --library"
        )
    library_root(library)


def _run(
    predictor: "Predictor",
    model: str | None,
    settings: "ServiceSettings",
    access: "Access",
    listeners: Sequence[socket.socket],
    library: Path | None,
    shows_page: bool,
) -> None:
    """Answer until stopped."""
    from moviegenre.apps.service.app import create_app
    from moviegenre.apps.service.logs import log_event
    from moviegenre.apps.service.server.running import GuardedServer

    if access.is_public and access.keys is None:
        hint = "whoever reaches this address may ask, without a key; see --api-key-file"
        log_event(logging.WARNING, hint)
    app = create_app(predictor, settings, page=shows_page, access=access, library=library)
    server = GuardedServer(app, settings, access)
    name = model or f"the included model ({predictor.model.model_name})"
    # Where it really listens, since port 0 is any.
    shown = f"http://{shown_address(listeners[0])}"
    where = "open it in a browser, or see /docs" if shows_page else "see /docs"
    if len(listeners) > 1:
        where += f"; metrics at http://{shown_address(listeners[1])}/metrics"
    # Raised before the server listens to signals, and once more after a graceful stop.
    with contextlib.suppress(KeyboardInterrupt):
        echo(f"{name} answers at {shown}; {where}; stop with Ctrl-C")
        server.run(sockets=list(listeners))
