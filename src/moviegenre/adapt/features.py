"""Compute the embeddings and logits of films on all cores; posters are not kept."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby, islice

import numpy as np
import numpy.typing as npt

from moviegenre.core.cores import num_cores
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor

_CHUNK = 64  # films that are read together, so that those of like length share a batch
_BATCH = 4  # films; larger batches cost more, since their activations leave the cache

Floats = npt.NDArray[np.float32]


def compute_features(predictor: Predictor, films: Iterable[Film]) -> Floats:
    """Return the features (N, D + L) of films: their embeddings and logits.

    Films are read as they are needed, so the posters of a few are in memory at a time. Each batch
    is computed by one thread, and so many batches at once as there are cores.

    Args:
        predictor: A model whose ONNX file gives embeddings, opened with one thread.
        films: What its reader returned.

    Raises:
        CheckpointError: The model gives no embeddings.
    """

    def compute(batch: list[Film]) -> Floats:
        logits, embeddings = predictor.backend.embed_together(predictor.reader.batch(batch))
        return np.concatenate([embeddings, logits], axis=1)

    cores = num_cores()
    parts: list[Floats] = []
    places: list[int] = []
    waiting: deque[Future[Floats]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="adapt") as pool:
        for rows, batch in _batches(films):
            places += rows
            waiting.append(pool.submit(compute, batch))
            if len(waiting) > 2 * cores:
                parts.append(waiting.popleft().result())
        parts += [future.result() for future in waiting]
    if not parts:
        return np.zeros((0, 0), dtype=np.float32)
    return np.concatenate(parts)[np.argsort(places)]


def _batches(films: Iterable[Film]) -> Iterator[tuple[list[int], list[Film]]]:
    """Yield films of like length that all have a poster or all have none, with their places."""
    numbered = enumerate(films)
    while chunk := list(islice(numbered, _CHUNK)):
        chunk.sort(key=lambda item: (item[1].poster is None, len(item[1].tokens)))
        for _, kind in groupby(chunk, key=lambda item: item[1].poster is None):
            alike = list(kind)
            for start in range(0, len(alike), _BATCH):
                rows, batch = zip(*alike[start : start + _BATCH], strict=True)
                yield list(rows), list(batch)
