"""Decisions and operating points for whatever numbers they are given."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from moviegenre.core.decisions import decide, from_log_odds, log_odds
from moviegenre.core.errors import CheckpointError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint

GENRES = GenreVocabulary(("Drama", "War", "Horror"))
probs = arrays.arrays(np.float64, (4, 3), elements=st.floats(0, 1))
thresholds = arrays.arrays(np.float64, (3,), elements=st.floats(0, 1))


@given(probs, thresholds)
def test_a_genre_is_chosen_where_it_reaches_its_threshold(
    probs: np.ndarray, thresholds: np.ndarray
) -> None:
    chosen = decide(probs, thresholds)
    for row in range(4):
        for column in range(3):
            assert chosen[row, column] == (probs[row, column] >= thresholds[column])
    lower = decide(probs, thresholds / 2)
    assert not (chosen & ~lower).any(), "a lower threshold takes nothing away"


@given(probs)
def test_log_odds_are_finite_and_lead_back(probs: np.ndarray) -> None:
    odds = log_odds(probs)
    assert np.isfinite(odds).all()
    np.testing.assert_allclose(from_log_odds(odds), probs, atol=2e-7)


@given(arrays.arrays(np.float64, (6,), elements=st.floats(-1e300, 1e300)))
def test_probabilities_of_any_log_odds_lie_between_0_and_1(odds: np.ndarray) -> None:
    found = from_log_odds(odds)
    assert ((found >= 0) & (found <= 1)).all()


@given(
    probs,
    arrays.arrays(np.float64, (3,), elements=st.floats(0.01, 100)),
    arrays.arrays(np.float64, (3,), elements=st.floats(-50, 50)),
)
def test_calibration_keeps_the_order_of_films(
    probs: np.ndarray, scale: np.ndarray, shift: np.ndarray
) -> None:
    point = OperatingPoint(GENRES, np.full(3, 0.5), scale, shift, {})
    found = point.calibrate(probs)
    assert ((found >= 0) & (found <= 1)).all()
    for column in range(3):
        order = np.argsort(probs[:, column], kind="stable")
        assert (np.diff(found[order, column]) >= -1e-12).all()


numbers = st.floats() | st.integers(-5, 5) | st.none() | st.text(max_size=3) | st.booleans()
entry = st.fixed_dictionaries({"threshold": numbers, "scale": numbers, "shift": numbers})


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(dict.fromkeys(GENRES, entry)))
def test_a_file_of_thresholds_is_sound_or_refused(
    tmp_path: Path, genres: dict[str, dict[str, Any]]
) -> None:
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps({"fitted": {}, "genres": genres}))
    try:
        point = OperatingPoint.read(path, GENRES)
    except CheckpointError:
        return
    assert ((point.thresholds >= 0) & (point.thresholds <= 1)).all()
    assert np.isfinite(point.scale).all()
    assert (point.scale > 0).all()
    assert np.isfinite(point.shift).all()
    assert np.isfinite(point.calibrate(np.array([0.0, 0.5, 1.0]))).all()


@pytest.mark.parametrize("key", ["threshold", "scale", "shift"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused(key: str, value: float, tmp_path: Path) -> None:
    good = {"threshold": 0.5, "scale": 1.0, "shift": 0.0}
    genres = {name: dict(good) for name in GENRES}
    genres["War"][key] = value
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps({"fitted": {}, "genres": genres}))
    with pytest.raises(CheckpointError, match="thresholds lie in"):
        OperatingPoint.read(path, GENRES)
