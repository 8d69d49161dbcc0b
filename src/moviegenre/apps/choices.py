"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from moviegenre.core.errors import did_you_mean
from moviegenre.core.types import BackendName, Split

_OTHER_SPLIT_NAMES = {"dev": Split.VAL, "validation": Split.VAL}


def split_name(word: str) -> Split:
    """Return the split of that name; ``dev`` (MM-IMDb's word) and ``validation`` are ``val``.

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
        "--split", parser=split_name, metavar="[train|val|test]", help="Part of the data."
    ),
]


def year_number(word: str) -> int:
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
