"""The numbers behind the plots."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from moviegenre.evaluation.canvas import kind_colour
from moviegenre.evaluation.compare import compare
from moviegenre.evaluation.genre_plots import precision_recall
from moviegenre.evaluation.plots import PLOTS, render_png
from tests.unit.evaluation.fake_runs import make_predictions, make_run


def test_precision_over_recall_by_hand() -> None:
    recall, precision = precision_recall(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 0, 1, 0]))
    assert recall.tolist() == [0.5, 1.0, 1.0]
    assert precision == pytest.approx([1.0, 2 / 3, 0.5])


def test_the_drawn_steps_enclose_average_precision() -> None:
    predictions = make_predictions(1.0)
    probs, labels = predictions.probs[:, 0], predictions.labels[:, 0]
    recall, precision = precision_recall(probs, labels)
    area = np.sum(np.diff(recall, prepend=0) * precision)
    assert area == pytest.approx(average_precision_score(labels, probs))


def test_genres_are_drawn_by_their_number_of_movies() -> None:
    comparison = compare([make_run("bert")], "test")
    assert comparison.genres_by_support == ["Drama", "Horror", "War", "Musical"]


def test_equal_results_give_equal_files() -> None:
    comparison = compare([make_run("bert")], "test")
    assert render_png(PLOTS[0], comparison) == render_png(PLOTS[0], comparison)


def test_kinds_have_their_own_colours() -> None:
    kinds = ("plot", "poster", "fusion", "something else")
    assert len({kind_colour(kind) for kind in kinds}) == 4
