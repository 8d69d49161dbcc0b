"""Evaluating a checkpoint: its probabilities on a split, and what they score."""

import logging
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from moviegenre.core.decisions import DEFAULT_THRESHOLD, probabilities
from moviegenre.core.errors import CheckpointError, ConfigError, did_you_mean
from moviegenre.core.types import Modality, Split
from moviegenre.data.batches import batch_loader, ordered_batches
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Evaluation, Predictions, evaluate_predictions
from moviegenre.models.checkpoint import Checkpoint
from moviegenre.models.inputs import load_movies
from moviegenre.models.trained import load_trained

logger = logging.getLogger(__name__)

_BATCH_SIZE = 64


def parse_split(name: str) -> Split:
    """Return the split of that name; ``dev`` is MM-IMDb's word for ``val``.

    Raises:
        ConfigError: There is no such split.
    """
    if name == "dev":
        return Split.VAL
    try:
        return Split(name)
    except ValueError:
        known = [split.value for split in Split]
        raise ConfigError(f"unknown split {name!r}; {did_you_mean(name, known)}") from None


def predict_split(
    checkpoint: Checkpoint,
    data: PreparedData,
    split: Split,
    *,
    missing: Modality | None = None,
    progress: bool = False,
) -> Predictions:
    """Return a trained model's probabilities for every movie of a split, in the data's order.

    Args:
        checkpoint: The trained model.
        data: Prepared data with the same genres.
        split: Which part.
        missing: Hide this modality of every movie.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The data have other genres than the model was trained for.
    """
    if checkpoint.genres != data.genres:
        raise CheckpointError(
            f"the checkpoint answers with the genres {', '.join(checkpoint.genres)}; "
            f"{data.root} has {', '.join(data.genres)}; evaluate on data prepared with "
            "--genres naming the checkpoint's"
        )
    config = checkpoint.data_config
    movies = load_movies(data, split, config, checkpoint.model, checkpoint.tokenizer)
    probs = np.zeros((len(movies), len(data.genres)), dtype=np.float32)
    loader = batch_loader(movies, ordered_batches(movies.lengths, _BATCH_SIZE))
    title = f"{checkpoint.model_name} on {split.value}"
    if missing is not None:
        title += f" without {missing.value}s"
    with torch.inference_mode():
        for batch in track(loader, description=title, disable=not progress):
            seen = batch if missing is None else batch.without(missing)
            logits = checkpoint.model(seen).logits
            probs[batch.index.numpy()] = probabilities(logits).numpy()
    return Predictions(
        ids=data.ids(split), genres=data.genres.names, probs=probs, labels=data.labels(split)
    )


def evaluate(
    path: Path,
    split: Split,
    *,
    data_dir: Path | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    progress: bool = False,
) -> Evaluation:
    """Score a checkpoint on a split.

    Args:
        path: A ``best.pth``, the folder that holds one, an exported folder, or a hub name.
        split: Which part.
        data_dir: Prepared data; None takes those the model was trained on.
        threshold: The probability from which a genre is chosen.
        progress: Show a progress bar.
    """
    checkpoint = load_trained(path)
    data = PreparedData(data_dir or checkpoint.data_config.dir)
    predictions = predict_split(checkpoint, data, split, progress=progress)
    return evaluate_predictions(predictions, checkpoint.model_name, split.value, threshold)


def render_evaluation(evaluation: Evaluation) -> None:
    """Print the scores, and those of every genre."""
    console = Console()
    title = f"{evaluation.model} on {evaluation.split}, {evaluation.num_movies:,} movies"
    metrics = Table(title=title)
    metrics.add_column("metric")
    metrics.add_column("value", justify="right")
    for name, value in evaluation.metrics.items():
        metrics.add_row(name, f"{value:.4f}")
    console.print(metrics)
    genres = Table(title="by genre")
    genres.add_column("genre")
    for name in ("f1", "precision", "recall", "roc_auc", "support"):
        genres.add_column(name, justify="right")
    for genre, scores in evaluation.to_json_dict()["per_genre"].items():
        cells = [scores[n] for n in ("f1", "precision", "recall", "roc_auc")]
        shown = ["undefined" if cell is None else f"{cell:.3f}" for cell in cells]
        genres.add_row(genre, *shown, str(scores["support"]))
    console.print(genres)
