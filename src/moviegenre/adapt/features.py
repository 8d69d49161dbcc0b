"""Compute the embeddings and logits of films on all cores, with few posters in memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby, islice

import numpy as np
import numpy.typing as npt

from moviegenre.core.cores import num_cores
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor

_CHUNK = 64  # films that are read together, so that films of like length share a batch
_BATCH = 4  # films; larger batches cost more, since their activations leave the cache

Floats = npt.NDArray[np.float32]


def compute_features(predictor: Predictor, films: Iterable[Film]) -> Floats:
    """Return the features (N, D + L) of films: their embeddings and logits.

    Films are read as they are needed. Each batch is computed by one thread, on as many threads as
    there are cores.

    Args:
        predictor: A model whose ONNX file gives embeddings, opened with one thread.
        films: Films that its reader has read.

    Raises:
        CheckpointError: The model gives no embeddings.
    """

    def compute(batch: list[Film]) -> Floats:
        logits, embeddings = predictor.backend.embed_together(predictor.reader.batch(batch))
        return np.concatenate([embeddings, logits], axis=1)

    cores = num_cores()
    parts: list[Floats] = []
    order: list[int] = []
    waiting: deque[Future[Floats]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="adapt") as pool:
        for rows, batch in _batches(films):
            order += rows
            waiting.append(pool.submit(compute, batch))
            if len(waiting) > 2 * cores:
                parts.append(waiting.popleft().result())
        parts += [future.result() for future in waiting]
    if not parts:
        return np.zeros((0, 0), dtype=np.float32)
    return np.concatenate(parts)[np.argsort(order)]


def _batches(films: Iterable[Film]) -> Iterator[tuple[list[int], list[Film]]]:
    """Yield films of like length that all have a poster or all have none, with their rows."""
    numbered = enumerate(films)
    while chunk := list(islice(numbered, _CHUNK)):
        chunk.sort(key=lambda item: (item[1].poster is None, len(item[1].tokens)))
        for _, group in groupby(chunk, key=lambda item: item[1].poster is None):
            while part := list(islice(group, _BATCH)):
                rows, batch = zip(*part, strict=True)
                yield list(rows), list(batch)
