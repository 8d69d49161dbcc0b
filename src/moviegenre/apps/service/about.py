"""What ``GET /model`` says of the model that answers."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from moviegenre.apps.service.schemas import ModelAnswer
from moviegenre.core.types import Modality
from moviegenre.core.version import __version__

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

_PACKAGES = ("numpy", "onnxruntime", "pillow", "tokenizers", "torch")


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


def _versions() -> dict[str, str]:
    found = {"moviegenre": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
