"""Regressions on words: what is solved, and that held-out answers come from other movies only."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from moviegenre.models.logistic import held_out_logits, logistic_regressions


@pytest.fixture
def rows() -> csr_matrix:
    generator = np.random.default_rng(0)
    return csr_matrix(generator.random((24, 6)) * (generator.random((24, 6)) > 0.4))


def test_a_held_out_answer_is_that_of_a_regression_on_the_other_parts(rows: csr_matrix) -> None:
    labels = np.random.default_rng(1).integers(0, 2, (24, 2)).astype(np.float32)
    held_out = held_out_logits(rows, labels, 1.0, folds=3)
    others = np.arange(24) % 3 != 1
    weight, bias = logistic_regressions(rows[others], labels[others], 1.0)
    np.testing.assert_allclose(held_out[1::3], rows[1::3] @ weight + bias, rtol=1e-5)


def test_a_movies_own_label_does_not_move_its_held_out_answer(rows: csr_matrix) -> None:
    labels = np.random.default_rng(1).integers(0, 2, (24, 1)).astype(np.float32)
    changed = labels.copy()
    changed[4] = 1 - changed[4]
    before, after = (held_out_logits(rows, truth, 1.0, folds=4) for truth in (labels, changed))
    assert before[4] == after[4]
    assert not np.allclose(before[5], after[5])


def test_unknown_labels_are_left_out_and_a_label_without_two_sides_says_nothing(
    rows: csr_matrix,
) -> None:
    labels = np.random.default_rng(1).integers(0, 2, (24, 2)).astype(np.float32)
    labels[:12, 0], labels[:, 1] = np.nan, 1
    weight, bias = logistic_regressions(rows, labels, 1.0)
    alone, alone_bias = logistic_regressions(rows[12:], labels[12:, :1], 1.0)
    np.testing.assert_allclose(weight[:, :1], alone)
    np.testing.assert_allclose(bias[:1], alone_bias)
    assert not weight[:, 1].any()
    assert np.isnan(bias[1])
