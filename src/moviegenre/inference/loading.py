"""Load a predictor from the name of a trained model."""

from pathlib import Path
from typing import get_args

from moviegenre.artifacts.folder import CONFIG_FILE, GENRES_FILE, INDEX_FILE, TOKENIZER_FILE
from moviegenre.artifacts.locate import companions, locate, read_point, verify
from moviegenre.artifacts.manifest import checked_manifest
from moviegenre.artifacts.open import open_model
from moviegenre.artifacts.trained import FAST_FIRST
from moviegenre.core.errors import CheckpointError, ConfigError, did_you_mean
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import BackendName
from moviegenre.inference.model_source import ModelSource
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.similar import SimilarIndex

_DECIDING_FILES = (CONFIG_FILE, GENRES_FILE, TOKENIZER_FILE, THRESHOLDS_FILE)
"""The files beside the weights that decide predictions; some may be missing."""


def load_predictor(
    model: str | Path,
    *,
    backend: BackendName = "auto",
    verified: bool = False,
    fitted: bool = True,
    quick: bool = False,
    bulk: bool = False,
    threads: int | None = None,
) -> Predictor:
    """Return a predictor for a trained model; see ``moviegenre.load``.

    Args:
        model: A ``best.pth``, its folder, an exported folder, or a name on the hub.
        backend: ``torch``, ``onnx``, ``openvino``, ``int8``, ``int4``; ``auto`` takes the faster
            one of ``onnx`` and ``openvino`` if there is a ``model.onnx``, otherwise the one that
            exists.
        verified: Compare all files with the manifest first, and compute every hash again.
        fitted: Use the model's calibration and thresholds; otherwise the defaults.
        quick: Load faster, but predict more slowly; no effect with PyTorch.
        bulk: Compute several films at once, each with one thread; no effect with PyTorch.
        threads: The number of threads that compute a film; None takes one for each core.

    Raises:
        CheckpointError: There is no such model, it is damaged, or the backend does not fit it.
        ConfigError: ``model`` is no path, there is no such backend, or ``threads`` is not a whole
            number from 1 on, or has no effect because PyTorch computes the model.
        HubError: The model is not on the hub, or the hub cannot be reached.
        MissingExtraError: The backend is not installed.
    """
    known = get_args(BackendName)
    if backend not in known:
        raise ConfigError(f"unknown backend {backend!r}; {did_you_mean(str(backend), known)}")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ConfigError(f"threads is {threads!r}; expected a whole number from 1 on, or None")
    path = locate(model)
    if verified:
        verify(path)
    backends = FAST_FIRST if backend == "auto" else (backend,)
    trained = open_model(path, backends=backends, quick=quick, bulk=bulk, threads=threads)
    trained.stay_on_device()
    folder = companions(trained.file)
    index = folder / INDEX_FILE
    if index.is_file():
        checked_manifest(folder, [index.name])
    predictor = Predictor(
        trained,
        read_point(folder, trained.info.genres)
        if fitted
        else OperatingPoint.default(trained.info.genres),
        [trained.file, *(folder / name for name in _DECIDING_FILES)],
        similar=SimilarIndex.read(index) if index.is_file() else None,
    )
    if not predictor.model.modalities:
        raise CheckpointError(
            f"{path} holds {predictor.model.model_name}, which gives the same answer for every "
            "film; it is a baseline for comparison; name another model"
        )
    if threads is not None and predictor.backend.name == "torch":
        raise ConfigError(
            f"threads has no effect on {path}, which PyTorch computes; leave it out and call "
            f"torch.set_num_threads({threads})"
        )
    predictor.source = ModelSource.of(model, path, trained.name, fitted, quick, threads)
    return predictor
