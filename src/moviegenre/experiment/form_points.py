"""Calibration and thresholds for what a film has and how much: fitted on validation, form by form.

A sentence says less than ten pages, and a poster less than either. A model is therefore calibrated
for each form by itself, and between forms by the number of tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import Modality, Split
from moviegenre.data.caches import cached_tokens
from moviegenre.data.film_text import PLOT_AND_POSTER, Part
from moviegenre.data.prepared import PlotRule, PreparedData
from moviegenre.evaluation.results import Predictions
from moviegenre.evaluation.tuning import TunedScores, TuningSettings, fit_point, score
from moviegenre.experiment.predictions import predict_split
from moviegenre.models.checkpoint import Checkpoint
from moviegenre.models.trained import load_trained, locate, weights_file

LENGTHS: tuple[PlotRule, ...] = ("sentence", "first", "joined")
"""The forms of a plot that are fitted, the shortest first; the second is the usual one."""

BOUNDS = (0.25, 0.55)
"""Thresholds stay within, so that no genre is dropped beside a much weaker one."""

SETTINGS = TuningSettings(thresholds="per-genre", calibration="platt", bounds=BOUNDS)


@dataclass(frozen=True)
class Form:
    """What is given of every film.

    Attributes:
        name: What it is called.
        plot: Which plot, or how much of it.
        reads: What is read.
    """

    name: str
    plot: PlotRule
    reads: tuple[Part, ...]

    @property
    def missing(self) -> Modality | None:
        """The modality that every film lacks."""
        if "poster" not in self.reads:
            return Modality.POSTER
        return None if "plot" in self.reads else Modality.PLOT


_NAMED: tuple[Part, ...] = ("title", "year")
FORMS = (
    Form("short plot and poster", "first", PLOT_AND_POSTER),
    Form("all plots and poster", "joined", PLOT_AND_POSTER),
    Form("short plot", "first", ("plot",)),
    Form("all plots", "joined", ("plot",)),
    Form("first sentence", "sentence", ("plot",)),
    Form("poster", "first", ("poster",)),
    Form("short plot, poster, title, year", "first", (*PLOT_AND_POSTER, *_NAMED)),
    Form("all plots, poster, title, year", "joined", (*PLOT_AND_POSTER, *_NAMED)),
)

Predict = Callable[[Form], Predictions]


def fit_forms(path: Path, *, data_dir: Path | None = None) -> Path:
    """Fit a trained model's calibration and thresholds on validation, for every form.

    Args:
        path: A ``best.pth``, or its folder.
        data_dir: Prepared data; None takes those the model was trained on.

    Returns:
        The file that was written beside the weights.

    Raises:
        CheckpointError: The checkpoint cannot be read, or has other genres than the data.
    """
    path = weights_file(locate(path))
    checkpoint = load_trained(path)
    data = PreparedData(data_dir or checkpoint.data_config.dir)
    lengths = {rule: _usual_length(checkpoint, data, rule) for rule in LENGTHS}
    point = point_for_forms(form_predictor(checkpoint, data, Split.VAL), lengths)
    file = path.parent / THRESHOLDS_FILE
    point.write(file)
    return file


def form_predictor(checkpoint: Checkpoint, data: PreparedData, split: Split) -> Predict:
    """Return a function that predicts every movie of a split in a form."""

    def predict(form: Form) -> Predictions:
        # Posters alone are asked about with their plots hidden: no text is encoded anew then.
        reads = PLOT_AND_POSTER if form.missing is Modality.PLOT else form.reads
        config = {**checkpoint.config["data"], "plot": form.plot, "reads": list(reads)}
        asked = replace(checkpoint, config={**checkpoint.config, "data": config})
        return predict_split(asked, data, split, missing=form.missing)

    return predict


def point_for_forms(predict: Predict, lengths: dict[PlotRule, int]) -> OperatingPoint:
    """Return an operating point for films with and without posters, by length, and without plots.

    Films are taken with and without title and year, so that one point serves both.

    Args:
        predict: Gives a model's probabilities for the validation movies in a form.
        lengths: How many tokens the plot usually has in each form.
    """

    def fit(*reads: Part) -> OperatingPoint:
        points = {}
        for rule in LENGTHS:
            plain = predict(Form("", rule, reads))
            named = predict(Form("", rule, (*reads, *_NAMED)))
            points[lengths[rule]] = fit_point(_stacked(plain, named), SETTINGS)
        return replace(points[lengths[LENGTHS[1]]], by_length=points)

    alone = fit_point(predict(Form("", LENGTHS[1], ("poster",))), SETTINGS)
    without = {Modality.PLOT: alone, Modality.POSTER: fit("plot")}
    return replace(fit("plot", "poster"), without=without)


def score_forms(
    predict: Predict, point: OperatingPoint, lengths: Callable[[Form], list[int]]
) -> dict[str, TunedScores]:
    """Return what a model scores in every form, decided at an operating point.

    Args:
        predict: Gives the model's own probabilities in a form.
        point: Its calibration and thresholds.
        lengths: How many tokens each film has in a form.
    """
    found = {}
    for form in FORMS:
        films = predict(form)
        probs = np.asarray(films.probs, dtype=np.float64)
        chosen = np.zeros(probs.shape, dtype=bool)
        has = set(Modality) - {form.missing}
        for own, rows in point.by_rows([has] * len(probs), lengths(form)):
            probs[rows] = own.calibrate(probs[rows])
            chosen[rows] = own.decide(probs[rows])
        found[form.name] = score(probs, chosen, films.labels)
    return found


def _usual_length(checkpoint: Checkpoint, data: PreparedData, rule: PlotRule) -> int:
    """Return the median number of tokens of the validation movies' plots."""
    tokenizer = checkpoint.tokenizer
    assert tokenizer is not None, "the model reads plots"
    tokens = cached_tokens(data, Split.VAL, tokenizer, rule, checkpoint.data_config.max_tokens)
    return max(1, int(np.median(tokens.lengths)))


def _stacked(first: Predictions, second: Predictions) -> Predictions:
    """Return two sets of answers about the same films as one."""
    return replace(
        first,
        ids=(*first.ids, *second.ids),
        probs=np.concatenate([first.probs, second.probs]),
        labels=np.concatenate([first.labels, second.labels]),
    )
