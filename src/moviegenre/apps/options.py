"""The options that several commands share, and those of tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from moviegenre.core.errors import ConfigError, did_you_mean
from moviegenre.core.types import BackendName, Split

_OTHER_SPLIT_NAMES = {"dev": Split.VAL, "validation": Split.VAL}
_TABLE, _MACHINES = "A table", "A table on many machines"


def refuse_unused(options: Mapping[str, object], purpose: str) -> None:
    """Refuse options that were given and have no effect.

    Args:
        options: The values of the options, by name.
        purpose: The input that they have no effect on, such as "one film".

    Raises:
        ConfigError: An option was given; the message names all of them.
    """
    if unused := [name for name, value in options.items() if value]:
        raise ConfigError(f"{', '.join(unused)} has no effect on {purpose}; leave it out")


def parse_split(word: str) -> Split:
    """Return the split with this name; ``dev`` (MM-IMDb's word) and ``validation`` are ``val``.

    Raises:
        BadParameter: There is no such split.
    """
    if word in _OTHER_SPLIT_NAMES:
        return _OTHER_SPLIT_NAMES[word]
    try:
        return Split(word)
    except ValueError:
        raise typer.BadParameter(f"unknown split {word!r}; {did_you_mean(word, Split)}") from None


SplitOption = Annotated[
    Split,
    typer.Option(
        "--split", parser=parse_split, metavar="[train|val|test]", help="Part of the data."
    ),
]


def parse_year(word: str) -> int:
    """Return a year.

    Raises:
        BadParameter: The word is no whole number.
    """
    try:
        return int(word)
    except ValueError:
        raise typer.BadParameter(
            f"{word[:40]!r} is not a year; give a whole number such as 1994, or leave --year out"
        ) from None


Config = Annotated[Path | None, typer.Option("--config", help="YAML file of settings.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one setting.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
DataDir = Annotated[Path | None, typer.Option("--data", help="Folder of prepared data.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Train anew what was trained with other settings.")
]

Model = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        rich_help_panel="Model",
        help="A best.pth, its folder, an exported folder, or a name on the Hub. "
        "Default: the included model.",
    ),
]
Backend = Annotated[
    BackendName,
    typer.Option(
        rich_help_panel="Model",
        help="What computes: torch, or an exported folder's onnx, int8 or int4 file.",
    ),
]
Names = Annotated[
    str | None,
    typer.Option(
        metavar="tmdb|imdb|FILE",
        rich_help_panel="Answer",
        help="Names of genres: TMDb's, IMDb's, or a .json or .csv file of genres and names. "
        "An empty name drops the genre.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        rich_help_panel="Model",
        help="Compare every file of the model with its manifest first.",
    ),
]

Separator = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="What stands between cells: one character, or tab. Default: found out.",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE, help="Of the table's text, such as cp1252. Default: found out."
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        rich_help_panel=_TABLE,
        help="A well-known table: tmdb-5000, kaggle-movies, tmdb, streaming, wikipedia, omdb, "
        "mediaelch, imdb-list, cmu; plain for none. Default: recognised by its columns.",
    ),
]
Show = Annotated[
    bool,
    typer.Option(
        "--show",
        rich_help_panel=_TABLE,
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
