"""Train a model from a table of films with the user's own genres."""

from dataclasses import dataclass
from pathlib import Path

from moviegenre.adapt.films import OwnFilms, Progress, read_own_films
from moviegenre.adapt.folder import MODEL_NAME, write_adapted
from moviegenre.adapt.regression import fit_regressions, require_adapt
from moviegenre.adapt.scores import CrossValidated, cross_validate
from moviegenre.artifacts.folder import BACKEND_FILES, is_exported
from moviegenre.artifacts.locate import locate
from moviegenre.box import box_folder
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.folders import restore_folder
from moviegenre.core.locks import locked
from moviegenre.core.types import BackendName
from moviegenre.data.sources.table import TableColumns
from moviegenre.inference.loading import load_predictor

MIN_FILMS = 20  # a genre with fewer films cannot be fitted and scored


@dataclass(frozen=True)
class Adapted:
    """The result of adapting a model.

    Attributes:
        folder: Its folder.
        films: The films it was trained on.
        scores: Cross-validated scores of ``adapted``, ``prior`` and, with plots, ``tfidf``.
    """

    folder: Path
    films: OwnFilms
    scores: dict[str, CrossValidated]

    @property
    def own_scores(self) -> CrossValidated:
        """The scores of the adapted model."""
        return self.scores[MODEL_NAME]


def adapt(
    table: Path,
    columns: TableColumns,
    out: Path,
    *,
    model: str | Path | None = None,
    min_films: int = MIN_FILMS,
    overwrite: bool = False,
    on_progress: Progress = lambda _done, _total: None,
) -> Adapted:
    """Fit a model to the genres of a table of films, and write it as an exported folder.

    The trained model stays as it is; a regression for each genre reads its embeddings and logits.

    Args:
        table: A table of films with genres.
        columns: The names of its columns.
        out: A new folder.
        model: An exported folder or a name on the Hub; None takes the included model.
        min_films: The minimum number of films of a genre.
        overwrite: Replace an existing model in ``out``.
        on_progress: Called with the number of rows read so far and of all rows.

    Raises:
        CheckpointError: The model is no exported folder, or has no embeddings.
        ConfigError: ``out`` has other content, or a model and ``overwrite`` is false.
        DataError: The table cannot be read, or no genre has enough films.
        MissingExtraError: The extra ``adapt`` is not installed.
    """
    require_adapt()
    restore_folder(out)
    _check_target(out, overwrite)
    base = box_folder() if model is None else locate(model)
    backend = _embedding_backend(base)
    with locked(out):
        predictor = load_predictor(base, backend=backend, fitted=False, threads=1)
        films = read_own_films(table, columns, predictor, min_films, on_progress)
        fitted = fit_regressions(films.features, films.labels, films.variants)
        scores = cross_validate(fitted, films.texts, films.labels, films.genres)
        write_adapted(base, base / BACKEND_FILES[backend], table, films, fitted, scores, out)
    return Adapted(out, films, scores)


def _check_target(out: Path, overwrite: bool) -> None:
    """Raise an error if the output folder is not empty, unless it has a model to overwrite.

    Raises:
        ConfigError: The folder has other content, or ``overwrite`` is false.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not is_exported(out):
        raise ConfigError(f"{out} is there and is no model; name a new folder with `out`")
    if not overwrite:
        raise ConfigError(
            f"{out} holds a model already; replace it with `overwrite`, or name a new folder with "
            "`out`"
        )


def _embedding_backend(base: Path) -> BackendName:
    """Return the backend of a folder's ONNX file.

    Raises:
        CheckpointError: The folder has no ONNX file.
    """
    names: tuple[BackendName, ...] = ("onnx", "int8", "int4")
    for name in names:
        if (base / BACKEND_FILES[name]).is_file():
            return name
    raise CheckpointError(
        f"{base} is no exported folder with an ONNX file, which gives the embeddings; make one "
        "with moviegenre export, or leave `checkpoint` out for the included model"
    )
