"""The numbers behind the plots."""

import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from moviegenre.evaluation.calibration_plots import draw_genre_reliability
from moviegenre.evaluation.canvas import LINES, kind_colour, line_style
from moviegenre.evaluation.compare import compare
from moviegenre.evaluation.genre_plots import precision_recall
from moviegenre.evaluation.model_plots import draw_training
from moviegenre.evaluation.plots import PLOTS, figure_png, render_png
from moviegenre.models.registry import MODELS
from tests.unit.evaluation.fake_runs import make_labels, make_predictions, make_run


def test_precision_over_recall_by_hand() -> None:
    recall, precision = precision_recall(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1, 0, 1, 0]))
    assert recall.tolist() == [0, 0.5, 1.0, 1.0]
    assert precision == pytest.approx([1.0, 1.0, 2 / 3, 0.5])


def test_the_drawn_steps_enclose_average_precision() -> None:
    predictions = make_predictions(1.0)
    probs, labels = predictions.probs[:, 0], predictions.labels[:, 0]
    recall, precision = precision_recall(probs, labels)
    area = np.sum(np.diff(recall) * precision[1:])
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


def test_every_model_has_its_own_colour_and_further_lines_their_own_look() -> None:
    assert len(MODELS) <= len(LINES)
    styles = [tuple(line_style(index).values()) for index in range(36)]
    assert len(set(styles)) == 36


def test_epochs_are_whole_numbers() -> None:
    figure = draw_training(compare([make_run("bert")], "test"))  # half epochs
    assert figure is not None
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks == [0, 1]


def test_a_panel_of_reliability_says_what_its_numbers_are() -> None:
    run = make_run("bert")
    run = replace(run, validation=make_predictions(0.9, seed=7))
    figure = draw_genre_reliability(compare([run], "test"))
    assert figure is not None
    figure_png(figure)  # a warning of the layout is an error
    genre, errors = figure.axes[0].get_title().split("\n")
    assert genre == "Drama"
    assert re.fullmatch(r"error \d+\.\d % before, \d+\.\d % after", errors)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "BERT text before calibration",
        "BERT text after calibration",
    ]


def test_a_genre_without_full_bins_leaves_its_panel_empty() -> None:
    labels = make_labels(num_movies=9)  # fewer than a point needs
    run = replace(
        make_run("bert", make_predictions(0.9, labels)),
        validation=make_predictions(0.9, make_labels(40), seed=7),
    )
    figure = draw_genre_reliability(compare([run], "test"))
    assert figure is not None
    figure_png(figure)  # a warning of the layout is an error
    assert all(not np.asarray(line.get_xdata()).size for line in figure.axes[0].lines[1:])
