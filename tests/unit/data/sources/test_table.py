"""Somebody's own table: CSV, JSON Lines, Parquet."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.table import MovieTable, TableColumns
from tests.unit.data.raw_movies import poster

WAR_HORROR = ("War", "Horror")
COLUMNS = TableColumns(
    id="movie_id",
    plots=("short", "long"),
    poster="image",
    genres="kinds",
    split="part",
)
ROWS: list[dict[str, Any]] = [
    {
        "movie_id": "007",
        "title": "A film",
        "year": 1999,
        "short": "It is short.",
        "long": "It is long.",
        "image": "posters/7.jpg",
        "kinds": "Drama|Sci-Fi, Fantasy",
        "part": "train",
    },
    {
        "movie_id": "008",
        "title": "Another",
        "year": None,
        "short": "One only.",
        "long": None,
        "image": None,
        "kinds": "Drama",
        "part": "dev",
    },
]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows in the format that the suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path, columns: TableColumns = COLUMNS) -> list[RawMovie]:
    return list(MovieTable(path, columns))


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl", "m.ndjson", "m.parquet"])
def test_every_format_gives_the_same_movies(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, ROWS)
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters/7.jpg").write_bytes(poster(7))
    table = MovieTable(path, COLUMNS)
    assert (table.has_split, table.synthetic) == (False, False)
    assert table.lacks == "test (column 'part' names none)"
    assert (table.sha256, table.sha256_of) == (file_sha256(path), "the table")
    first, second = table
    assert first == RawMovie(
        id="007",
        title="A film",
        year=1999,
        genres=("Drama", "Sci-Fi, Fantasy"),
        plots=("It is short.", "It is long."),
        poster=poster(7),
        poster_name="posters/7.jpg",
        split=Split.TRAIN,
    )
    assert (second.plots, second.poster, second.split) == (("One only.",), None, Split.VAL)
    assert second.year is None


@pytest.mark.parametrize(
    ("name", "cells", "genres"),
    [
        ("m.jsonl", [["War", " Drama "]], [("War", "Drama")]),
        ("m.parquet", [["War", " Drama "]], [("War", "Drama")]),
        ("m.csv", ["['War', \"Children's\"]", "[]"], [("War", "Children's"), ()]),
        (
            "m.csv",
            ["Drama", "Drama| War", "War|Horror"],
            [("Drama",), ("Drama", "War"), WAR_HORROR],
        ),
        (
            "m.csv",
            ["Drama", "Drama; War", "War;Horror"],
            [("Drama",), ("Drama", "War"), WAR_HORROR],
        ),
        (
            "m.csv",
            ["Drama", "Drama, War", "War,Horror"],
            [("Drama",), ("Drama", "War"), WAR_HORROR],
        ),
    ],
)
def test_genres_are_lists_or_names_joined_by_a_separator(
    tmp_path: Path, name: str, cells: list[Any], genres: list[tuple[str, ...]]
) -> None:
    rows = [{"plot": "x", "genres": cell} for cell in cells]
    movies = read(write(tmp_path / name, rows), TableColumns())
    assert [movie.genres for movie in movies] == genres


def test_the_separator_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", [{"plot": "x", "genres": "Drama, War / Horror"}])
    assert read(path, TableColumns(separator="/"))[0].genres == ("Drama, War", "Horror")


def test_rows_without_an_id_column_are_numbered(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", [{"plot": "x", "genres": "Drama"}] * 2)
    table = MovieTable(path, TableColumns())
    assert table.has_split is False
    assert [(movie.id, movie.split) for movie in table] == [("1", None), ("2", None)]


@pytest.mark.parametrize(
    ("told", "split"),
    [
        *(("train", Split.TRAIN), ("val", Split.VAL), ("dev", Split.VAL), ("valid", Split.VAL)),
        *(("validation", Split.VAL), (" Test ", Split.TEST), ("holdout", None), ("", None)),
    ],
)
def test_split_names(tmp_path: Path, told: str, split: Split | None) -> None:
    path = write(tmp_path / "m.jsonl", [{"plot": "x", "genres": ["War"], "part": told}])
    (movie,) = read(path, TableColumns(split="part"))
    assert movie.split == split
    assert movie.split_text == ("" if split else f"part is {told!r}")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a", "b", ""], (None, "", "column 'split' is not read, since it has 'a', for example")),
        (["", " ", ""], (None, "", "column 'split' is not read, since it is empty")),
        (["train", "validation", "TEST", "x"], ("split", "", "split from column 'split'")),
        (["Train", "x"], ("split", "val, test (column 'split' names none)", "split from column")),
    ],
)
def test_a_column_called_split_is_read_if_it_names_splits(
    tmp_path: Path, cells: list[str], expected: tuple[str | None, str, str]
) -> None:
    path = write(tmp_path / "m.csv", [{"plot": "x", "genres": "War", "split": c} for c in cells])
    table = MovieTable(path, TableColumns())
    name, lacks, note = expected
    assert (table.split_name, table.lacks) == (name, lacks)
    assert table.split_note.startswith(note)
    assert table.has_split is (name is not None and not lacks)


def test_posters_may_lie_elsewhere_or_nowhere(tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(poster(3))
    paths = ["../outside.png", str(tmp_path / "outside.png"), "none.jpg", "."]
    rows = [{"plot": "x", "genres": "War", "poster": name} for name in paths]
    path = write(tmp_path / "tables" / "m.csv", rows)
    movies = read(path, TableColumns(poster="poster"))
    assert [movie.poster for movie in movies] == [poster(3), poster(3), None, None]


def test_a_row_may_be_a_series_by_its_kind(tmp_path: Path) -> None:
    rows = [{"titleType": kind, "plot": "It.", "genres": "War"} for kind in ("tvSeries", "movie")]
    series = [movie.series for movie in MovieTable(write(tmp_path / "a.csv", rows), TableColumns())]
    assert series == ["column 'titleType' says that it is a series", ""]


def test_a_column_of_genres_tells_no_series(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [{"type": "show", "plot": "It."}])
    (movie,) = MovieTable(path, TableColumns(genres="type"))
    assert (movie.genres, movie.series) == (("show",), "")


def test_unknown_columns_are_answered_together(tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", [{"plots": "x", "genre": "War"}])
    with pytest.raises(DataError) as error:
        MovieTable(path, TableColumns(plots=("plot",), poster="cover"))
    assert str(error.value) == (
        f"{path}: no column 'plot', did you mean \"plots\"? (known: genre, plots); "
        "no column 'cover', known: genre, plots; name one of these with `plot_column` and "
        "`poster_column`"
    )


def test_genres_are_read_without_posters(tmp_path: Path) -> None:
    cells = ["War|Drama", "", 'a "broken [list', "[1, {"]
    rows: list[dict[str, Any]] = [
        {"plot": "x", "genres": cell, "poster": "none.jpg"} for cell in cells
    ]
    table = MovieTable(write(tmp_path / "m.csv", rows), TableColumns())
    assert list(table.genres()) == [movie.genres for movie in table]
    assert next(table.genres()) == ("War", "Drama")
    columns = TableColumns(flags=("is_*",), plots=("text",))
    flags: list[dict[str, Any]] = [
        {"text": "x", "is_War": 1, "is_Drama": 0},
        {"text": "x", "is_War": "?"},
    ]
    assert list(MovieTable(write(tmp_path / "f.csv", flags), columns).genres()) == [("War",), ()]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (",plot,genres\n0,x,War\n", "utf-8"),  # as pandas writes its index
        ("plot,genres\nx,War\n", "utf-8-sig"),  # as Excel writes it
    ],
)
def test_an_index_and_a_byte_order_mark_are_no_faults(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text, encoding=encoding)
    (movie,) = read(path, TableColumns())
    assert (movie.plots, movie.genres) == (("x",), ("War",))


def test_a_plot_may_be_long_and_have_lines(tmp_path: Path) -> None:
    plot = "A line.\n" * 40_000
    path = write(tmp_path / "m.csv", [{"plot": plot, "genres": "War"}])
    assert read(path, TableColumns())[0].plots == (plot.strip(),)


def test_json_lines_need_not_have_every_column(tmp_path: Path) -> None:
    rows = [{"plot": "x", "genres": ["War"]}, {"plot": "y", "genres": ["War"], "id": "b"}]
    movies = read(write(tmp_path / "m.jsonl", rows), TableColumns(id="id"))
    assert [movie.id for movie in movies] == ["row 1", "b"]


def test_a_broken_row_of_csv_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("id,plot,genres\n1,x,War\n2,a, b,War\n3,y,War\n", encoding="utf-8")
    movies = read(path, TableColumns(id="id"))
    assert [movie.fault for movie in movies] == [
        None,
        "row 2: has 4 cells, expected 3; is a quotation mark missing?",
        None,
    ]


def test_broken_rows_of_json_lines_are_told(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    good = {"id": "a", "plot": "x", "genres": ["War"]}
    lines = ["{", "[]", "", json.dumps(good), json.dumps(good | {"genres": 3})]
    path.write_text("\n".join(lines), encoding="utf-8")
    cut, array, fine, odd = read(path, TableColumns(id="id"))
    assert cut.id == "row 1"
    assert str(cut.fault).startswith("row 1: not JSON: ")
    assert array.fault == "row 2: found list, expected an object"
    assert fine.fault is None
    assert (odd.id, odd.fault) == ("a", "row 4: found 3, expected a text or a list of texts")


def test_rows_of_another_encoding_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = ("Am\xe9lie,War\n".encode("latin-1"), "L\xe9a a \xe9t\xe9,Drama\n".encode())
    path.write_bytes(b"plot,genres\n" + b"".join(lines))
    broken, whole = read(path, TableColumns())
    assert broken.fault == "row 1: not UTF-8; save it as UTF-8"
    assert (whole.plots, whole.fault) == (("L\xe9a a \xe9t\xe9",), None)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_a_table_in_another_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("plot,genres,ann\xe9e\nA dog.,War,1999\n".encode(encoding))
    (movie,) = read(path, TableColumns(year="ann\xe9e"))
    assert (movie.plots, movie.year) == (("A dog.",), 1999)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", "", r"has no rows; expected one for each movie$"),
        ("m.jsonl", "", r"has no rows; expected one for each movie$"),
        ("m.jsonl", "3\n", r"has no rows that can be read \(found int, expected an object"),
        ("m.parquet", "PAR1 and no more", r"m\.parquet cannot be read as Parquet: "),
    ],
)
def test_empty_and_damaged_tables_are_refused(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        MovieTable(tmp_path / name, TableColumns())


def test_a_missing_table_is_answered_with_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path / "movies.csv", ROWS)
    with pytest.raises(DataNotFoundError) as error:
        MovieTable(tmp_path / "movie.csv", COLUMNS)
    assert str(error.value) == (
        f"{tmp_path / 'movie.csv'} does not exist; expected a table; "
        f'did you mean "{tmp_path / "movies.csv"}"?'
    )
