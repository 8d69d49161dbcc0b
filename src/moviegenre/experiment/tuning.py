"""Evaluate a checkpoint with thresholds and a calibration fitted on validation."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from moviegenre.artifacts.folder import CARD_FILE, METRICS_FILE, PARITY_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.locate import locate, weights_file
from moviegenre.artifacts.manifest import rewriting
from moviegenre.artifacts.open import open_model
from moviegenre.artifacts.trained import TrainedModel
from moviegenre.core.decisions import FloatArray, decide
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.locks import locked
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import Modality, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import (
    Evaluation,
    Predictions,
    evaluate_predictions,
    number_or_none,
)
from moviegenre.evaluation.tuning import TunedScores, Tuning, TuningSettings, score, tune
from moviegenre.experiment.exported_scores import refresh_companions
from moviegenre.experiment.predictions import cached_predictions
from moviegenre.losses import WeightedBCEConfig, positive_weights


@dataclass(frozen=True)
class TunedEvaluation:
    """The scores of a checkpoint on a split, with the fit to validation.

    Attributes:
        evaluation: The scores.
        before: F1 and calibration on the split before the fit, at threshold 0.5.
        after: F1 and calibration on the split with the fit.
        tuning: The fit, and its scores on validation.
        file: The file of the fit; None if it was not saved.
    """

    evaluation: Evaluation
    before: TunedScores
    after: TunedScores
    tuning: Tuning
    file: Path | None

    def to_json_dict(self) -> dict[str, Any]:
        """Return the content of ``moviegenre evaluate --json``; undefined values are None."""
        return {
            **self.evaluation.to_json_dict(),
            "before": self.before.to_json_dict(),
            "calibration": {
                "method": self.tuning.settings.calibration,
                "ece": {
                    "before": number_or_none(self.before.ece),
                    "after": number_or_none(self.after.ece),
                },
                "ece_by_genre": {
                    genre: {"before": number_or_none(before), "after": number_or_none(after)}
                    for genre, before, after in zip(
                        self.tuning.point.genres,
                        self.before.ece_by_genre.tolist(),
                        self.after.ece_by_genre.tolist(),
                        strict=True,
                    )
                },
            },
            "cross_validated": self.tuning.to_json_dict(),
        }


def evaluate_tuned(
    path: Path,
    split: Split,
    settings: TuningSettings,
    *,
    data_dir: Path | None = None,
    save: bool = True,
    progress: bool = False,
) -> TunedEvaluation:
    """Fit on validation, save the fit beside the weights, and score a split with it.

    Args:
        path: A ``best.pth``, or another form that ``open_model`` accepts.
        split: The split for the scores; the fit always uses the validation split.
        settings: The settings of the fit.
        data_dir: Prepared data; None takes the training data of the model.
        save: Write ``thresholds.json`` and the predictions beside the weights.
        progress: Show a progress bar.

    Raises:
        CheckpointError: The checkpoint cannot be read or does not fit the data.
        ConfigError: The calibration does not suit the loss.
        DataError: There are too few validation movies, or a folder of several ONNX files has no
            exact weights to compare them with.
    """
    path = weights_file(locate(path))
    with locked(path.parent, "leave saving out with `save` off") if save else nullcontext():
        model = open_model(path)
        info = model.info
        data = PreparedData(data_dir or info.data_config.dir)
        weights = trained_weights(info, data) if settings.calibration == "weights" else None
        keep = save and not model.only_answers  # no caches in an exported folder
        val = cached_predictions(model, data, Split.VAL, keep=keep, progress=progress)
        predictions = val
        if split is not Split.VAL:
            predictions = cached_predictions(model, data, split, keep=keep, progress=progress)
        tuning = tune(val, settings, weights)
        if settings.fits and len(info.modalities) > 1:
            without = _points_without(model, data, settings, weights, keep)
            tuning = replace(tuning, point=replace(tuning.point, without=without))
        probs = np.asarray(predictions.probs, dtype=np.float64)
        calibrated = tuning.point.calibrate(probs)
        evaluation = _evaluate(replace(predictions, probs=calibrated), info, split, tuning.point)
        file = path.parent / THRESHOLDS_FILE if save and settings.fits else None
        if file is not None:
            companions = (METRICS_FILE, PARITY_FILE, CARD_FILE) if model.only_answers else ()
            with rewriting(path.parent, THRESHOLDS_FILE, *companions):
                if companions:
                    refresh_companions(path.parent, tuning.point, evaluation, val)
                tuning.point.write(file)
    return TunedEvaluation(
        evaluation=evaluation,
        before=score(probs, decide(probs), predictions.labels),
        after=score(calibrated, tuning.point.decide(calibrated), predictions.labels),
        tuning=tuning,
        file=file,
    )


def _points_without(
    model: TrainedModel,
    data: PreparedData,
    settings: TuningSettings,
    weights: FloatArray | None,
    keep: bool,
) -> dict[Modality, OperatingPoint]:
    """Return operating points fitted to the validation movies with one modality hidden."""
    return {
        missing: tune(
            cached_predictions(model, data, Split.VAL, missing=missing, keep=keep),
            settings,
            weights,
        ).point
        for missing in Modality
    }


def trained_weights(info: ModelInfo, data: PreparedData) -> FloatArray:
    """Return the weight of positives (L,) in a checkpoint's loss.

    Raises:
        ConfigError: The loss has no weights.
        CheckpointError: The data are not the training data of the model.
    """
    loss: dict[str, Any] = info.config.get("loss", {})  # a fitted baseline has none
    name = WeightedBCEConfig().name
    if loss.get("name") != name:
        raise ConfigError(
            f"`calibrate` weights undoes the weights of the loss {name}; {info.model_name} "
            f"was trained with {loss.get('name', 'no loss')}; use `calibrate` platt"
        )
    if info.data_fingerprint != data.fingerprint:
        raise CheckpointError(
            f"`calibrate` weights takes the weights from the movies that {info.model_name} "
            f"was trained on, and {data.root} has others; use `calibrate` platt"
        )
    weights: FloatArray = positive_weights(data.labels(Split.TRAIN), loss["max_weight"]).numpy()
    return weights


def _evaluate(
    calibrated: Predictions, info: ModelInfo, split: Split, point: OperatingPoint
) -> Evaluation:
    """Score calibrated probabilities; equal thresholds are reported as one number."""
    thresholds = point.thresholds
    is_global = bool((thresholds == thresholds[0]).all())
    threshold = float(thresholds[0]) if is_global else thresholds
    return evaluate_predictions(calibrated, info.model_name, split.value, threshold)
