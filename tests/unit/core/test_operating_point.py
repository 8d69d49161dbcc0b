"""Where a model decides: corrected probabilities, thresholds, and the file that keeps both."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moviegenre.core.errors import CheckpointError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality

GENRES = GenreVocabulary(("Drama", "Horror"))
PROBS = np.array([[0.5, 0.2], [0.9, 0.6]])


def test_the_default_changes_nothing_and_cuts_at_one_half() -> None:
    point = OperatingPoint.default(GENRES)
    assert point.calibrate(PROBS) is PROBS
    assert point.decide(PROBS).tolist() == [[True, False], [True, True]]
    assert point.threshold_by_genre() == {"Drama": 0.5, "Horror": 0.5}


def test_scale_and_shift_act_on_log_odds() -> None:
    point = OperatingPoint(
        GENRES, np.array([0.5, 0.5]), np.array([2.0, 1.0]), np.array([0.0, np.log(4)]), {}
    )
    # Odds of 9 squared are 81; odds of 1/4 and of 3/2 times four are 1 and 6.
    expected = np.array([[1 / 2, 1 / 2], [81 / 82, 6 / 7]])
    np.testing.assert_allclose(point.calibrate(PROBS), expected)


def test_writing_and_reading_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.json"
    point = OperatingPoint(
        GENRES, np.array([0.4, 0.3]), np.array([1.5, 0.8]), np.array([0.1, -2]), {"goal": "f1"}
    )
    point.write(path)
    turned = OperatingPoint.read(path, GenreVocabulary(("Horror", "Drama")))
    assert turned.thresholds.tolist() == [0.3, 0.4]
    assert turned.scale.tolist() == [0.8, 1.5]
    assert turned.shift.tolist() == [-2, 0.1]
    assert turned.fitted == {"goal": "f1"}


def test_films_that_lack_a_modality_have_their_own(tmp_path: Path) -> None:
    plain = OperatingPoint.default(GENRES)
    poster_only = replace(plain, thresholds=np.array([0.2, 0.1]), fitted={"on": "posters"})
    point = replace(plain, without={Modality.PLOT: poster_only})
    path = tmp_path / "thresholds.json"
    point.write(path)
    for held in (point, OperatingPoint.read(path, GENRES)):
        assert held.of(list(Modality)).thresholds.tolist() == [0.5, 0.5]
        assert held.of([Modality.PLOT]).thresholds.tolist() == [0.5, 0.5]
        assert held.of([Modality.POSTER]).thresholds.tolist() == [0.2, 0.1]
        assert held.of([Modality.POSTER]).fitted == {"on": "posters"}


def test_films_are_judged_together_by_what_they_have() -> None:
    other = replace(OperatingPoint.default(GENRES), thresholds=np.array([0.1, 0.2]))
    point = replace(OperatingPoint.default(GENRES), without={Modality.POSTER: other})
    both, plot = {Modality.PLOT, Modality.POSTER}, [Modality.PLOT]
    found = point.by_rows([both, plot, both, plot, plot])
    assert [rows for _, rows in found] == [[0, 2], [1, 3, 4]]
    assert found[0][0] is point
    assert found[1][0] is other
    assert point.by_rows([]) == []


def test_without_a_file_the_default_holds(tmp_path: Path) -> None:
    point = OperatingPoint.read(tmp_path / "thresholds.json", GENRES)
    assert point.thresholds.tolist() == [0.5, 0.5]
    assert point.fitted == {}


def test_a_file_for_other_genres_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.json"
    OperatingPoint.default(GenreVocabulary(("Western",))).write(path)
    with pytest.raises(
        CheckpointError, match=r"is for the genres Western; the model has Drama, Horror; fit it"
    ):
        OperatingPoint.read(path, GENRES)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"fitted": {}, "genres": {"Drama": {}, "Horror": {}}}',
        '{"fitted": {}, "genres": {"Drama": 1, "Horror": 2}}',
        '{"fitted": {}, "genres": {"Drama": {"threshold": 2, "scale": 1, "shift": 0},'
        ' "Horror": {"threshold": 0.5, "scale": 1, "shift": 0}}}',
        '{"fitted": {}, "genres": {"Drama": {"threshold": 0.5, "scale": 1, "shift": 0},'
        ' "Horror": {"threshold": 0.5, "scale": 1, "shift": 0}}, "without": {"sound": {}}}',
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "thresholds.json"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=r"is damaged \(.*\); fit it again with: moviegenre"):
        OperatingPoint.read(path, GENRES)


def test_between_two_lengths_everything_changes_with_the_logarithm(tmp_path: Path) -> None:
    plain = OperatingPoint.default(GENRES)
    short = replace(plain, thresholds=np.array([0.2, 0.4]), shift=np.array([1.0, 0.0]))
    long = replace(plain, thresholds=np.array([0.4, 0.5]), shift=np.array([3.0, 0.0]))
    path = tmp_path / "thresholds.json"
    replace(plain, by_length={16: short, 256: long}).write(path)
    point = OperatingPoint.read(path, GENRES)
    for length, threshold, shift in (
        (64, 0.3, 2.0),
        (32, 0.25, 1.5),
        (3, 0.2, 1.0),
        (9999, 0.4, 3.0),
    ):
        at = point.of([Modality.PLOT], length)
        assert at.thresholds[0] == pytest.approx(threshold)
        assert at.shift[0] == pytest.approx(shift)
    assert point.of([Modality.PLOT]).thresholds.tolist() == [0.5, 0.5]
    rows = {tuple(own.thresholds): found for own, found in point.by_rows([[]] * 3, [16, 256, 16])}
    assert rows == {(0.2, 0.4): [0, 2], (0.4, 0.5): [1]}


def test_a_film_without_a_modality_has_its_own_lengths(tmp_path: Path) -> None:
    plain = OperatingPoint.default(GENRES)
    short = replace(plain, thresholds=np.array([0.1, 0.1]))
    lone = replace(plain, by_length={8: short, 64: plain})
    path = tmp_path / "thresholds.json"
    replace(plain, without={Modality.POSTER: lone}).write(path)
    point = OperatingPoint.read(path, GENRES)
    assert point.of([Modality.PLOT], 8).thresholds.tolist() == [0.1, 0.1]
    assert point.of(list(Modality), 8).thresholds.tolist() == [0.5, 0.5]


def test_a_length_of_no_tokens_is_told(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.json"
    plain = OperatingPoint.default(GENRES)
    replace(plain, by_length={0: plain}).write(path)
    with pytest.raises(CheckpointError, match=r"is damaged \(lengths are numbers of tokens\)"):
        OperatingPoint.read(path, GENRES)
