"""Calibration and thresholds for each form of a film, fitted on validation.

A sentence says less than ten pages, and a poster less than either. A model is therefore calibrated
for each form by itself, and between forms by the number of tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.folder import CARD_FILE, METRICS_FILE
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.locate import locate, weights_file
from moviegenre.artifacts.manifest import rewriting
from moviegenre.artifacts.open import open_model
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import PLOT_AND_POSTER, Modality, Part, PlotRule, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.evaluation.tuning import TunedScores, TuningSettings, fit_point, score
from moviegenre.experiment.exported_scores import record_forms
from moviegenre.experiment.film_forms import FILM_FORMS, FilmForm
from moviegenre.experiment.predictions import predict_split

LENGTHS: tuple[PlotRule, ...] = ("sentence", "first", "joined")
"""The forms of a plot that are fitted, the shortest first; the second is the usual one."""

BOUNDS = (0.25, 0.55)
"""Thresholds stay within, so that no genre is dropped beside a much weaker one."""

POSTER_BOUNDS = (0.15, 0.55)
"""Those for a poster alone, on which rare genres seldom reach a quarter (docs/dev-log.md)."""

POSTER_BETA = 0.8
"""F-beta for a poster alone, because F1 chooses a third more genres than films have
(docs/dev-log.md)."""

SETTINGS = TuningSettings(thresholds="per-genre", calibration="platt", bounds=BOUNDS)

Predict = Callable[[Split, FilmForm], Predictions]
"""Returns a model's own probabilities for the movies of a split in one form."""


@dataclass(frozen=True)
class FormScores:
    """The scores of a model for one form of film.

    Attributes:
        form: The form of film.
        scores: At its calibration and thresholds.
        mean_chosen: How many genres it chooses of a film, on average.
        mean_true: How many a film has.
    """

    form: FilmForm
    scores: TunedScores
    mean_chosen: float
    mean_true: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return the scores as plain values."""
        counts = {"mean_chosen": self.mean_chosen, "mean_true": self.mean_true}
        return {**self.scores.to_json_dict(), **counts}


def evaluate_forms(
    path: Path, split: Split, *, data_dir: Path | None = None, save: bool = True
) -> list[FormScores]:
    """Fit calibration and thresholds for every form of film on validation, and score the model.

    An exported folder keeps those that it was exported with; its scores go on its card.

    Args:
        path: A ``best.pth``, its folder, or an exported folder.
        split: Which part is scored.
        data_dir: Prepared data; None takes those the model was trained on.
        save: Fit, and write the fit beside the weights.

    Raises:
        CheckpointError: The checkpoint cannot be read, or has other genres than the data.
    """
    path = weights_file(locate(path))
    model = open_model(path)
    info = model.info
    data = PreparedData(data_dir or info.data_config.dir)

    def predict(split: Split, form: FilmForm) -> Predictions:
        return predict_split(model, data, split, form=form)

    file = path.parent / THRESHOLDS_FILE
    point = OperatingPoint.read(file, info.genres)
    if save and not model.only_answers:
        lengths = {
            rule: num_tokens(info, data, Split.VAL, FilmForm(rule, ("plot",))) for rule in LENGTHS
        }
        usual = {rule: max(1, int(np.median(tokens))) for rule, tokens in lengths.items()}
        point = point_for_forms(predict, usual)
        with rewriting(path.parent, THRESHOLDS_FILE):
            point.write(file)
    scores = [
        _scored(predict(split, form), form, point, num_tokens(info, data, split, form))
        for form in FILM_FORMS
    ]
    if save and model.only_answers:
        rows = {row.form.name: row.to_json_dict() for row in scores}
        with rewriting(path.parent, METRICS_FILE, CARD_FILE):
            record_forms(path.parent, split.value, rows)
    return scores


def point_for_forms(predict: Predict, usual: dict[PlotRule, int]) -> OperatingPoint:
    """Return an operating point for films with and without posters, by length, and without plots.

    Films are taken with and without title and year, so that one point serves both.

    Args:
        predict: The model.
        usual: How many tokens the plot usually has in each of ``LENGTHS``.
    """

    def fitted(*reads: Part) -> OperatingPoint:
        points = {}
        for rule in LENGTHS:
            plain = predict(Split.VAL, FilmForm(rule, reads))
            named = predict(Split.VAL, FilmForm(rule, (*reads, "title", "year")))
            points[usual[rule]] = fit_point(_stacked(plain, named), SETTINGS)
        return replace(points[usual[LENGTHS[1]]], by_length=points)

    settings = replace(SETTINGS, bounds=POSTER_BOUNDS, beta=POSTER_BETA)
    posters = fit_point(predict(Split.VAL, FilmForm(LENGTHS[1], ("poster",))), settings)
    without = {Modality.PLOT: posters, Modality.POSTER: fitted("plot")}
    return replace(fitted(*PLOT_AND_POSTER), without=without)


def num_tokens(
    info: ModelInfo, data: PreparedData, split: Split, form: FilmForm
) -> npt.NDArray[np.int64]:
    """Return how many tokens the text of each movie of a split has (N,)."""
    assert info.tokenizer is not None, "the model reads plots"
    texts = data.plots(split, form.plot, form.reads)
    tokens = info.tokenizer.encode(texts, info.data_config.max_tokens)
    return np.array([len(row) for row in tokens], dtype=np.int64)


def _scored(
    movies: Predictions, form: FilmForm, point: OperatingPoint, lengths: npt.NDArray[np.int64]
) -> FormScores:
    probs = np.array(movies.probs, dtype=np.float64)
    chosen = np.zeros(probs.shape, dtype=bool)
    available = set(Modality) - {form.missing}
    for row_point, rows in point.by_rows([available] * len(probs), lengths.tolist()):
        probs[rows] = row_point.calibrate(probs[rows])
        chosen[rows] = row_point.decide(probs[rows])
    scores = score(probs, chosen, movies.labels)
    truth = np.asarray(movies.labels)
    return FormScores(
        form, scores, float(chosen.sum(axis=1).mean()), float(truth.sum(axis=1).mean())
    )


def _stacked(first: Predictions, second: Predictions) -> Predictions:
    """Return two sets of predictions for the same films as one."""
    return replace(
        first,
        ids=(*first.ids, *second.ids),
        probs=np.concatenate([first.probs, second.probs]),
        labels=np.concatenate([first.labels, second.labels]),
    )
