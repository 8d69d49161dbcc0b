"""Where a predictor was opened, so that another process can open the same model again."""

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
    """What ``load_predictor`` was asked for.

    Attributes:
        model: A path from the root of the file system, or a name on the Hub; None for the included
            model, wherever the package is installed.
        folder: Where its files lie on this machine.
        backend: As given.
        fitted: As given.
        quick: As given.
        threads: As given.
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
        """Return the source of a model.

        Args:
            model: What was asked for.
            path: Where that is on this machine.
            backend: What computes.
            fitted: Whether calibration and thresholds are read.
            quick: Whether it starts sooner and answers more slowly.
            threads: How many threads compute; None for all cores.
        """
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
        """Return the SHA-256 of the model's manifest; None where it has none."""
        manifest = self.folder / MANIFEST_FILE
        return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else None

    def opened(self, threads: int | None) -> "Predictor":
        """Open the same model, to compute many films with so many threads.

        Raises:
            CheckpointError: The model is not there.
        """
        from moviegenre.inference.loading import load_predictor

        return load_predictor(
            box_folder() if self.model is None else self.model,
            backend=self.backend,
            fitted=self.fitted,
            bulk=True,
            threads=threads,
        )

    def request(self) -> "Request":
        """Return what to open, for ``reopen``."""
        options = (self.backend, self.fitted, self.quick, self.threads)
        return (self.model, self.digest(), *options)


Request = tuple[str | None, str | None, BackendName, bool, bool, int | None]
"""Model, digest, backend, fitted, quick, threads."""


@lru_cache(maxsize=1)  # a pool of processes sends the same predictor with every task
def reopen(request: Request) -> "Predictor":
    """Open the model of a predictor that was pickled; this process keeps the last one open.

    Args:
        request: What ``ModelSource.request`` returned where it was pickled.

    Raises:
        CheckpointError: The model is not there, or is another one by now.
    """
    from moviegenre.inference.loading import load_predictor

    name, digest, backend, fitted, quick, threads = request
    model = box_folder() if name is None else name
    predictor = load_predictor(model, backend=backend, fitted=fitted, quick=quick, threads=threads)
    if predictor.source is None or predictor.source.digest() != digest:
        raise CheckpointError(
            f"{model} is another model than the one of the pickled predictor; load it again with "
            "moviegenre.load, and use the same version of the package and the model everywhere"
        )
    return predictor


def no_index_message(name: str, source: ModelSource | None) -> str:
    """Return why a model names no similar movies, and what to do.

    Args:
        name: The model's.
        source: Where it was opened.
    """
    if source is not None and source.is_included:
        return (
            "the included model has no index of similar movies, because the data it was trained on "
            "may not be shared; train a model of your own, then: moviegenre export --index"
        )
    return (
        f"{name} has no index of similar movies; export the checkpoint that it is from with one: "
        "moviegenre export --index"
    )
