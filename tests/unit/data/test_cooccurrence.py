"""Genres that occur together."""

import numpy as np
import pytest

from moviegenre.data.cooccurrence import cooccurrence


def test_cooccurrence_by_hand() -> None:
    chosen = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=bool)
    shares = cooccurrence(chosen)
    assert np.isnan(np.diag(shares)).all()
    assert shares[0, 1] == pytest.approx(100 * 2 / 3)
    assert shares[1, 0] == pytest.approx(100 * 2 / 3)
    assert shares[0, 2] == 0
    assert np.isnan(shares[2]).all()
