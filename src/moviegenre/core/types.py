"""Types that several floors share: modalities, splits, and the words that settings take.

Shape letters, here and everywhere: B batch, T plot tokens, S vectors of a plot (one a token, or one
a window), R poster regions, D embedding, L labels, M modalities, H and W pixels (height first).
"""

from enum import StrEnum
from typing import Literal


class Modality(StrEnum):
    """A source of evidence about a movie."""

    PLOT = "plot"
    POSTER = "poster"


Track = Literal["closed", "open"]
"""Whether a model learned from the training split alone, or from further labelled plots as well."""


class Split(StrEnum):
    """A part of the data; MM-IMDb's ``dev`` is called ``val`` here."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


SplitKind = Literal["official", "stratified"]
"""How movies are split: as their source says, or anew."""

TextRule = Literal["longest", "first", "joined", "sentence", "random"]
"""A rule that gives one text of a movie's plots, see ``data.plots``."""

PlotRule = Literal[TextRule, "each"]
"""A rule of ``TextRule``, or ``each``: every plot is a text of its own."""

BackendName = Literal["auto", "torch", "onnx", "int8", "int4"]
"""What computes a model's answers; ``auto`` takes the best that is there."""

SmallBackend = Literal["int8", "int4"]
"""An ONNX file of small weights."""

AttributionMethod = Literal["auto", "gradients", "occlusion"]
"""How an explanation finds words and regions."""

ThresholdRule = Literal["0.5", "global", "per-genre"]
"""Which thresholds are fitted."""

Goal = Literal["f1_macro", "f1_micro"]
"""The score that thresholds are fitted for."""

CalibrationMethod = Literal["none", "weights", "temperature", "platt"]
"""How probabilities are calibrated."""
