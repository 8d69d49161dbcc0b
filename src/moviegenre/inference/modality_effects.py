"""The effects of a film's modalities: each in turn is left out."""

from functools import partial

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.trained import TrainedModel
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from moviegenre.inference.films import Film
from moviegenre.inference.prediction import Explanation
from moviegenre.inference.slices import Slices


def explain_modalities(
    backend: TrainedModel, film: Film, batch: BatchArrays, point: OperatingPoint, slices: Slices
) -> tuple[Explanation, npt.NDArray[np.float32]]:
    """Return the effect of each modality on each genre, and the logits (L,) of the whole film.

    Args:
        backend: The opened model.
        film: The film.
        batch: The batch of this film alone.
        point: The operating point for its modalities.
        slices: How the work is run.
    """
    genres = backend.info.genres
    whole = slices.run(lambda: backend.answer(batch))
    effects: dict[str, dict[str, float]] = {name: {} for name in genres}
    for modality in film.modalities:
        without = slices.run(partial(backend.answer, batch.without(modality)))
        # The calibration's shift cancels in the difference; its scale does not.
        decrease = point.scale * (whole.logits[0] - without.logits[0])
        for name, effect in zip(genres, decrease, strict=True):
            effects[name][film.part_of(modality)] = float(effect)
    gate = None
    if whole.gate is not None:
        gate = dict(zip(map(film.part_of, Modality), map(float, whole.gate[0]), strict=True))
    return Explanation(effects, gate, film.plot), whole.logits[0]
