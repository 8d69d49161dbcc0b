"""Types that every floor shares: modalities, tracks and splits.

Shape letters, here and everywhere: B batch, T plot tokens, S vectors of a plot (one a token, or one
a window), R poster regions, D embedding, L labels, M modalities, H and W pixels (height first).
"""

from enum import StrEnum
from typing import Any, Literal


class Modality(StrEnum):
    """A source of evidence about a movie."""

    PLOT = "plot"
    POSTER = "poster"


Track = Literal["closed", "open"]
"""Whether a model learned from the training split alone, or from further labelled plots as well."""

Architectures = dict[str, dict[str, Any]]
"""The architecture of each pretrained encoder of a model, by its attribute name."""


class Split(StrEnum):
    """A part of the data; MM-IMDb's ``dev`` is called ``val`` here."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
