"""The words that options take, and the options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from moviegenre.core.errors import did_you_mean


class SplitName(StrEnum):
    """A part of the data."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class SplitKindName(StrEnum):
    """How ``data prepare`` splits movies."""

    OFFICIAL = "official"
    STRATIFIED = "stratified"


class BackendChoice(StrEnum):
    """What computes a model's answers."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    INT8 = "int8"
    INT4 = "int4"


class SmallForm(StrEnum):
    """An ONNX file that ``export --only`` leaves as the only weights."""

    INT8 = "int8"
    INT4 = "int4"


class ThresholdRule(StrEnum):
    """What thresholds are fitted."""

    HALF = "0.5"
    GLOBAL = "global"
    PER_GENRE = "per-genre"


class GoalName(StrEnum):
    """The score that thresholds are fitted for."""

    F1_MACRO = "f1_macro"
    F1_MICRO = "f1_micro"


class CalibrationName(StrEnum):
    """How probabilities are calibrated."""

    NONE = "none"
    WEIGHTS = "weights"
    TEMPERATURE = "temperature"
    PLATT = "platt"


class AttributionMethod(StrEnum):
    """How an explanation finds words and regions."""

    AUTO = "auto"
    GRADIENTS = "gradients"
    OCCLUSION = "occlusion"


class LeakRuleName(StrEnum):
    """Which near duplicates count as leaks."""

    EITHER = "either"
    PLOT = "plot"
    POSTER = "poster"
    BOTH = "both"


class PlotRuleName(StrEnum):
    """Which of a movie's plots ``data audit`` reads."""

    FIRST = "first"
    LONGEST = "longest"
    JOINED = "joined"


class LibraryMode(StrEnum):
    """What ``library`` does with genres that are there."""

    MISSING = "missing"
    ADD = "add"
    REPLACE = "replace"


_OTHER_SPLIT_NAMES = {"dev": SplitName.VAL, "validation": SplitName.VAL}


def split_name(word: str) -> SplitName:
    """Return the split of that name; ``dev`` (MM-IMDb's word) and ``validation`` are ``val``.

    Raises:
        BadParameter: There is no such split.
    """
    if word in _OTHER_SPLIT_NAMES:
        return _OTHER_SPLIT_NAMES[word]
    try:
        return SplitName(word)
    except ValueError:
        raise typer.BadParameter(
            f"unknown split {word!r}; {did_you_mean(word, SplitName)}"
        ) from None


SplitOption = Annotated[
    SplitName,
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
    BackendChoice,
    typer.Option(
        rich_help_panel="Model",
        help="What computes: torch, or an exported folder's onnx, int8 or int4 file.",
    ),
]
