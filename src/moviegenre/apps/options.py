"""The options that several commands share, and those of tables."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import typer

from moviegenre.core.errors import ConfigError, did_you_mean, shortened
from moviegenre.core.types import BackendName, Split

_OTHER_SPLIT_NAMES = {"dev": Split.VAL, "validation": Split.VAL}
_TABLE, _MACHINES = "A table", "A table on many machines"


class OutSettings(TypedDict):
    """Settings of ``typer.Option``."""

    parser: Callable[[str], Path]
    metavar: str


def refuse_unused(options: Mapping[str, object], purpose: str) -> None:
    """Refuse options that were given and have no effect.

    Args:
        options: The values of the options, by name.
        purpose: The input that they have no effect on, such as "one film".

    Raises:
        ConfigError: An option was given; the message names all of them.
    """
    if unused := [name for name, value in options.items() if value]:
        have, them = ("has", "it") if len(unused) == 1 else ("have", "them")
        raise ConfigError(f"{', '.join(unused)} {have} no effect on {purpose}; leave {them} out")


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
        "--split", parser=parse_split, metavar="[train|val|test]", help="Data split to use."
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


def parse_address(word: str) -> str:
    """Return the path or the address of an output.

    Raises:
        BadParameter: It is empty, standard output, or no file or folder.
    """
    if "://" in word:
        return word
    expected = "expected the path of a file or folder"
    if not word.strip():
        raise typer.BadParameter(f"the path is empty; {expected}")
    if word == "-":
        raise typer.BadParameter(f"'-' would be standard output; {expected}, such as ./answers")
    path = Path(word)
    try:
        is_usual = path.is_file() or path.is_dir() or not path.exists()
    except (OSError, ValueError):
        is_usual = True  # the command names the fault
    if path.parent in (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd")) or not is_usual:
        raise typer.BadParameter(f"{shortened(word)} is no file or folder; {expected}")
    return word


def parse_out(word: str | Path) -> Path:
    """Return the path of an output, see ``parse_address``; a default is a path already."""
    return Path(parse_address(str(word)))


OUT: OutSettings = {"parser": parse_out, "metavar": "PATH"}
"""The settings of an option that names an output."""


Config = Annotated[Path | None, typer.Option("--config", help="YAML file with settings.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="A.B=C", help="Override one setting.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress bars.")]
DataDir = Annotated[Path | None, typer.Option("--data", help="Folder of prepared data.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Retrain models that have other settings.")
]

Model = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        rich_help_panel="Model",
        help="Model: a best.pth, its folder, an exported folder, or a name on the Hub. "
        "Default: the included model.",
    ),
]
Backend = Annotated[
    BackendName,
    typer.Option(
        rich_help_panel="Model",
        help="Runtime: torch, or an exported folder's onnx, int8 or int4 file. openvino computes "
        "the onnx file; auto takes it if it is installed and faster.",
    ),
]
Names = Annotated[
    str | None,
    typer.Option(
        metavar="tmdb|imdb|FILE",
        rich_help_panel="Answer",
        help="Genre names to use: TMDb's, IMDb's, or those in a .json or .csv file. An empty name "
        "drops the genre.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        rich_help_panel="Model",
        help="First check every file of the model against its manifest.",
    ),
]

Separator = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_TABLE,
        help="Cell separator: one character, or tab. Default: detected.",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(rich_help_panel=_TABLE, help="Text encoding, such as cp1252. Default: detected."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        rich_help_panel=_TABLE,
        help="Known table format: tmdb-5000, kaggle-movies, tmdb, streaming, wikipedia, omdb, "
        "mediaelch, imdb-list, cmu; plain for none. Default: detected.",
    ),
]
Show = Annotated[
    bool,
    typer.Option(
        "--show",
        rich_help_panel=_TABLE,
        help="Print how the first five rows are read, and compute nothing.",
    ),
]

Engine = Annotated[
    Literal["local", "ray"],
    typer.Option(
        rich_help_panel=_MACHINES, help="Compute the shards in this process, or on a Ray cluster."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel=_MACHINES,
        help="Number of Ray actors, each with a model. Default: one per processor.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_MACHINES,
        metavar="HOST:PORT",
        help="Address of a Ray cluster. Default: start one here for this job.",
    ),
]
Shards = Annotated[
    str | None,
    typer.Option(
        metavar="K/N",
        rich_help_panel=_MACHINES,
        help="Compute only share K of N, for a table divided among N runs. The last run to finish "
        "joins the shares.",
    ),
]
