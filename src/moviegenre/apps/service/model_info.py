"""The answer of ``GET /model``: card, genres, thresholds, scores and versions of the model."""

import json
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moviegenre import box
from moviegenre.apps.service.schemas import GenreScores, ModelAnswer
from moviegenre.core.types import Modality
from moviegenre.core.version import __version__, installed_versions

if TYPE_CHECKING:
    from moviegenre.inference.model_source import ModelSource
    from moviegenre.inference.predictor import Predictor

_PACKAGES = ("numpy", "onnxruntime", "pillow", "tokenizers", "torch")
_SPLITS = ("test", "validation")
_BY_INPUT = "test by what is given"


def model_info(predictor: "Predictor") -> ModelAnswer:
    """Return the answer of ``GET /model``."""
    model = predictor.model
    names = model.genres.names
    return ModelAnswer(
        name=model.model_name,
        backend=predictor.backend.name,
        modalities=[modality.value for modality in Modality if modality in model.modalities],
        genres=list(names),
        thresholds={
            name: float(value)
            for name, value in zip(names, predictor.point.thresholds, strict=True)
        },
        metrics=dict(model.metrics),
        card=_card(predictor.files),
        genre_scores=_genre_scores(predictor.files),
        input_scores=_input_scores(predictor.files),
        versions=_versions(predictor.source),
        trained_with=dict(model.versions),
    )


def _card(files: Sequence[Path]) -> str | None:
    """Return the text of the card beside the weights of an exported model."""
    from moviegenre.artifacts.folder import CARD_FILE, is_exported

    for folder in {path.parent for path in files}:
        card = folder / CARD_FILE
        if is_exported(folder) and card.is_file():
            return card.read_text(encoding="utf-8")
    return None


def _genre_scores(files: Sequence[Path]) -> GenreScores | None:
    """Return scores by genre from the first folder that has any; the test split comes first."""
    for metrics in _metrics(files):
        try:
            for split in _SPLITS:
                if by_genre := metrics.get(split, {}).get("per_genre"):
                    return GenreScores(split=split, genres=by_genre)
        except (ValueError, AttributeError):  # the file has another form
            continue
    return None


def _input_scores(files: Sequence[Path]) -> dict[str, dict[str, float]] | None:
    """Return scores on test films by their inputs, from the first folder that has any."""
    for metrics in _metrics(files):
        try:
            rows = metrics.get(_BY_INPUT, {}).get("rows", {})
            scores = {
                name: {key: float(value) for key, value in row.items()}
                for name, row in rows.items()
            }
        except (TypeError, ValueError, AttributeError):  # the file has another form
            continue
        if scores:
            return scores
    return None


def _metrics(files: Sequence[Path]) -> Iterator[Any]:
    """Yield the content of each ``metrics.json`` beside some files."""
    from moviegenre.artifacts.folder import METRICS_FILE

    for folder in dict.fromkeys(path.parent for path in files):
        try:
            yield json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # absent or damaged
            continue


def _versions(source: "ModelSource | None") -> dict[str, str]:
    versions = {"moviegenre": __version__, "python": platform.python_version()}
    if source is not None and source.is_included:
        versions["included model"] = box.VERSION
    return versions | installed_versions(_PACKAGES)
