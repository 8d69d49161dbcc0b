"""The only sigmoid and the only threshold."""

import math

import numpy as np
import pytest
import torch

from moviegenre.core.decisions import (
    DEFAULT_THRESHOLD,
    decide,
    from_log_odds,
    log_odds,
    probabilities,
)
from moviegenre.core.errors import NotFiniteError


def test_probabilities_are_independent_sigmoids() -> None:
    logits = np.array([[0.0, math.log(3)], [-math.log(3), 100.0]])
    np.testing.assert_allclose(probabilities(logits), [[0.5, 0.75], [0.25, 1.0]], rtol=1e-7)


def test_probabilities_are_float32_whatever_the_logits_are() -> None:
    for kind in (np.float16, np.float32, np.float64):
        probs = probabilities(np.array([1.3], dtype=kind))
        assert probs.dtype == np.float32
        assert probs == pytest.approx([1 / (1 + math.exp(-float(kind(1.3))))], rel=1e-6)


def test_the_sigmoid_is_pytorchs() -> None:
    logits = np.linspace(-30, 30, 10_001, dtype=np.float32)
    theirs = torch.sigmoid(torch.from_numpy(logits).double()).float().numpy()
    np.testing.assert_allclose(probabilities(logits), theirs, rtol=1e-6)


def test_equal_logits_have_equal_probabilities_at_every_place() -> None:
    logits = np.linspace(-4, 4, 101, dtype=np.float32).repeat(3).reshape(101, 3)
    for num_movies in (1, 7, 24):
        probs = probabilities(np.tile(logits, (num_movies, 1, 1)))
        assert (probs == probs[:1, :, :1]).all()


def test_log_odds_by_hand() -> None:
    assert log_odds(np.array([0.5, 0.75, 0.25])).tolist() == pytest.approx(
        [0.0, math.log(3), -math.log(3)]
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_log_odds_of_certain_answers_are_finite_and_equal_but_for_the_sign(kind: type) -> None:
    largest = math.log(1 - 1e-7) - math.log(1e-7)
    assert log_odds(np.array([0.0, 1.0], dtype=kind)) == pytest.approx([-largest, largest], 1e-8)


def test_log_odds_become_probabilities_again_however_large() -> None:
    odds = np.array([0.0, math.log(3), -math.log(3), 1e4, -1e4])
    assert from_log_odds(odds) == pytest.approx([0.5, 0.75, 0.25, 1.0, 0.0])
    probs = np.array([1e-6, 0.2, 0.999])
    assert from_log_odds(log_odds(probs)) == pytest.approx(probs)


def test_a_probability_at_the_threshold_is_chosen() -> None:
    assert DEFAULT_THRESHOLD == 0.5
    assert decide(np.array([0.49, 0.5, 0.51])).tolist() == [False, True, True]


def test_each_label_may_have_its_own_threshold() -> None:
    probs = np.array([[0.3, 0.3], [0.6, 0.9]])
    assert decide(probs, np.array([0.2, 0.7])).tolist() == [[True, False], [True, True]]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_an_answer(value: float) -> None:
    with pytest.raises(NotFiniteError, match=r"^1 of 4 logits are NaN or infinite; expected num"):
        probabilities(np.array([[0.0, 1.0], [value, 2.0]]))
    with pytest.raises(NotFiniteError, match=r"^1 of 2 probabilities are NaN or infinite"):
        decide(np.array([0.2, value]))
