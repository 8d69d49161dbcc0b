"""The source of a predictor, so that another process can open the same model again."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.artifacts.manifest import MANIFEST_FILE
from moviegenre.box import FOLDER, box_folder
from moviegenre.core.errors import CheckpointError
from moviegenre.core.types import BackendName

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor


@dataclass(frozen=True)
class ModelSource:
    """The arguments of ``load_predictor``.

    Attributes:
        model: An absolute path, or a name on the Hub; None for the included model.
        folder: The folder of its files on this machine.
        backend: The backend that was used.
        fitted: The argument ``fitted``.
        quick: The argument ``quick``.
        threads: The argument ``threads``.
    """

    model: str | None
    folder: Path
    backend: BackendName
    fitted: bool
    quick: bool
    threads: int | None

    @classmethod
    def of(
        cls,
        model: str | Path,
        path: Path,
        backend: BackendName,
        fitted: bool,
        quick: bool,
        threads: int | None,
    ) -> "ModelSource":
        """Return a source from the arguments of ``load_predictor``, the path, and the backend."""
        folder = (path if path.is_dir() else path.parent).resolve()
        name: str | None = str(path.resolve()) if Path(model).expanduser().exists() else str(model)
        if folder == FOLDER.resolve():
            name = None
        return cls(name, folder, backend, fitted, quick, threads)

    @property
    def is_included(self) -> bool:
        """Whether it is the model that ships with the package."""
        return self.model is None

    def digest(self) -> str | None:
        """Return the SHA-256 of the model's manifest; None if it has none."""
        manifest = self.folder / MANIFEST_FILE
        return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else None

    def request(self) -> "Request":
        """Return the argument of ``reopen``."""
        return self, self.digest()

    def open(self, threads: int | None, *, quick: bool = False, bulk: bool = False) -> "Predictor":
        """Open the same model again.

        Raises:
            CheckpointError: The model does not exist.
        """
        from moviegenre.inference.loading import load_predictor

        return load_predictor(
            box_folder() if self.model is None else self.model,
            backend=self.backend,
            fitted=self.fitted,
            quick=quick,
            bulk=bulk,
            threads=threads,
        )


Request = tuple[ModelSource, str | None]
"""The source of a pickled predictor, and its digest at that time."""


@lru_cache(maxsize=1)  # a pool of processes sends the same predictor with every task
def reopen(request: Request) -> "Predictor":
    """Open the model of a pickled predictor; this process keeps the last one open.

    Args:
        request: The result of ``ModelSource.request``.

    Raises:
        CheckpointError: The model does not exist, or has changed.
    """
    source, digest = request
    predictor = source.open(source.threads, quick=source.quick)
    if predictor.source is None or predictor.source.digest() != digest:
        raise CheckpointError(
            f"{source.model or box_folder()} is not the model of the pickled "
            "predictor; load it again with moviegenre.load, and use the same version of the "
            "package and the model everywhere"
        )
    return predictor


def no_index_message(name: str, source: ModelSource | None) -> str:
    """Return a message that a model has no index of similar movies, and what to do.

    Args:
        name: The model's name.
        source: Its source.
    """
    if source is not None and source.is_included:
        return (
            "the included model has no index of similar movies, because the data it was trained on "
            "may not be shared; train a model of your own, then: moviegenre export --index"
        )
    return (
        f"{name} has no index of similar movies; export its checkpoint again with one: "
        "moviegenre export --index"
    )
