"""``moviegenre serve``: a model behind HTTP."""

import contextlib
import importlib.util
import socket
from types import FrameType
from typing import TYPE_CHECKING, Annotated, cast

import typer

from moviegenre.core.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from moviegenre.inference.backends import BackendName

_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "swagger_ui_bundle")


def serve(
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="An exported folder, a name on the hub, a best.pth or its folder. "
            "Default: the model in the box.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    backend: Annotated[
        str, typer.Option(help="auto, torch, or an exported folder's onnx, int8 or int4 file.")
    ] = "auto",
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A=C", help="A limit, as in max_queue=64; see docs/serve.md"),
    ] = None,
) -> None:
    """Answer over HTTP: POST /predict, the other addresses at /docs."""
    for package in _NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "serve", "moviegenre serve")
    import uvicorn

    from moviegenre import load
    from moviegenre.apps.service.app import create_app
    from moviegenre.apps.service.logs import log_config
    from moviegenre.apps.service.settings import ServiceSettings
    from moviegenre.box import box_folder
    from moviegenre.core.config import apply_overrides

    source = model or box_folder()
    settings = ServiceSettings.parse(apply_overrides({}, overrides or []), "--set")
    has_page = settings.page
    with _listening(host, port) as listener:
        predictor = load(source, backend=cast("BackendName", backend))
        app = create_app(predictor, settings, page=has_page)
        config = uvicorn.Config(
            app,
            log_config=log_config(),
            server_header=False,
            timeout_graceful_shutdown=settings.stop_seconds,
        )
        # Where it really listens, since port 0 is any.
        address, actual = listener.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        where = "open it in a browser, or see /docs" if has_page else "see /docs"
        name = model or f"the model in the box ({predictor.model.model_name})"
        # Raised before the server listens to signals, and once more after a graceful stop.
        with contextlib.suppress(KeyboardInterrupt):
            typer.echo(f"{name} answers at http://{shown}:{actual}; {where}; stop with Ctrl-C")
            _server(config, app).run(sockets=[listener])


def _server(config: "uvicorn.Config", app: "FastAPI") -> "uvicorn.Server":
    """Return a server that tells the app at once when it is to stop."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if stopping := getattr(app.state, "stopping", None):
                stopping()
            super().handle_exit(sig, frame)

    return Server(config)


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens, before a model is loaded in vain.

    Raises:
        ConfigError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # which repeats the address
        raise ConfigError(
            f"cannot listen on {host}:{port}: {reason}; name another --host or --port"
        ) from None
