"""The trained models that a model learned from: its initial models and its teachers."""

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
    """Return sentences about a model, then about its initial models.

    Args:
        name: The name of the model.
        settings: The settings of its training: ``training``, ``model``.
        subject: The subject of the sentences.
        seen: The folders that are already described.
    """
    sentences = []
    if teacher := settings.get("training", {}).get("teacher"):
        path = Path(teacher)
        teacher_name = path.parent.name if path.name == BEST_FILE else path.name
        sentences.append(
            f"{subject} also learned from the probabilities that `{teacher_name}` gives to the "
            "training films (distillation), not from its weights."
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
        source_folder = folder / source
        run = _run(source_folder)
        if run is not None and source_folder not in seen:
            sentences += _sentences(source, run["settings"], f"`{source}`", seen | {source_folder})
    return sentences


def _run(folder: Path) -> dict[str, Any] | None:
    try:
        return read_run(folder)
    except CheckpointError:  # a damaged record must not prevent the card
        return None
