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

_CHUNK_SIZE = 64  # films that are read at once and sorted by length, for batches of similar length
_BATCH_SIZE = 4  # films; activations of larger batches do not fit into the processor's cache

Floats = npt.NDArray[np.float32]


def compute_features(predictor: Predictor, films: Iterable[Film]) -> Floats:
    """Return the features (N, D + L) of films: their embeddings and logits.

    Films are read when they are needed. One thread computes a batch; there is a thread for each
    core.

    Args:
        predictor: A model whose ONNX file has embeddings, opened with one thread.
        films: Films from its reader.

    Raises:
        CheckpointError: The model has no embeddings.
    """

    def compute(batch: list[Film]) -> Floats:
        logits, embeddings = predictor.backend.embed_together(predictor.reader.batch(batch))
        return np.concatenate([embeddings, logits], axis=1)

    cores = num_cores()
    parts: list[Floats] = []
    order: list[int] = []
    futures: deque[Future[Floats]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="adapt") as pool:
        for rows, batch in _batches(films):
            order += rows
            futures.append(pool.submit(compute, batch))
            if len(futures) > 2 * cores:
                parts.append(futures.popleft().result())
        parts += [future.result() for future in futures]
    if not parts:
        return np.zeros((0, 0), dtype=np.float32)
    return np.concatenate(parts)[np.argsort(order)]


def _batches(films: Iterable[Film]) -> Iterator[tuple[list[int], list[Film]]]:
    """Yield films of similar length, either all with or all without poster, with their rows."""
    numbered = enumerate(films)
    while chunk := list(islice(numbered, _CHUNK_SIZE)):
        chunk.sort(key=lambda item: (item[1].poster is None, len(item[1].tokens)))
        for _, group in groupby(chunk, key=lambda item: item[1].poster is None):
            while items := list(islice(group, _BATCH_SIZE)):
                rows, batch = zip(*items, strict=True)
                yield list(rows), list(batch)
