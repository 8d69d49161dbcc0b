"""Calibration and thresholds for each form of a film, fitted on validation.

A sentence has less information than ten pages, and a poster less than a sentence. Each form
therefore has its own calibration; between two forms, the number of tokens decides.
"""

from collections.abc import Callable, Collection
from contextlib import nullcontext
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
from moviegenre.core.errors import ConfigError
from moviegenre.core.locks import locked
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import PLOT_AND_POSTER, Modality, Part, PlotRule, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.evaluation.tuning import TunedScores, TuningSettings, fit_point, score
from moviegenre.experiment.exported_scores import record_forms
from moviegenre.experiment.film_forms import FILM_FORMS, FilmForm
from moviegenre.experiment.predictions import predict_split

LENGTHS: tuple[PlotRule, ...] = ("sentence", "first", "joined")
"""The plot rules with a fit of their own, the shortest first; the second is the usual one."""

BOUNDS = (0.25, 0.55)
"""The bounds of thresholds, so that no genre is dropped while a much weaker one is chosen."""

POSTER_BOUNDS = (0.15, 0.55)
"""The bounds for a poster alone, where rare genres seldom reach 0.25 (docs/dev-log.md)."""

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
        scores: The scores at its calibration and thresholds.
        mean_chosen: The mean number of chosen genres of a film.
        mean_true: The mean number of true genres of a film.
    """

    form: FilmForm
    scores: TunedScores
    mean_chosen: float
    mean_true: float

    def to_json_dict(self) -> dict[str, Any]:
        """Return the scores as plain values."""
        counts = {"mean_chosen": self.mean_chosen, "mean_true": self.mean_true}
        return {**self.scores.to_json_dict(), **counts}


@dataclass(frozen=True)
class FormsEvaluation:
    """The scores of a model for every form of film that it reads.

    Attributes:
        scores: The scores by form.
        left_out: The forms that the model does not read, by the parts that it does not read.
        file: The file of the fit; None if nothing was fitted or saved.
        scored_folder: The exported folder whose scores and card were written; None if none was.
    """

    scores: list[FormScores]
    left_out: dict[tuple[Part, ...], list[FilmForm]]
    file: Path | None
    scored_folder: Path | None


def evaluate_forms(
    path: Path, split: Split, *, data_dir: Path | None = None, save: bool = True
) -> FormsEvaluation:
    """Fit calibration and thresholds for every form of film on validation, and score the model.

    Forms with a part that the model does not read are left out. An exported folder keeps its
    calibration and thresholds; its scores are added to its card.

    Args:
        path: A ``best.pth``, its folder, or an exported folder.
        split: The split for the scores.
        data_dir: Prepared data; None takes the training data of the model.
        save: Fit, and write the fit beside the weights.

    Raises:
        CheckpointError: The checkpoint cannot be read, or has other genres than the data.
        ConfigError: The model is an ensemble, or reads nothing of a film.
    """
    path = weights_file(locate(path))
    with locked(path.parent, "leave saving out with `save` off") if save else nullcontext():
        return _evaluate_forms(path, split, data_dir, save)


def _evaluate_forms(path: Path, split: Split, data_dir: Path | None, save: bool) -> FormsEvaluation:
    model = open_model(path)
    info = model.info
    if model.combiner is not None:
        raise ConfigError(
            f"{path.parent} is an ensemble, whose members each read their own form of a film; "
            "leave out `forms`, or name a member"
        )
    if not info.modalities:
        raise ConfigError(f"{info.model_name} reads nothing of a film; leave out `forms`")
    data = PreparedData(data_dir or info.data_config.dir)
    reads = info.parts
    left_out: dict[tuple[Part, ...], list[FilmForm]] = {}
    for form in FILM_FORMS:
        if unread := form.unread(reads):
            left_out.setdefault(unread, []).append(form)

    def predict(split: Split, form: FilmForm) -> Predictions:
        return predict_split(model, data, split, form=form)

    file = path.parent / THRESHOLDS_FILE
    point = OperatingPoint.read(file, info.genres)
    fits = save and not model.only_answers
    if fits:
        lengths = {
            rule: num_tokens(info, data, Split.VAL, FilmForm(rule, ("plot",))) for rule in LENGTHS
        }
        usual_lengths = {rule: max(1, int(np.median(tokens))) for rule, tokens in lengths.items()}
        point = point_for_forms(predict, usual_lengths, reads)
        with rewriting(path.parent, THRESHOLDS_FILE):
            point.write(file)
    scores = [
        _score_form(predict(split, form), form, point, num_tokens(info, data, split, form))
        for form in FILM_FORMS
        if not form.unread(reads)
    ]
    if save and model.only_answers:
        rows = {row.form.name: row.to_json_dict() for row in scores}
        with rewriting(path.parent, METRICS_FILE, CARD_FILE):
            record_forms(path.parent, split.value, rows)
    return FormsEvaluation(
        scores,
        left_out,
        file=file if fits else None,
        scored_folder=path.parent if save and model.only_answers else None,
    )


def point_for_forms(
    predict: Predict, usual: dict[PlotRule, int], reads: Collection[Part]
) -> OperatingPoint:
    """Return an operating point for films with and without posters, by length, and without plots.

    For a model that reads title or year, each fit uses films with and without them, so that one
    point fits both.

    Args:
        predict: The model.
        usual: The usual number of tokens of a plot for each of ``LENGTHS``.
        reads: The parts that the model reads.
    """
    names: tuple[Part, ...] = tuple(part for part in ("title", "year") if part in reads)

    def fit_lengths(*parts: Part) -> OperatingPoint:
        points = {}
        for rule in LENGTHS:
            movies = predict(Split.VAL, FilmForm(rule, parts))
            if names:
                movies = _concatenate(movies, predict(Split.VAL, FilmForm(rule, (*parts, *names))))
            points[usual[rule]] = fit_point(movies, SETTINGS)
        return replace(points[usual[LENGTHS[1]]], by_length=points)

    if "poster" not in reads:
        return fit_lengths("plot")
    poster_settings = replace(SETTINGS, bounds=POSTER_BOUNDS, beta=POSTER_BETA)
    poster_point = fit_point(predict(Split.VAL, FilmForm(LENGTHS[1], ("poster",))), poster_settings)
    if "plot" not in reads:
        return poster_point
    without = {Modality.PLOT: poster_point, Modality.POSTER: fit_lengths("plot")}
    return replace(fit_lengths(*PLOT_AND_POSTER), without=without)


def num_tokens(
    info: ModelInfo, data: PreparedData, split: Split, form: FilmForm
) -> npt.NDArray[np.int64]:
    """Return the number of tokens of each movie's text (N,); 0 for a model of posters alone."""
    if info.tokenizer is None:
        return np.zeros(data.num_movies(split), dtype=np.int64)
    texts = data.plots(split, form.plot, form.reads)
    tokens = info.tokenizer.encode(texts, info.data_config.max_tokens)
    return np.array([len(row) for row in tokens], dtype=np.int64)


def _score_form(
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


def _concatenate(first: Predictions, second: Predictions) -> Predictions:
    """Return two sets of predictions as one."""
    return replace(
        first,
        ids=(*first.ids, *second.ids),
        probs=np.concatenate([first.probs, second.probs]),
        labels=np.concatenate([first.labels, second.labels]),
    )
