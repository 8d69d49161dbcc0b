"""Scores with thresholds and calibration fitted on validation, and scores at 0.5."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from moviegenre.core.decisions import FloatArray, decide
from moviegenre.evaluation.results import Predictions, number_or_none
from moviegenre.evaluation.tuning import (
    NUM_FOLDS,
    TunedScores,
    Tuning,
    TuningSettings,
    score,
    tune_goals,
)


@dataclass(frozen=True)
class TunedResult:
    """The scores of a model with a threshold for each genre, fitted on validation.

    Attributes:
        for_macro: The fit for F1-macro.
        for_micro: The fit for F1-micro.
        before: Scores on the split at 0.5.
        macro: Scores on the split with the thresholds for F1-macro.
        micro: Scores on the split with the thresholds for F1-micro.
        calibrated: The calibrated probabilities (N, L) of the split.
    """

    for_macro: Tuning
    for_micro: Tuning
    before: TunedScores
    macro: TunedScores
    micro: TunedScores
    calibrated: FloatArray

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values, fractions; None if undefined."""
        ece = {"before": self.before.ece, "after": self.macro.ece}
        content: dict[str, Any] = {
            "thresholds": "per-genre",
            "calibration": self.for_macro.settings.calibration,
            "ece": {name: number_or_none(value) for name, value in ece.items()},
        }
        for goal, tuning, scores in (
            ("f1_macro", self.for_macro, self.macro),
            ("f1_micro", self.for_micro, self.micro),
        ):
            content[goal] = {
                "f1_macro": number_or_none(scores.f1_macro),
                "f1_micro": number_or_none(scores.f1_micro),
                "cross_validated": tuning.to_json_dict(),
            }
        return content


def tuned_result(split: Predictions, val: Predictions | None) -> TunedResult | None:
    """Fit on validation for both goals and score a split.

    Args:
        split: A model's probabilities for the split.
        val: Its probabilities for validation; None if there are none.

    Returns:
        The scores; None if there are too few validation movies.
    """
    if val is None or len(val.ids) < NUM_FOLDS:
        return None
    probs = np.asarray(split.probs, dtype=np.float64)
    if not (np.isfinite(probs).all() and np.isfinite(val.probs).all()):
        return None  # evaluate_predictions raises the error
    settings = TuningSettings("per-genre", calibration="platt")
    for_macro, for_micro = tune_goals(val, settings, ["f1_macro", "f1_micro"])
    calibrated = for_macro.point.calibrate(probs)  # equal for both goals
    return TunedResult(
        for_macro=for_macro,
        for_micro=for_micro,
        before=score(probs, decide(probs), split.labels),
        macro=score(calibrated, for_macro.point.decide(calibrated), split.labels),
        micro=score(calibrated, for_micro.point.decide(calibrated), split.labels),
        calibrated=calibrated,
    )
