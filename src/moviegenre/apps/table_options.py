"""Options of every command that reads a table."""

from typing import Annotated, Literal

import typer

_PANEL, _MACHINES = "A table", "A table on many machines"

Separator = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_PANEL,
        help="What stands between cells: one character, or tab. Default: found out.",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_PANEL, help="Of the table's text, such as cp1252. Default: found out."
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        rich_help_panel=_PANEL,
        help="A well-known table: tmdb-5000, kaggle-movies, tmdb, streaming, wikipedia, omdb, "
        "mediaelch, cmu; plain for none. Default: recognised by its columns.",
    ),
]
Show = Annotated[
    bool,
    typer.Option(
        "--show",
        rich_help_panel=_PANEL,
        help="Print what is understood of the first five rows, and compute nothing.",
    ),
]

Engine = Annotated[
    Literal["local", "ray"],
    typer.Option(
        rich_help_panel=_MACHINES, help="What runs the shards: this process, or a Ray cluster."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel=_MACHINES,
        help="Ray actors, each with a model. Default: one for each processor of the cluster.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_MACHINES,
        metavar="HOST:PORT",
        help="Of the Ray cluster. Default: one is started on this machine, and ended.",
    ),
]
Shards = Annotated[
    str | None,
    typer.Option(
        metavar="K/N",
        rich_help_panel=_MACHINES,
        help="Answer the K-th of N shares only, where N runs share the table; the last to end "
        "joins them.",
    ),
]
