"""The trained models that a model learned from: those it started from, and its teachers."""

from pathlib import Path
from typing import Any

from moviegenre.artifacts.checkpoint_file import BEST_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.errors import CheckpointError
from moviegenre.experiment.runs import read_run
from moviegenre.models.registry import model_config_class


def ancestry(info: ModelInfo) -> list[str]:
    """Return a sentence for each trained model that this model learned from.

    Earlier models are included if their folders still exist.
    """
    sentences = _sentences(info.model_name, info.config, "It", frozenset())
    return list(dict.fromkeys(sentences))


def _sentences(
    name: str, settings: dict[str, Any], subject: str, seen: frozenset[Path]
) -> list[str]:
    """Return sentences about a model, then about those that it started from.

    Args:
        name: Which model.
        settings: What it was trained with: ``training``, ``model``.
        subject: What it is called at the start of a sentence.
        seen: Folders already described.
    """
    sentences = []
    if teacher := settings.get("training", {}).get("teacher"):
        path = Path(teacher)
        shown = path.parent.name if path.name == BEST_FILE else path.name
        sentences.append(
            f"{subject} also learned from the probabilities that `{shown}` gives to the training "
            "films (distillation), not from its weights."
        )
    config = model_config_class(name).parse(settings["model"], name)
    initial = config.initial_models()
    if initial is None:
        return sentences
    folder, sources = initial
    for modality, source in sources.items():
        sentences.append(
            f"{subject} started from `{source}`, which had been trained on {modality}s."
        )
        place = folder / source
        run = _run(place)
        if run is not None and place not in seen:
            sentences += _sentences(source, run["settings"], f"`{source}`", seen | {place})
    return sentences


def _run(folder: Path) -> dict[str, Any] | None:
    try:
        return read_run(folder)
    except CheckpointError:  # damaged; the card is not what that should stop
        return None
