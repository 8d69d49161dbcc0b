"""A trained model's probabilities for a split, kept beside its weights until either changes."""

import logging
from pathlib import Path

from moviegenre.core.files import file_sha256
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.evaluate import predict_split
from moviegenre.models.checkpoint import load_checkpoint

logger = logging.getLogger(__name__)


def kept_predictions(checkpoint: Path, split: Split) -> Path | None:
    """Return the file of a checkpoint's probabilities for a split, of whatever movies, if any.

    Args:
        checkpoint: The ``best.pth``.
        split: Which part.
    """
    name = _file_name(checkpoint, split, missing=None, fingerprint="*")
    return max(checkpoint.parent.glob(name), default=None)


def load_kept(checkpoint: Path, data: PreparedData, split: Split) -> Predictions | None:
    """Return a model's probabilities for the movies of a split, where an evaluation kept them.

    Args:
        checkpoint: The ``best.pth``.
        data: The prepared data.
        split: Which part.

    Raises:
        DataError: The file is damaged.
    """
    name = _file_name(checkpoint, split, missing=None, fingerprint=data.fingerprint)
    path = checkpoint.parent / name
    return Predictions.load(path) if path.is_file() else None


def _file_name(
    checkpoint: Path, split: Split, *, missing: Modality | None, fingerprint: str
) -> str:
    return f"{_kind(missing)}-{split.value}-{file_sha256(checkpoint)[:12]}-{fingerprint[:12]}.npz"


def _kind(missing: Modality | None) -> str:
    return "predictions" if missing is None else f"predictions_without_{missing.value}"


def cached_predictions(
    checkpoint: Path,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    keep: bool = True,
    progress: bool = False,
) -> Predictions:
    """Return a model's probabilities, from an earlier evaluation of the same weights and movies.

    Args:
        checkpoint: The ``best.pth``.
        data: The prepared data.
        split: Which part.
        missing: Hide this modality of every movie.
        keep: Write what is computed beside the weights, in place of what is out of date.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The checkpoint cannot be read, or has other genres than the data.
    """
    folder = checkpoint.parent
    path = folder / _file_name(checkpoint, split, missing=missing, fingerprint=data.fingerprint)
    if path.is_file():
        return Predictions.load(path)
    logger.info("evaluating %s on %s", folder.name, split.value)
    found = predict_split(
        load_checkpoint(checkpoint), data, split, missing=missing, progress=progress
    )
    if keep:
        for stale in folder.glob(f"{_kind(missing)}-{split.value}-*.npz"):
            stale.unlink()
        found.save(path)
    return found
