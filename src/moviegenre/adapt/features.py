"""Compute the embeddings and logits of films on all cores; posters are not kept."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import CheckpointError
from moviegenre.inference.backends import OnnxBackend
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor

_WAITING = 4  # films for each core that are read before their turn

Floats = npt.NDArray[np.float32]


def num_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compute_features(predictor: Predictor, films: Iterable[Film]) -> Floats:
    """Return the features (N, D + L) of films: their embeddings and logits.

    Films are read as they are needed, so the posters of a few films are in memory at a time. Each
    film has a core to itself: two cores on one film take a third more time than one on each.

    Args:
        predictor: A model whose ONNX file gives embeddings, opened with one thread.
        films: What its reader returned.

    Raises:
        CheckpointError: The model gives no embeddings.
    """
    rows = list(_features(predictor, films))
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def _features(predictor: Predictor, films: Iterable[Film]) -> Iterator[Floats]:
    backend = predictor.backend
    if not isinstance(backend, OnnxBackend):
        raise CheckpointError(
            f"{backend.name} computes the model; embeddings come from an exported folder's ONNX "
            "file: export the model, or use the included one"
        )

    def compute(film: Film) -> Floats:
        logits, embeddings = backend.embed(predictor.reader.batch([film]))
        return np.concatenate([embeddings[0], logits[0]])

    cores = num_cores()
    waiting: deque[Future[Floats]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="adapt") as pool:
        for film in films:
            waiting.append(pool.submit(compute, film))
            if len(waiting) > cores * _WAITING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
