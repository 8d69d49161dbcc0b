"""Films with the user's genres are read as `data prepare` reads them."""

import logging
from pathlib import Path

import numpy as np
import pytest

import moviegenre
from moviegenre.adapt.films import OwnFilms, RowList, read_own_films
from moviegenre.data.sources.table import TableColumns
from moviegenre.inference.predictor import Predictor


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load(threads=1)


def read(folder: Path, cells: list[str], predictor: Predictor, min_films: int) -> OwnFilms:
    """Read films with these cells of genres."""
    lines = ["plot,genres", *(f'A dog meets ghost number {n}.,"{c}"' for n, c in enumerate(cells))]
    path = folder / "films.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_own_films(path, TableColumns(), predictor, min_films, lambda *_: None)


def test_spellings_of_one_genre_are_one_and_are_named(
    predictor: Predictor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cells = ["Horror", "horror", "HORROR ", "horror|Horror", "Sci-Fi", "Science Fiction", "sci fi"]
    films = read(tmp_path, cells, predictor, 3)
    assert films.genres.names == ("Horror", "Sci-Fi")
    np.testing.assert_array_equal(films.labels, [[1, 0]] * 4 + [[0, 1]] * 3)
    assert films.rare == {}
    (line,) = (one for one in caplog.messages if one.startswith("spellings of one genre"))
    assert "horror as Horror" in line
    assert "Science Fiction as Sci-Fi" in line


def test_films_that_are_series_are_counted(predictor: Predictor, tmp_path: Path) -> None:
    rows = [
        f"A dog meets ghost {n}.,{'a' if n % 2 else 'b'},{'TV Show' if n < 3 else 'Movie'}"
        for n in range(4)
    ]
    (tmp_path / "films.csv").write_text("plot,genres,type\n" + "\n".join(rows) + "\n")
    films = read_own_films(tmp_path / "films.csv", TableColumns(), predictor, 2, lambda *_: None)
    assert films.series == {"column 'type' says that it is a series": 3}


def test_unusable_years_are_counted(predictor: Predictor, tmp_path: Path) -> None:
    rows = [f"A dog meets ghost {n}.,{'ab'[n % 2]},{[1990, 3000, 'soon', ''][n]}" for n in range(4)]
    (tmp_path / "films.csv").write_text("plot,genres,year\n" + "\n".join(rows) + "\n")
    films = read_own_films(tmp_path / "films.csv", TableColumns(), predictor, 2, lambda *_: None)
    assert films.without_year == RowList([2, 3], "3000")


def test_a_tag_keeps_its_most_frequent_spelling(predictor: Predictor, tmp_path: Path) -> None:
    films = read(tmp_path, ["HEIST", "HEIST", "heist", "calm", "calm", "odd"], predictor, 2)
    assert films.genres.names == ("HEIST", "calm")
    assert films.rare == {"odd": 1}


def test_rows_that_are_left_out_are_named(predictor: Predictor, tmp_path: Path) -> None:
    plots = [f"A dog meets ghost number {n}.,,{'a' if n % 2 else 'b'}" for n in range(4)]
    plots[3] = plots[3].replace(",,", ",gone.jpg,")
    rows = ["x,,a,more", *plots, "y,,b,more", ",gone.jpg,a", "A dog.,,"]
    (tmp_path / "films.csv").write_text("plot,poster,genres\n" + "\n".join(rows) + "\n")
    films = read_own_films(tmp_path / "films.csv", TableColumns(), predictor, 2, lambda *_: None)
    missing = "'gone.jpg': does not exist; expected a poster's file"
    assert films.left_out == {
        "the row is damaged": RowList(
            [1, 6], "has 4 cells, expected 3; is a quotation mark missing?"
        ),
        "nothing to read": RowList([7], missing),
        "no genre": RowList([8]),
    }
    assert films.without_poster == RowList([5], missing)
