"""From the name of a trained model to a predictor."""

import importlib.util
from pathlib import Path
from typing import get_args

from moviegenre.core.errors import CheckpointError, ConfigError, did_you_mean
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.inference.backends import Backend, BackendName, OnnxBackend, TorchBackend
from moviegenre.inference.predictor import Predictor
from moviegenre.models.checkpoint import load_checkpoint
from moviegenre.models.exported import (
    INT8_FILE,
    ONNX_FILE,
    Description,
    is_exported,
    read_description,
    read_exported,
)
from moviegenre.models.trained import companions, locate


def load_predictor(model: str | Path, *, backend: BackendName = "auto") -> Predictor:
    """Return a predictor for a trained model; ``moviegenre.load`` says more.

    Args:
        model: A ``best.pth``, its folder, an exported folder, or a name on the hub.
        backend: ``torch``, ``onnx``, ``int8``; ``auto`` takes ``onnx`` where it can.

    Raises:
        CheckpointError: There is no such model, it is damaged, or the backend does not fit it.
        ConfigError: There is no such backend.
        HubError: The model is not on the hub, or the hub cannot be reached.
        MissingExtraError: The backend needs onnxruntime, which is not installed.
    """
    known = get_args(BackendName)
    if backend not in known:
        raise ConfigError(f"unknown backend {backend!r}; {did_you_mean(backend, known)}")
    path = locate(model)
    described, computing = _exported(path, backend) if is_exported(path) else _own(path, backend)
    point = OperatingPoint.read(companions(path) / THRESHOLDS_FILE, described.genres)
    return Predictor(described, computing, point)


def model_files(model: Path) -> list[Path]:
    """Return the files of a located model that decide what it predicts."""
    folder = companions(model)
    if model.is_file():
        return [model, folder / THRESHOLDS_FILE]
    if is_exported(model):
        return sorted(path for path in folder.iterdir() if path.is_file())
    return [folder / "best.pth", folder / THRESHOLDS_FILE]


def _exported(folder: Path, backend: BackendName) -> tuple[Description, Backend]:
    described = read_description(folder)
    if backend == "auto":
        can = importlib.util.find_spec("onnxruntime") is not None
        backend = "onnx" if can and (folder / ONNX_FILE).is_file() else "torch"
    if backend == "torch":
        return described, TorchBackend(read_exported(folder).model)
    return described, OnnxBackend(folder / (INT8_FILE if backend == "int8" else ONNX_FILE))


def _own(path: Path, backend: BackendName) -> tuple[Description, Backend]:
    checkpoint = load_checkpoint(path)
    if backend in ("onnx", "int8"):
        raise CheckpointError(
            f"{path} is a checkpoint, which has no {backend} file; "
            f"make one with: moviegenre export --checkpoint {path} --out DIR"
        )
    return Description.of(checkpoint), TorchBackend(checkpoint.model)
