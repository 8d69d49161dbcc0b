"""The effect of one changed factor on a model's validation scores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import DEFAULT_THRESHOLD, decide
from moviegenre.core.errors import DataError
from moviegenre.evaluation.bootstrap import Interval, paired_bootstrap
from moviegenre.evaluation.results import Predictions, number_or_none
from moviegenre.evaluation.tuning import TuningSettings, tune
from moviegenre.metrics import compute_metrics

BASE = "base"


@dataclass(frozen=True)
class Trained:
    """A trained model on the validation movies.

    Attributes:
        name: Of the variant; the base's is not shown.
        predictions: Its probabilities.
        train_seconds: The time of training; None where it is unknown.
        setup_seconds: The time of filling the caches that it reads; None likewise.
        changes: The settings that make the variant, by dotted name; of the base, what it has.
    """

    name: str
    predictions: Predictions
    train_seconds: float | None
    setup_seconds: float | None
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """The score of a variant minus that of its base, a fraction.

    Attributes:
        value: Of F1-macro.
        interval: 95 % of it over resampled movies, the same for both.
    """

    value: float
    interval: Interval

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; what is undefined is None."""
        return {
            "value": number_or_none(self.value),
            "low": number_or_none(self.interval.low),
            "high": number_or_none(self.interval.high),
        }


@dataclass(frozen=True)
class AblationRow:
    """The scores of one variant, fractions.

    Attributes:
        trained: The variant.
        f1_macro: At 0.5.
        f1_micro: At 0.5.
        roc_auc: Macro-averaged.
        tuned_f1_macro: With a threshold for each genre, cross-validated.
        difference: F1-macro at 0.5 less the base's; None for the base.
        tuned_difference: The same with the cross-validated thresholds.
        tuned_chosen: What is chosen with these (N, L).
    """

    trained: Trained
    f1_macro: float
    f1_micro: float
    roc_auc: float
    tuned_f1_macro: float
    difference: Difference | None
    tuned_difference: Difference | None
    tuned_chosen: npt.NDArray[np.bool_]

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; what is undefined or unknown is None."""
        return {
            "settings": dict(self.trained.changes),
            "f1_macro": number_or_none(self.f1_macro),
            "f1_micro": number_or_none(self.f1_micro),
            "roc_auc": number_or_none(self.roc_auc),
            "tuned_f1_macro": number_or_none(self.tuned_f1_macro),
            "difference": self.difference.to_json_dict() if self.difference else None,
            "tuned_difference": (
                self.tuned_difference.to_json_dict() if self.tuned_difference else None
            ),
            "train_seconds": self.trained.train_seconds,
            "setup_seconds": self.trained.setup_seconds,
        }


@dataclass(frozen=True)
class AblationResult:
    """One factor of one base.

    Attributes:
        base: The model.
        factor: What is changed.
        rows: The base, then the variants that are trained.
        missing: The variants that are not trained yet.
    """

    base: str
    factor: str
    rows: tuple[AblationRow, ...]
    missing: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The title of its table."""
        return f"{self.base}: {self.factor}"

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values."""
        base, *variants = self.rows
        return {
            "base": self.base,
            "factor": self.factor,
            BASE + "_row": base.to_json_dict(),
            "variants": {row.trained.name: row.to_json_dict() for row in variants},
            "missing": list(self.missing),
        }


def measure(trained: Trained, base: AblationRow | None = None) -> AblationRow:
    """Score a variant on the validation movies, and against its base if given.

    Raises:
        DataError: The two were not scored on the same movies, or there are too few of them.
    """
    predictions = trained.predictions
    if base is not None and base.trained.predictions.ids != predictions.ids:
        raise DataError(
            f"{trained.name} was scored on other movies than its base; delete the predictions "
            "beside both and run it again"
        )
    scores = compute_metrics(predictions.probs, predictions.labels, DEFAULT_THRESHOLD).metrics
    tuned = tune(predictions, TuningSettings(thresholds="per-genre"))
    row = AblationRow(
        trained=trained,
        f1_macro=scores["f1_macro"],
        f1_micro=scores["f1_micro"],
        roc_auc=scores["roc_auc"],
        tuned_f1_macro=tuned.cross_validated.f1_macro,
        difference=None,
        tuned_difference=None,
        tuned_chosen=tuned.chosen,
    )
    if base is None:
        return row
    decisions = {
        "new": decide(predictions.probs),
        "old": decide(base.trained.predictions.probs),
        "new tuned": row.tuned_chosen,
        "old tuned": base.tuned_chosen,
    }
    bootstrap = paired_bootstrap(decisions, predictions.labels)
    return replace(
        row,
        difference=Difference(row.f1_macro - base.f1_macro, bootstrap.difference("new", "old")),
        tuned_difference=Difference(
            row.tuned_f1_macro - base.tuned_f1_macro,
            bootstrap.difference("new tuned", "old tuned"),
        ),
    )
