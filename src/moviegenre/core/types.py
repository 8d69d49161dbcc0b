"""Types that several floors share: modalities, splits, and the words that settings take.

Shape letters, here and everywhere: B batch, T plot tokens, S vectors of a plot (one a token, or one
a window), R poster regions, D embedding, L labels, M modalities, H and W pixels (height first).
"""

from enum import StrEnum
from typing import Any, Literal


class Modality(StrEnum):
    """A source of evidence about a movie."""

    PLOT = "plot"
    POSTER = "poster"


Part = Literal["plot", "poster", "title", "year"]
"""What a model may read of a film."""

PLOT_AND_POSTER: tuple[Part, ...] = ("plot", "poster")

MAX_SEED = 2**32 - 1
"""The largest seed that NumPy and PyTorch both accept."""

Track = Literal["closed", "open"]
"""Whether a model learned from the training split alone, or from further labelled plots as well."""


class Family(StrEnum):
    """The kind of a model, which decides the models it is compared with."""

    BASELINE = "baseline"
    SINGLE = "single"
    FUSION = "fusion"
    ENSEMBLE = "ensemble"

    @property
    def is_baseline(self) -> bool:
        """Whether it is a baseline: it is ranked, but is left out of the findings."""
        return self is Family.BASELINE

    @property
    def is_single(self) -> bool:
        """Whether it is a model of one modality, which fusions start from and must beat."""
        return self is Family.SINGLE

    @property
    def is_fusion(self) -> bool:
        """Whether it is one network for several modalities."""
        return self is Family.FUSION

    @property
    def is_ensemble(self) -> bool:
        """Whether it is made of other models, and may look at anything."""
        return self is Family.ENSEMBLE


Architectures = dict[str, dict[str, Any]]
"""The architecture of each pretrained encoder of a model, by its attribute name."""


class Split(StrEnum):
    """A part of the data; MM-IMDb's ``dev`` is called ``val`` here."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


SplitKind = Literal["official", "stratified"]
"""How movies are split: by their source, or by a new stratified split."""

TextRule = Literal["longest", "first", "joined", "sentence", "random"]
"""A rule that gives one text of a movie's plots, see ``data.film_text``."""

PlotRule = Literal[TextRule, "each"]
"""A rule of ``TextRule``, or ``each``: every plot is a text of its own."""

BackendName = Literal["auto", "torch", "onnx", "openvino", "int8", "int4"]
"""The library and weights that compute a model; ``auto`` takes the best available."""

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
