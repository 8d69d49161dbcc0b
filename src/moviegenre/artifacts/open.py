"""Open a checkpoint, an exported folder, an ensemble or a model on the Hub."""

from collections.abc import Sequence
from pathlib import Path

from moviegenre.artifacts.ensemble_file import is_ensemble
from moviegenre.artifacts.folder import BACKEND_FILES, WEIGHTS_FILES, is_exported, read_info
from moviegenre.artifacts.locate import locate, weights_file
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.trained import EXACT_FIRST, Backend, TrainedModel
from moviegenre.core.errors import CheckpointError
from moviegenre.core.extras import require_training


def open_model(
    model: str | Path,
    *,
    backends: Sequence[Backend] = EXACT_FIRST,
    quick: bool = False,
    bulk: bool = False,
    threads: int | None = None,
) -> TrainedModel:
    """Open a trained model of any form.

    Args:
        model: A ``best.pth``, its folder, an exported folder, an ensemble's folder, a file that
            ``weights_file`` returned, or ``OWNER/NAME`` (with ``@REVISION``) on the Hub.
        backends: The allowed backends; the first one whose file exists is used. If ``onnx`` and
            ``openvino`` are both allowed, the faster one on this machine is used.
        quick: Load faster and compute each film slower; no effect with PyTorch.
        bulk: Compute several films at once; see ``OnnxModel``.
        threads: The number of threads for a film; None takes one for each core. No effect with
            PyTorch.

    Raises:
        CheckpointError: The model does not exist, is damaged, or has no file for these backends.
        HubError: The model is not on the Hub, or the Hub cannot be reached.
        MissingExtraError: The backend is not installed.
    """
    path = locate(model)
    folder = path.parent if path.name in WEIGHTS_FILES else path
    if not is_exported(folder):
        weights_file(path)
        if "torch" not in backends:
            raise CheckpointError(_no_onnx(path, backends[0]))
        return _open_torch(path)
    available = (name for name in backends if (folder / BACKEND_FILES[name]).is_file())
    backend = next(available, None)
    if backend is None:
        raise CheckpointError(_no_weights(folder, backends[0]))
    if backend == "torch":
        return _open_torch(folder)
    weights = BACKEND_FILES[backend]
    info = read_info(folder, [weights])
    if backend == "onnx" and "openvino" in backends:
        from moviegenre.artifacts.fastest import openvino_is_faster  # only where it may be used

        if openvino_is_faster(folder / weights, info):
            backend = "openvino"
    return OnnxModel(folder / weights, info, backend, threads, quick=quick, bulk=bulk)


def _no_onnx(path: Path, backend: Backend) -> str:
    """Return why a checkpoint or an ensemble has no ONNX file."""
    if is_ensemble(path):
        return f"{path} is an ensemble, whose members are computed by PyTorch; leave `backend` out"
    return (
        f"{path} is a checkpoint, which has no {backend} file; "
        f"make one with: moviegenre export --checkpoint {path} --out DIR"
    )


def _no_weights(folder: Path, backend: Backend) -> str:
    """Return which files of weights an exported folder has, if it has none for a backend."""
    others = {name: file for name, file in BACKEND_FILES.items() if (folder / file).is_file()}
    step = " or ".join(f"`backend` {name}" for name in others)
    return (
        f"{folder} has no {BACKEND_FILES[backend]}, which `backend` {backend} reads, but only "
        f"{', '.join(others.values())}; leave `backend` out, or use {step}"
    )


def _open_torch(path: Path) -> TrainedModel:
    """Open a model with PyTorch."""
    require_training(f"computing with the weights of {path}")
    from moviegenre.artifacts.open_torch import open_torch

    return open_torch(path)
