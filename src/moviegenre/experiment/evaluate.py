"""Evaluate a checkpoint: its probabilities on a split, and their scores."""

from pathlib import Path

from moviegenre.artifacts.open import open_model
from moviegenre.core.decisions import DEFAULT_THRESHOLD
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Evaluation, evaluate_predictions
from moviegenre.experiment.predictions import predict_split


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
        path: A ``best.pth``, its folder, an exported folder, an ensemble's folder, or a name on
            the Hub.
        split: The split.
        data_dir: Prepared data; None takes the training data of the model.
        threshold: The threshold of all genres.
        progress: Show a progress bar.
    """
    model = open_model(path)
    data = PreparedData(data_dir or model.info.data_config.dir)
    predictions = predict_split(model, data, split, progress=progress)
    return evaluate_predictions(predictions, model.info.model_name, split.value, threshold)
