"""Film genres from plot and poster: multi-label classification on MM-IMDb.

Importing the package loads nothing heavy; each command and each function imports what it needs.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.core.types import BackendName
    from moviegenre.inference.predictor import Predictor

__all__ = ["__version__", "from_pretrained", "load"]

logger = logging.getLogger(__name__)


def load(
    model: str | Path | None = None,
    *,
    backend: "BackendName" = "auto",
    verify: bool = False,
    quick: bool = False,
    bulk: bool = False,
    threads: int | None = None,
) -> "Predictor":
    """Return a predictor for a trained model.

    Args:
        model: A ``best.pth``, its folder, an exported folder, or a name on the Hugging Face hub,
            as in ``someone/some-model``, with ``@revision`` after it if need be. None takes the
            included model, and logs that it did.
        backend: What computes: ``torch``, or an exported folder's ``onnx``, ``int8`` or ``int4``
            file, or ``openvino``, which computes the ``onnx`` file. ``auto`` takes that file where
            there is one, computed by OpenVINO if it is installed and at least as fast, else what
            there is.
        verify: Compare every file with the model's manifest first. Without that the files that are
            used are compared, and one whose size and times are those of last time is not read.
        quick: For a few films: be ready sooner and with half the memory, and slower for each film.
        bulk: For many films: compute one film on each core, instead of each film on all cores.
        threads: How many threads compute a film; None takes one for each core. In several
            processes at once, 1 is best.

    Raises:
        CheckpointError: There is no such model, it is damaged, or the backend does not fit it.
        ConfigError: ``threads`` is no number from 1 on, or the model is computed by PyTorch.
        HubError: The model is not on the hub, or the hub cannot be reached.
        MissingExtraError: The backend is not installed.

    For example:

        predictor = moviegenre.load("checkpoints/attention_fusion/best.pth")
        prediction = predictor.predict(plot="A detective ...", poster="poster.jpg")
        prediction.genres, prediction.probabilities, prediction.explain()
    """
    from moviegenre.inference.loading import load_predictor

    options = {"verified": verify, "quick": quick, "bulk": bulk}
    if model is not None:
        return load_predictor(model, backend=backend, threads=threads, **options)
    from moviegenre.box import VERSION, box_folder

    predictor = load_predictor(box_folder(), backend=backend, threads=threads, **options)
    logger.info("answered by the included model %s (%s)", VERSION, predictor.model.model_name)
    return predictor


from_pretrained = load
"""The same, by the name that Hugging Face's own classes have for it."""
