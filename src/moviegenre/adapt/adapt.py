"""Train a model from a table of films with the user's own genres."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from moviegenre.adapt.films import OwnFilms, compute_features, read_own_films
from moviegenre.adapt.folder import MODEL_NAME, Learned, write_adapted
from moviegenre.adapt.regression import fit_regressions, require_adapt
from moviegenre.adapt.scores import CrossValidated, cross_validate
from moviegenre.artifacts.folder import BACKEND_FILES, is_exported
from moviegenre.artifacts.locate import locate
from moviegenre.box import box_folder
from moviegenre.core.digests import known_sha256
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.locks import locked
from moviegenre.data.sources.table import TableColumns
from moviegenre.inference.loading import load_predictor

MIN_FILMS = 20  # fewer say too little of a genre to fit and to score it


@dataclass(frozen=True)
class Adapted:
    """The result of adapting a model.

    Attributes:
        folder: Where it is.
        films: What it learned from.
        scores: Cross-validated: ``adapted``, ``tfidf`` and ``prior``.
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
    on_read: Callable[[OwnFilms], None] = lambda _: None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Adapted:
    """Fit a model to the genres of a table of films and write it as an exported folder.

    The trained model stays as it is; a regression for each genre reads its embeddings and logits.

    Args:
        table: Films with genres.
        columns: Which column holds what.
        out: A new folder, or an earlier exported one, which is replaced.
        model: An exported folder or a name on the Hub; None takes the included model.
        min_films: Films that a genre needs.
        on_read: Called with the films once they are read.
        on_progress: Called with the number of films computed so far.

    Raises:
        CheckpointError: The model is no exported folder, or gives no embeddings.
        ConfigError: The output folder holds something else.
        DataError: The table cannot be read, or no genre has enough films.
        MissingExtraError: The extra ``adapt`` is not installed.
    """
    require_adapt()
    if out.exists() and not is_exported(out) and (out.is_file() or any(out.iterdir())):
        raise ConfigError(f"{out} is there and is no model; name a new folder with `out`")
    base = box_folder() if model is None else locate(model)
    if not is_exported(base):
        raise CheckpointError(
            f"{base} is no exported folder; make one with moviegenre export, or leave `checkpoint` "
            "out for the included model"
        )
    with locked(out):
        predictor = load_predictor(base, fitted=False)
        films = read_own_films(table, columns, predictor, min_films)
        on_read(films)
        features = compute_features(predictor, films.films, on_progress)
        fitted = fit_regressions(features, films.labels)
        scores = cross_validate(fitted, films.texts, films.labels, films.genres)
        learned = Learned(
            genres=films.genres,
            fitted=fitted,
            scores=scores,
            table=table,
            table_sha256=known_sha256(table),
            num_films=len(films.films),
            rare=films.rare,
        )
        write_adapted(base, base / BACKEND_FILES[predictor.backend.name], learned, out)
    return Adapted(out, films, scores)
