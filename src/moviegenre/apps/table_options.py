"""Options of every command that reads a table."""

from typing import Annotated

import typer

_PANEL = "A table"

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
