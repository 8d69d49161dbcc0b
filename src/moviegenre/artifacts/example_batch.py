"""The example films as the input of a model, for comparing the files of a model."""

import numpy as np

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays, MovieTensors
from moviegenre.data.ragged import Ragged
from moviegenre.examples import example_films


def example_batch(info: ModelInfo, *, with_posters: bool) -> BatchArrays:
    """Return the example films that have a plot.

    Args:
        info: The model that is to read them.
        with_posters: Whether they have posters, of noise; otherwise the posters are missing.
    """
    plots = [film.plot for film in example_films() if film.plot]
    tokens = None
    if info.tokenizer is not None:
        tokens = Ragged.pack(info.tokenizer.encode(plots, info.data_config.max_tokens))
    noise = np.random.default_rng(0).integers(
        256, size=(len(plots), *info.data_config.image_size, 3), dtype=np.uint8
    )
    movies = MovieTensors(
        labels=None,
        tokens=tokens,
        posters=noise if with_posters else np.zeros_like(noise),
        has_poster=np.full(len(plots), with_posters and Modality.POSTER in info.modalities),
        pad_id=info.tokenizer.pad_id if info.tokenizer else 0,
    )
    return movies.batch(range(len(plots)))
