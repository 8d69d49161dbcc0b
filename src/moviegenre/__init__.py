"""Film genres from plot and poster: multi-label classification on MM-IMDb.

Importing the package loads nothing heavy; each command and each function imports what it needs.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.inference.backends import BackendName
    from moviegenre.inference.predictor import Predictor

__all__ = ["__version__", "from_pretrained", "load"]


def load(model: str | Path, *, backend: "BackendName" = "auto") -> "Predictor":
    """Return a predictor for a trained model.

    Args:
        model: A ``best.pth``, its folder, an exported folder, or a name on the Hugging Face hub,
            as in ``someone/some-model``, with ``@revision`` after it if need be.
        backend: What computes: ``torch``, or an exported folder's ``onnx`` or ``int8`` file.
            ``auto`` takes ``onnx`` where there is one and onnxruntime is installed.

    Raises:
        CheckpointError: There is no such model, it is damaged, or the backend does not fit it.
        MissingExtraError: The backend needs onnxruntime, which is not installed.

    For example:

        predictor = moviegenre.load("checkpoints/attention_fusion/best.pth")
        prediction = predictor.predict(plot="A detective ...", poster="poster.jpg")
        prediction.genres, prediction.probabilities, prediction.explain()
    """
    from moviegenre.inference.loading import load_predictor

    return load_predictor(model, backend=backend)


from_pretrained = load
"""The same, by the name that Hugging Face's own classes have for it."""
