"""Evaluate a checkpoint: its probabilities on a split, and their scores."""

from pathlib import Path

from moviegenre.artifacts.folder import answers_only, read_description
from moviegenre.artifacts.locate import companions, locate
from moviegenre.artifacts.open import load_trained
from moviegenre.core.decisions import DEFAULT_THRESHOLD
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Evaluation, evaluate_predictions
from moviegenre.experiment.predictions import member_predictions, predict_exported
from moviegenre.experiment.predictions import predict_split as predict_split


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
        path: A ``best.pth``, the folder that holds one, an exported folder, an
            ensemble's folder, or a hub name.
        split: Which part.
        data_dir: Prepared data; None takes those the model was trained on.
        threshold: The probability from which a genre is chosen.
        progress: Show a progress bar.
    """
    path = locate(path)
    if answers_only(path):
        folder = companions(path)
        model = read_description(folder)
        data = PreparedData(data_dir or model.data_config.dir)
        predictions = predict_exported(folder, data, split, progress=progress)
        return evaluate_predictions(predictions, model.model_name, split.value, threshold)
    checkpoint = load_trained(path)
    data = PreparedData(data_dir or checkpoint.data_config.dir)
    if checkpoint.members:  # what is kept of them saves many passes over the movies
        predictions = member_predictions(path, data, split, keep=False, progress=progress)
    else:
        predictions = predict_split(checkpoint, data, split, progress=progress)
    return evaluate_predictions(predictions, checkpoint.model_name, split.value, threshold)
