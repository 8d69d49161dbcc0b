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
        path: A ``best.pth``, the folder that holds one, an exported folder, an
            ensemble's folder, or a hub name.
        split: Which part.
        data_dir: Prepared data; None takes those the model was trained on.
        threshold: The probability from which a genre is chosen.
        progress: Show a progress bar.
    """
    model = open_model(path)
    data = PreparedData(data_dir or model.info.data_config.dir)
    predictions = predict_split(model, data, split, progress=progress)
    return evaluate_predictions(predictions, model.info.model_name, split.value, threshold)
