"""The parts of a film that a model of one's own genres reads: those that it could learn from."""

from collections.abc import Mapping
from typing import Any

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.types import Part

MIN_FILMS_WITH_PART = 50
"""The films with a part from which it is read; half of the films are enough if there are fewer.

With fewer, thresholds and a calibration of films with this part alone cannot be fitted (see
``missing_modality``), so an answer from it would be a guess.
"""


def learned_parts(
    films_with: Mapping[Part, int], num_films: int, known: ModelInfo
) -> tuple[Part, ...]:
    """Return the parts of a film that enough films have, of those that the base model reads.

    Title and year are read only beside plots. If no part has enough films, all are read.

    Args:
        films_with: The number of films with each part.
        num_films: The number of films.
        known: The base model.
    """
    least = max(1, min(MIN_FILMS_WITH_PART, (num_films + 1) // 2))
    base = known.parts
    parts = tuple(part for part in base if films_with.get(part, 0) >= least)
    if "plot" not in parts:
        parts = tuple(part for part in parts if part == "poster")
    return parts or base


def with_parts(model: ModelInfo, parts: tuple[Part, ...]) -> ModelInfo:
    """Return the description of a model that reads only some parts of a film."""
    config: dict[str, Any] = dict(model.config)
    config["data"] = {**config["data"], "reads": list(parts)}
    return model.model_copy(
        update={
            "config": config,
            "modalities": frozenset(one for one in model.modalities if one.value in parts),
            "tokenizer": model.tokenizer if "plot" in parts else None,
        }
    )
