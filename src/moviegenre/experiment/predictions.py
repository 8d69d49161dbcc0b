"""A trained model's probabilities for a split, cached beside its weights."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import track

from moviegenre.artifacts.checkpoint import Checkpoint
from moviegenre.artifacts.ensemble_file import EnsembleRecord, ensemble_file, is_ensemble
from moviegenre.artifacts.folder import answers_only
from moviegenre.artifacts.open import load_trained
from moviegenre.core.decisions import from_log_odds, log_odds, probabilities
from moviegenre.core.errors import DataError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Modality, Split
from moviegenre.data.batches import ordered_batches
from moviegenre.data.film_text import PLOT_AND_POSTER
from moviegenre.data.plots import choose_plot
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.experiment.film_forms import FilmForm
from moviegenre.inference.films import Film, FilmReader, read_poster
from moviegenre.inference.loading import load_predictor
from moviegenre.models.batch import batch_loader
from moviegenre.models.combiner import Combiner
from moviegenre.models.ensemble import Ensemble
from moviegenre.models.inputs import load_movies
from moviegenre.models.registry import model_config_class
from moviegenre.nn.devices import computed_there

logger = logging.getLogger(__name__)

_BATCH_SIZE = 64
_FILMS_IN_MEMORY = 128  # where films are read one by one


def predict_split(
    checkpoint: Checkpoint,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    form: FilmForm | None = None,
    progress: bool = False,
) -> Predictions:
    """Return a trained model's probabilities for every movie of a split, in the data's order.

    Args:
        checkpoint: The trained model.
        data: Prepared data with the same genres.
        split: Which part.
        missing: Hide this modality of every movie.
        form: The form of every movie; None means the inputs in the settings of the model. An
            ensemble ignores it.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The data have other genres than the model was trained for.
    """
    remedy = "evaluate on data prepared with `genres` naming the checkpoint's"
    data.require_genres(checkpoint.genres, "the checkpoint", remedy)
    if checkpoint.members:
        return _predict_members(checkpoint, data, split, missing=missing, progress=progress)
    config = checkpoint.data_config
    if form is not None:
        missing = form.missing
        # Of posters alone the plots are hidden below: no text is encoded anew for that.
        reads = PLOT_AND_POSTER if missing is Modality.PLOT else form.reads
        config = config.model_copy(update={"plot": form.plot, "reads": reads})
    movies = load_movies(data, split, config, checkpoint.model, checkpoint.tokenizer)
    probs = np.zeros((len(movies), len(data.genres)), dtype=np.float32)
    loader = batch_loader(movies, ordered_batches(movies.lengths, _BATCH_SIZE))
    title = _title(checkpoint.model_name, split, missing)
    model = checkpoint.model
    with computed_there(model) as device, torch.inference_mode():
        for batch in track(loader, description=title, disable=not progress):
            seen = batch if missing is None else batch.without(missing)
            logits = model(seen.to(device)).logits.cpu()
            probs[batch.index.numpy()] = probabilities(logits.float().numpy())
    return _predictions(data, split, probs)


def _title(model_name: str, split: Split, missing: Modality | None) -> str:
    """Return the title of the progress bar."""
    title = f"{model_name} on {split.value}"
    return title if missing is None else f"{title} without {missing.value}s"


def _predictions(data: PreparedData, split: Split, probs: npt.NDArray[np.float32]) -> Predictions:
    return Predictions(
        ids=data.ids(split), genres=data.genres.names, probs=probs, labels=data.labels(split)
    )


def predict_exported(
    folder: Path,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    form: FilmForm | None = None,
    progress: bool = False,
) -> Predictions:
    """Return the uncalibrated probabilities of the best file of an exported folder.

    Args:
        folder: The exported folder.
        data: Prepared data with the same genres.
        split: Which part.
        missing: Hide this modality of every movie.
        form: The form of every movie; None means the inputs in the settings of the model.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The data have other genres than the model was trained for.
    """
    predictor = load_predictor(folder, fitted=False)
    remedy = "evaluate on data prepared with `genres` naming its own"
    data.require_genres(predictor.model.genres, str(folder), remedy)
    total = -(-data.num_movies(split) // _FILMS_IN_MEMORY)
    if form is None:
        settings = predictor.model.data_config
        form = FilmForm(settings.plot, tuple(part for part in settings.reads if part != missing))
    chunks = track(
        _films(data, split, predictor.reader, form),
        description=_title(predictor.model.model_name, split, missing),
        total=total,
        disable=not progress,
    )
    logits = np.concatenate([predictor.answer(films).logits for films in chunks])
    probs = from_log_odds(logits.astype(np.float64)).astype(np.float32)
    return _predictions(data, split, probs)


def _films(
    data: PreparedData, split: Split, reader: FilmReader, form: FilmForm
) -> Iterator[list[Film]]:
    """Yield every movie of a split in the form the model reads, in order."""
    for batch in data.poster_file(split).iter_batches(
        _FILMS_IN_MEMORY, columns=["title", "year", "plots", "poster"]
    ):
        films = []
        for row in batch.to_pylist():
            texts = [plot for plot in row["plots"] if plot.strip()]
            if reader.chooses_plots:  # each member of an ensemble by its own rule
                plots = texts
            else:
                plots = [choose_plot(texts, form.plot)] if texts else []
            has_poster = row["poster"] and "poster" in form.reads
            films.append(
                reader.form(
                    plots if "plot" in form.reads else [],
                    read_poster(row["poster"]["bytes"]) if has_poster else None,
                    row["title"] if "title" in form.reads else None,
                    row["year"] if "year" in form.reads else None,
                )
            )
        yield films


def _predict_members(
    ensemble: Checkpoint,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None,
    progress: bool,
) -> Predictions:
    """Return the probabilities of an ensemble from those of its members."""
    assert isinstance(ensemble.model, Ensemble), "only an ensemble has members"
    member_probs = [
        predict_split(member, data, split, missing=missing, progress=progress)
        for member in ensemble.members
    ]
    return combined(member_probs, ensemble.model.combiner, availability(data, split, missing))


def availability(
    data: PreparedData, split: Split, missing: Modality | None = None
) -> dict[Modality, npt.NDArray[np.bool_]]:
    """Return which movies of a split have each modality (N,).

    Args:
        data: The prepared data.
        split: Which part.
        missing: This modality is hidden, so that none has it.
    """
    plots = data.plots(split, "joined")
    present = {
        Modality.PLOT: np.array([bool(plot.strip()) for plot in plots], dtype=bool),
        Modality.POSTER: data.has_poster(split),
    }
    return {name: has & (name is not missing) for name, has in present.items()}


def combined(
    members: Sequence[Predictions],
    combiner: Combiner,
    available: Mapping[Modality, npt.NDArray[np.bool_]],
) -> Predictions:
    """Return an ensemble's probabilities from those of its members.

    Args:
        members: Their probabilities for the same movies.
        combiner: Their weights.
        available: Which movies have each modality (N,).
    """
    odds = combiner.combine(log_odds(np.stack([member.probs for member in members])), available)
    return replace(members[0], probs=from_log_odds(odds).astype(np.float32))


def kept_predictions(checkpoint: Path, split: Split) -> Path | None:
    """Return the cached file of a checkpoint's probabilities for a split, of any movies.

    Args:
        checkpoint: The ``best.pth``.
        split: Which part.
    """
    name = _file_name(checkpoint, split, missing=None, fingerprint="*")
    return max(checkpoint.parent.glob(name), default=None)


def load_kept(checkpoint: Path, data: PreparedData, split: Split) -> Predictions | None:
    """Return the cached probabilities of a model for the movies of a split, if any.

    Args:
        checkpoint: The ``best.pth``.
        data: The prepared data.
        split: Which part.

    Raises:
        DataError: The file is damaged.
    """
    name = _file_name(checkpoint, split, missing=None, fingerprint=data.fingerprint)
    path = checkpoint.parent / name
    return Predictions.load(path) if path.is_file() else None


def _file_name(
    checkpoint: Path, split: Split, *, missing: Modality | None, fingerprint: str
) -> str:
    return f"{_kind(missing)}-{split.value}-{file_sha256(checkpoint)[:12]}-{fingerprint[:12]}.npz"


def _kind(missing: Modality | None) -> str:
    return "predictions" if missing is None else f"predictions_without_{missing.value}"


def cached_predictions(
    checkpoint: Path,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    keep: bool = True,
    progress: bool = False,
) -> Predictions:
    """Return a model's probabilities, from the cache if weights and movies are unchanged.

    Args:
        checkpoint: The ``best.pth``, or what else ``weights_file`` returns.
        data: The prepared data.
        split: Which part.
        missing: Hide this modality of every movie.
        keep: Write what is computed beside the weights, in place of what is out of date.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The checkpoint cannot be read, or has other genres than the data.
    """
    folder = checkpoint.parent
    path = folder / _file_name(checkpoint, split, missing=missing, fingerprint=data.fingerprint)
    if (kept := _kept(path)) is not None:
        return kept
    logger.info("evaluating %s on %s", folder.name, split.value)
    if is_ensemble(checkpoint):
        predictions = member_predictions(
            checkpoint, data, split, missing=missing, keep=keep, progress=progress
        )
    elif answers_only(checkpoint):
        predictions = predict_exported(folder, data, split, missing=missing, progress=progress)
    else:
        trained = load_trained(checkpoint)
        predictions = predict_split(trained, data, split, missing=missing, progress=progress)
    if keep:
        predictions.save(path)
        for stale in folder.glob(f"{_kind(missing)}-{split.value}-*.npz"):
            if stale != path:
                stale.unlink(missing_ok=True)
    return predictions


def _kept(path: Path) -> Predictions | None:
    """Return saved predictions; None if they are missing or damaged."""
    if not path.is_file():
        return None
    try:
        return Predictions.load(path)
    except DataError as error:
        logger.warning("%s; the model is evaluated again", str(error).partition(";")[0])
        return None


def keep_predictions(
    checkpoint: Path, data: PreparedData, split: Split, predictions: Predictions
) -> None:
    """Write probabilities to the cache that ``cached_predictions`` reads.

    Args:
        checkpoint: The file of the weights.
        data: The prepared data.
        split: Which part.
        predictions: The model's probabilities for it.
    """
    name = _file_name(checkpoint, split, missing=None, fingerprint=data.fingerprint)
    predictions.save(checkpoint.parent / name)


def member_predictions(
    path: Path,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    keep: bool = True,
    progress: bool = False,
) -> Predictions:
    """Return an ensemble's probabilities from the cached ones of its members.

    Args:
        path: Its ``ensemble.json``, or the folder that holds it.
        data: The prepared data.
        split: Which part.
        missing: Hide this modality of every movie.
        keep: Write what is computed of a member beside its weights.
        progress: Show progress bars.

    Raises:
        CheckpointError: A member is missing or was trained again, or the genres are others.
    """
    path = ensemble_file(path)
    record = EnsembleRecord.read(path)
    predictions = []
    for member in record.members:
        looks = model_config_class(member.model_name).modalities
        kept = cached_predictions(
            member.file(path.parent),
            data,
            split,
            missing=missing if missing in looks else None,
            keep=keep,
            progress=progress,
        )
        predictions.append(kept)
    return combined(predictions, record.combiner, availability(data, split, missing))
