"""The options of ``moviegenre serve``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

_ADDRESS, _ACCESS, _PROCESSES = "Address", "Access", "Processes"

Engine = Literal["local", "ray"]

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        rich_help_panel="Model",
        help="An exported folder, a name on the hub, a best.pth or its folder. "
        "Default: the included model.",
    ),
]
Host = Annotated[
    str,
    typer.Option(
        rich_help_panel=_ADDRESS,
        help="Address to listen on. Beyond this machine it needs --allow-host.",
    ),
]
Port = Annotated[
    int, typer.Option(min=0, max=65535, rich_help_panel=_ADDRESS, help="0 takes a free one.")
]
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
        rich_help_panel="Film library",
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
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A=C", help="A limit, as in max_queue=64; see docs/serve.md"),
]
NumWorkers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        max=256,
        rich_help_panel=_PROCESSES,
        help="Processes behind the port, each with the model.",
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        rich_help_panel=_PROCESSES,
        help="What runs the processes: this command, or Ray Serve on one machine or many.",
    ),
]
Replicas = Annotated[
    str | None,
    typer.Option(
        metavar="N|auto",
        rich_help_panel=_PROCESSES,
        help="Processes of Ray Serve; auto adds and removes them by the length of the queue. "
        "Default: 1.",
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        rich_help_panel=_PROCESSES,
        help="A running Ray cluster, whose service changes to --model. Default: start Ray here.",
    ),
]
