"""A trained model's probabilities for a split, cached beside its weights."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import track

from moviegenre.artifacts.open import open_model
from moviegenre.artifacts.trained import TrainedModel
from moviegenre.core.decisions import from_log_odds, log_odds, mean_by_film, probabilities
from moviegenre.core.errors import DataError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import PLOT_AND_POSTER, Modality, Split
from moviegenre.data.batches import ordered_batches
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.film_forms import FilmForm

logger = logging.getLogger(__name__)

_BATCH_SIZE = 64


def predict_split(
    model: TrainedModel,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    form: FilmForm | None = None,
    keep: bool = False,
    progress: bool = False,
) -> Predictions:
    """Return a model's probabilities for every movie of a split, in the order of the data.

    An ensemble combines the probabilities of its members, cached ones if weights and movies are
    unchanged.

    Args:
        model: The trained model.
        data: Prepared data with the same genres.
        split: The split.
        missing: Hide this modality of every movie.
        form: The form of every movie; None means the inputs in the settings of the model. An
            ensemble ignores it.
        keep: Cache the probabilities of an ensemble's members.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The genres of the data differ from those of the model.
    """
    info = model.info
    remedy = "evaluate on data prepared with `genres` naming the checkpoint's"
    data.require_genres(info.genres, "the checkpoint", remedy)
    if model.combiner is not None:
        members = []
        for member in model.members:
            member_missing = missing if missing in member.info.modalities else None
            members.append(
                cached_predictions(
                    member, data, split, missing=member_missing, keep=keep, progress=progress
                )
            )
        odds = log_odds(np.stack([predictions.probs for predictions in members]))
        odds = model.combiner.combine(odds, availability(data, split, missing))
        return replace(members[0], probs=from_log_odds(odds).astype(np.float32))
    config = info.data_config
    if form is not None:
        missing = form.missing
        # For posters alone, plots are hidden below; so the cached texts can be used.
        reads = PLOT_AND_POSTER if missing is Modality.PLOT else form.reads
        config = config.model_copy(update={"plot": form.plot, "reads": reads})
    movies = model.movies(data, split, config)
    probs = np.zeros((len(movies), len(data.genres)), dtype=np.float32)
    title = f"{info.model_name} on {split.value}"
    title += "" if missing is None else f" without {missing.value}s"
    with model.on_device():
        batches = ordered_batches(movies.lengths, _BATCH_SIZE)
        for rows in track(batches, description=title, disable=not progress):
            batch = movies.batch(rows)
            logits = model.logits(batch if missing is None else batch.without(missing))
            probs[rows] = probabilities(logits)
    if movies.stored is not None:  # a movie has several texts
        probs = mean_by_film(probs, movies.stored, data.num_movies(split)).astype(np.float32)
    return Predictions(
        ids=data.ids(split), genres=data.genres.names, probs=probs, labels=data.labels(split)
    )


def availability(
    data: PreparedData, split: Split, missing: Modality | None = None
) -> dict[Modality, npt.NDArray[np.bool_]]:
    """Return for each modality whether the movies of a split have it (N,).

    Args:
        data: The prepared data.
        split: The split.
        missing: A modality that is hidden for all movies.
    """
    plots = data.plots(split, "joined")
    available = {
        Modality.PLOT: np.array([bool(plot.strip()) for plot in plots], dtype=bool),
        Modality.POSTER: data.has_poster(split),
    }
    return {modality: mask & (modality is not missing) for modality, mask in available.items()}


def cache_file(
    weights: Path, data: PreparedData, split: Split, missing: Modality | None = None
) -> Path:
    """Return the path of the cache of a model's probabilities for a split.

    Args:
        weights: The file of the model's weights; the cache is in the same folder.
        data: The prepared data.
        split: The split.
        missing: The hidden modality.
    """
    return weights.parent / _file_name(weights, split, data.fingerprint, missing)


def any_cache_file(weights: Path, split: Split) -> Path | None:
    """Return a file with a model's probabilities for a split of any movies; None if there is none.

    Args:
        weights: The file of the model's weights.
        split: The split.
    """
    return max(weights.parent.glob(_file_name(weights, split, "*")), default=None)


def _file_name(
    weights: Path, split: Split, fingerprint: str, missing: Modality | None = None
) -> str:
    return f"{_kind(missing)}-{split.value}-{file_sha256(weights)[:12]}-{fingerprint[:12]}.npz"


def _kind(missing: Modality | None) -> str:
    return "predictions" if missing is None else f"predictions_without_{missing.value}"


def cached_predictions(
    model: TrainedModel | Path,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    keep: bool = True,
    progress: bool = False,
) -> Predictions:
    """Return a model's probabilities, from the cache if weights and movies are unchanged.

    Args:
        model: A trained model, or the file from ``weights_file``, which is opened only if the
            probabilities are not in the cache.
        data: The prepared data.
        split: The split.
        missing: Hide this modality of every movie.
        keep: Write the cache, and delete outdated ones.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The checkpoint cannot be read, or has other genres than the data.
    """
    file = model if isinstance(model, Path) else model.file
    path = cache_file(file, data, split, missing)
    if (cached := _load_cached(path)) is not None:
        return cached
    logger.info("evaluating %s on %s", file.parent.name, split.value)
    opened = open_model(model) if isinstance(model, Path) else model
    predictions = predict_split(opened, data, split, missing=missing, keep=keep, progress=progress)
    if keep:
        predictions.save(path)
        for stale in file.parent.glob(f"{_kind(missing)}-{split.value}-*.npz"):
            if stale != path:
                stale.unlink(missing_ok=True)
    return predictions


def _load_cached(path: Path) -> Predictions | None:
    """Return saved predictions; None if they are missing or damaged."""
    if not path.is_file():
        return None
    try:
        return Predictions.load(path)
    except DataError as error:
        logger.warning("%s; the model is evaluated again", str(error).partition(";")[0])
        return None
