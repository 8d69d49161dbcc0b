"""Load a predictor from the name of a trained model."""

from pathlib import Path
from typing import get_args

from moviegenre.artifacts.ensemble_file import is_ensemble
from moviegenre.artifacts.folder import (
    BACKEND_FILES,
    CONFIG_FILE,
    GENRES_FILE,
    IMAGE_FILE,
    INDEX_FILE,
    TOKENIZER_FILE,
    Description,
    is_exported,
    read_description,
)
from moviegenre.artifacts.locate import locate, read_point, verify, weights_file
from moviegenre.artifacts.manifest import checked_manifest
from moviegenre.artifacts.onnx_model import Backend, BackendName, OnnxBackend
from moviegenre.core.errors import CheckpointError, ConfigError, did_you_mean
from moviegenre.core.extras import require_training
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import Modality
from moviegenre.inference.model_source import ModelSource
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.similar import SimilarIndex


def load_predictor(
    model: str | Path,
    *,
    backend: BackendName = "auto",
    verified: bool = False,
    fitted: bool = True,
    quick: bool = False,
    threads: int | None = None,
) -> Predictor:
    """Return a predictor for a trained model; see ``moviegenre.load``.

    Args:
        model: A ``best.pth``, its folder, an exported folder, or a name on the hub.
        backend: ``torch``, ``onnx``, ``int8``, ``int4``; ``auto`` takes ``onnx`` if there is
            such a file, otherwise the one that exists.
        verified: Compare all files with the manifest first, each hash computed anew.
        fitted: Read the calibration and the thresholds; otherwise it answers without.
        quick: Be ready sooner and slower for each film; no effect on what PyTorch computes.
        threads: How many threads compute a film; None takes one for each core.

    Raises:
        CheckpointError: There is no such model, it is damaged, or the backend does not fit it.
        ConfigError: There is no such backend, or ``threads`` is no number from 1 on, or has no
            effect because PyTorch computes.
        HubError: The model is not on the hub, or the hub cannot be reached.
        MissingExtraError: PyTorch computes the model, and is not installed.
    """
    known = get_args(BackendName)
    if backend not in known:
        raise ConfigError(f"unknown backend {backend!r}; {did_you_mean(backend, known)}")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ConfigError(f"threads is {threads!r}; expected a whole number from 1 on, or None")
    path = locate(model)
    if verified:
        verify(path)
    if is_exported(path):
        predictor = _load_exported(path, backend, fitted, quick, threads)
    else:
        predictor = _load_checkpoint(path, backend, fitted)
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
    predictor.source = ModelSource.of(model, path, backend, fitted, quick, threads)
    return predictor


def _load_exported(
    folder: Path, backend: BackendName, fitted: bool, quick: bool, threads: int | None
) -> Predictor:
    described = read_description(folder)
    if backend == "auto":
        order: tuple[BackendName, ...] = ("onnx", "torch", "int8", "int4")
        backend = next(name for name in order if (folder / BACKEND_FILES[name]).is_file())
    weights = folder / BACKEND_FILES[backend]
    computing: Backend
    if backend == "torch":
        computing = _open_by_torch(folder)[1]
    else:
        checked_manifest(folder, [weights.name])
        computing = _onnx(weights, backend, described, quick, threads)
    point = _point(folder, described.genres, fitted)
    others = [folder / name for name in (CONFIG_FILE, GENRES_FILE, TOKENIZER_FILE, THRESHOLDS_FILE)]
    index = folder / INDEX_FILE
    if index.is_file():
        checked_manifest(folder, [index.name])
    return Predictor(
        described,
        computing,
        point,
        [weights, *others],
        similar=SimilarIndex.read(index) if index.is_file() else None,
    )


def _onnx(
    weights: Path, backend: BackendName, described: Description, quick: bool, threads: int | None
) -> OnnxBackend:
    """Return the backend of an exported folder's ONNX file.

    Raises:
        CheckpointError: The file is damaged, or takes what the folder says nothing of.
    """
    computing = OnnxBackend(weights, backend, len(described.genres), threads, quick=quick)
    if unknown := computing.modalities - described.modalities:
        needed = {Modality.PLOT: TOKENIZER_FILE, Modality.POSTER: IMAGE_FILE}
        missing = ", ".join(sorted(needed[modality] for modality in unknown))
        raise CheckpointError(
            f"{weights} reads a film's {' and '.join(sorted(unknown))}, and {missing} is missing "
            "beside it; export the model again"
        )
    return computing


def _load_checkpoint(path: Path, backend: BackendName, fitted: bool) -> Predictor:
    weights = weights_file(path)
    if backend not in ("auto", "torch"):
        if is_ensemble(path):
            raise CheckpointError(
                f"{path} is an ensemble, whose members are computed by PyTorch; leave `backend` out"
            )
        raise CheckpointError(
            f"{path} is a checkpoint, which has no {backend} file; "
            f"make one with: moviegenre export --checkpoint {path} --out DIR"
        )
    described, computing = _open_by_torch(path)
    thresholds = weights.parent / THRESHOLDS_FILE
    point = _point(weights.parent, described.genres, fitted)
    return Predictor(described, computing, point, [weights, thresholds])


def _open_by_torch(path: Path) -> tuple[Description, Backend]:
    """Return the description of a model and its PyTorch backend.

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    require_training(f"predicting with the weights of {path}")
    from moviegenre.artifacts.torch_model import open_trained

    return open_trained(path)


def _point(folder: Path, genres: GenreVocabulary, fitted: bool) -> OperatingPoint:
    return read_point(folder, genres) if fitted else OperatingPoint.default(genres)
