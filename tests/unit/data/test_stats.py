"""The facts of a prepared data set."""

from pathlib import Path

import pytest

from moviegenre.apps.stats_output import print_stats
from moviegenre.data.prepare import prepare
from moviegenre.data.prepared import PreparedData
from moviegenre.data.stats import data_stats
from tests.unit.data.raw_movies import complete_files, poster, record, write_folder


@pytest.fixture
def data(tmp_path: Path) -> PreparedData:
    """Return twelve movies with known facts: one without plot and one without poster."""
    files = complete_files()
    folder = "mmimdb/dataset/"
    files[f"{folder}0000000.json"] = record(0, plot=[])
    del files[f"{folder}0000001.jpeg"]
    files[f"{folder}0000002.json"] = record(2, genres=["Drama", "Comedy"])
    files[f"{folder}0000003.jpeg"] = poster(3, size=(100, 700))
    files[f"{folder}0000004.json"] = record(4, plot=["One two three.", "Four five."])
    source = write_folder(tmp_path / "movies", files)
    out = tmp_path / "prepared"
    return prepare(str(source), out, min_movies=1, keep_incomplete=True, progress=False).data


def test_the_facts(data: PreparedData) -> None:
    stats = data_stats(data)
    assert stats.num_movies == 12
    assert stats.splits == {"train": 6, "val": 3, "test": 3}
    assert stats.shares == {"train": 0.5, "val": 0.25, "test": 0.25}
    assert stats.genres == {
        "Comedy": {"train": 3, "val": 1, "test": 1},
        "Drama": {"train": 3, "val": 1, "test": 1},
        "Horror": {"train": 1, "val": 1, "test": 1},
    }
    assert stats.together == {  # one movie of five has both
        "Comedy": {"Drama": 20.0, "Horror": 0.0},
        "Drama": {"Comedy": 20.0, "Horror": 0.0},
        "Horror": {"Comedy": 0.0, "Drama": 0.0},
    }
    assert stats.mean_genres == pytest.approx(13 / 12, abs=0.001)
    assert stats.imbalance == "3:1 (Comedy:Horror)"
    assert stats.plots_per_movie == {"0": 1, "2": 11}
    assert (stats.without_plot, stats.without_poster) == (1, 1)
    assert stats.poster_height == {
        "p5": 12.0,
        "p25": 12.0,
        "p50": 12.0,
        "p75": 12.0,
        "p95": 356.0,
        "mean": 74.5,
        "max": 700.0,
    }
    assert stats.poster_width["max"] == 100


def test_plots_are_counted_in_words_by_rule(data: PreparedData) -> None:
    words = data_stats(data).plot_words
    # "The short plot of movie 0." has six words, "The plot of movie 0, at length." seven.
    assert list(words) == ["longest", "first", "joined", "sentence"]
    assert {rule: lengths["p50"] for rule, lengths in words.items()} == {
        "longest": 7,
        "first": 6,
        "joined": 13,
        "sentence": 6,
    }
    assert words["longest"]["mean"] == pytest.approx((10 * 7 + 3) / 11, abs=0.1)


def test_the_facts_are_printed(data: PreparedData, capsys: pytest.CaptureFixture[str]) -> None:
    print_stats(data_stats(data), synthetic=True)
    shown = capsys.readouterr().out
    assert "made-up movies: nothing measured on them is a result" in shown
    assert "movies: 12 (train 6 (50.0 %), val 3 (25.0 %), test 3 (25.0 %))" in shown
    assert "genres: 3, 1.08 a movie, imbalance in train 3:1 (Comedy:Horror)" in shown
    assert "plots a movie: 0: 1 movies, 2: 11 movies; without plot 1, without poster 1" in shown
    assert "poster height, px" in shown
    assert "Drama 20" in shown[shown.index("genres that occur together") :]


def test_facts_of_real_movies_carry_no_warning(
    data: PreparedData, capsys: pytest.CaptureFixture[str]
) -> None:
    print_stats(data_stats(data), synthetic=False)
    assert "made-up" not in capsys.readouterr().out
