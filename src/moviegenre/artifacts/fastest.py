"""The choice between ONNX Runtime and OpenVINO for a file that both can compute."""

import logging
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from moviegenre.artifacts.example_batch import example_batch
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.openvino_engine import capabilities, openvino
from moviegenre.core.cores import num_cores
from moviegenre.core.digests import fastest_engine, known_sha256
from moviegenre.core.errors import CheckpointError
from moviegenre.core.extras import is_installed
from moviegenre.data.batches import BatchArrays

logger = logging.getLogger(__name__)

_ROUNDS = 3
_LEAST_BYTES = 16_000_000  # compiling a smaller model takes longer than it saves
_LARGEST_DIFFERENCE = 0.1  # of a logit: 0.025 of a probability; bf16 gives 0.01


def openvino_is_faster(file: Path, info: ModelInfo) -> bool:
    """Return whether OpenVINO computes a model at least as fast as ONNX Runtime on this machine.

    Both compute the example films in turn. The result is kept in the user's cache, so that all
    processes have the same engine, and so the same answers; without a cache it is ONNX Runtime.
    Small models are not measured.

    Args:
        file: The ``model.onnx``.
        info: The description of the model.

    Raises:
        CheckpointError: The file cannot be computed.
    """
    if file.stat().st_size < _LEAST_BYTES or not is_installed("openvino"):
        return False
    return fastest_engine(_measurement(file), lambda: _faster(file, info)) == "openvino"


def _measurement(file: Path) -> str:
    """Return what a measurement depends on: the model, the machine and both versions."""
    core = openvino().Core()
    processor = core.get_property("CPU", "FULL_DEVICE_NAME")  # the same for several generations
    versions = (f"{package} {version(package)}" for package in ("onnxruntime", "openvino"))
    machine = (processor, " ".join(capabilities(core)), f"{num_cores()} cores")
    return ", ".join([known_sha256(file), *machine, *versions])


def _faster(file: Path, info: ModelInfo) -> str:
    """Return ``openvino`` if it answers the example films at least as fast, and about the same."""
    logger.info("comparing ONNX Runtime and OpenVINO on this machine (once)")
    films = example_batch(info, with_posters=True)
    try:
        model = OnnxModel(file, info, "openvino", bulk=True)
        answers = model.logits(films)
    except CheckpointError:  # it does not support an operator of this file
        return "onnx"
    rival = OnnxModel(file, info, "onnx")
    if not np.abs(answers - rival.logits(films)).max() <= _LARGEST_DIFFERENCE:  # or NaN
        return "onnx"
    times = [(_seconds(model, films), _seconds(rival, films)) for _ in range(_ROUNDS)]
    ours, rivals = zip(*times, strict=True)
    return "openvino" if min(ours) <= min(rivals) else "onnx"


def _seconds(model: OnnxModel, films: BatchArrays) -> float:
    """Return the seconds that a model takes for all films."""
    started = time.perf_counter()
    model.answer(films)
    return time.perf_counter() - started
