"""What ``GET /model`` says of the model that answers."""

import json
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.apps.service.schemas import GenreScores, ModelAnswer
from moviegenre.core.types import Modality
from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

_PACKAGES = ("numpy", "onnxruntime", "pillow", "tokenizers", "torch")
_SPLITS = ("test", "validation")


def about(predictor: "Predictor") -> ModelAnswer:
    """Return what is known of a model: its card, genres, thresholds and versions."""
    model = predictor.model
    cuts = predictor.point.thresholds
    return ModelAnswer(
        name=model.model_name,
        backend=predictor.backend.name,
        modalities=[modality.value for modality in Modality if modality in model.modalities],
        genres=list(model.genres.names),
        thresholds={name: float(cut) for name, cut in zip(model.genres.names, cuts, strict=True)},
        metrics=dict(model.metrics),
        card=_card(predictor),
        genre_scores=genre_scores(predictor.files),
        versions=_versions(),
        trained_with=dict(model.versions),
    )


def _card(predictor: "Predictor") -> str | None:
    """Return the text of the card beside the weights of an exported model."""
    from moviegenre.models.exported import CARD_FILE, is_exported

    for folder in {path.parent for path in predictor.files}:
        card = folder / CARD_FILE
        if is_exported(folder) and card.is_file():
            return card.read_text(encoding="utf-8")
    return None


def genre_scores(files: Sequence[Path]) -> GenreScores | None:
    """Return scores by genre from the first folder that has any, of the test split if it can be.

    Args:
        files: The files that the model was loaded from; ``metrics.json`` is looked for beside them.
    """
    from moviegenre.models.exported import METRICS_FILE

    for folder in dict.fromkeys(path.parent for path in files):
        try:
            metrics = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
            for split in _SPLITS:
                if by_genre := metrics.get(split, {}).get("per_genre"):
                    return GenreScores(split=split, genres=by_genre)
        except (OSError, ValueError, AttributeError):  # absent, damaged, or of another form
            continue
    return None


def _versions() -> dict[str, str]:
    found = {"moviegenre": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
