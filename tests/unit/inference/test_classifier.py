"""Columns and tables of every library, without importing it."""

import subprocess
import sys
from collections import UserList, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.model_selection import cross_val_score

import moviegenre
from moviegenre.core.errors import DataError, InputError
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable
from moviegenre.inference.classifier import Row, as_column, film_rows, table_rows

PLOTS = ["a ghost", "a prank"]
ROWS = [Row("a ghost"), Row("a prank")]

COLUMNS: dict[str, Any] = {
    "list": PLOTS,
    "pandas": pd.Series(PLOTS, index=[7, 9]),
    "pandas of Arrow": pd.Series(PLOTS, dtype="string[pyarrow]"),
    "polars": pl.Series(PLOTS),
    "Arrow": pa.array(PLOTS),
    "Arrow in chunks": pa.chunked_array([PLOTS[:1], PLOTS[1:]]),
    "array": np.array(PLOTS),
    "array of objects": np.array(PLOTS, dtype=object),
    "array of numpy's texts": np.array(PLOTS, dtype=np.dtypes.StringDType()),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_is_a_list_and_a_table_of_plots(kind: str) -> None:
    assert as_column(COLUMNS[kind]) == PLOTS
    assert film_rows(plot=as_column(COLUMNS[kind])) == ROWS
    assert table_rows(COLUMNS[kind]) == ROWS


FRAMES: dict[str, Any] = {
    "pandas": pd.DataFrame({"plot": PLOTS}),
    "pandas of new types": pd.DataFrame({"plot": PLOTS}).convert_dtypes(),
    "polars": pl.DataFrame({"plot": PLOTS}),
    "Arrow": pa.table({"plot": PLOTS}),
    "Arrow's stream": pa.table({"plot": PLOTS}).to_reader(),
    "rows of one": [[plot] for plot in PLOTS],
    "array of one column": np.array([PLOTS], dtype=object).T,
    "array of two columns": np.array([[plot, None] for plot in PLOTS], dtype=object),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_a_table(kind: str) -> None:
    assert table_rows(FRAMES[kind]) == ROWS


@pytest.mark.parametrize(
    "single",
    [
        "a ghost",
        ("a", "b"),
        b"image",
        bytearray(b"image"),
        memoryview(b"image"),
        None,
        1950,
        np.int64(1950),
    ],
)
def test_what_belongs_to_one_film_stays_as_it_is(single: Any) -> None:
    assert as_column(single) is single


def test_pixels_are_one_poster_and_stacked_pixels_several() -> None:
    pixels = np.zeros((2, 4, 3, 3), dtype=np.uint8)
    assert as_column(pixels[0]) is not None
    assert as_column(pixels[0]).shape == (4, 3, 3)
    several = as_column(pixels)
    assert [poster.shape for poster in several] == [(4, 3, 3), (4, 3, 3)]


MISSING = [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT]


@pytest.mark.parametrize("missing", MISSING, ids=[type(one).__name__ for one in MISSING])
def test_missing_cells_are_none(missing: Any) -> None:
    rows = film_rows(plot=[missing, "b"], poster=[missing] * 2, title=None, year=[1950.0, missing])
    assert rows == [Row(year=1950), Row("b")]
    frame = [{"plot": "a", "poster": missing, "title": missing, "year": missing}]
    assert table_rows(frame) == [Row("a")]
    assert table_rows([missing]) == [Row()]


def test_cells_of_a_table_are_read_as_in_a_catalogue() -> None:
    frame = pd.DataFrame(
        {
            "plot": [np.array(["a", "b"], dtype=object), "c"],
            "poster": [{"bytes": b"image", "path": None}, {"bytes": None, "path": "c.jpg"}],
            "title": [300, "C"],
            "year": [2006, None],
        }
    )
    assert table_rows(frame) == [
        Row(("a", "b"), {"bytes": b"image", "path": None}, "300", 2006),
        Row("c", {"bytes": None, "path": "c.jpg"}, "C", None),
    ]


USUAL = {
    "Title": ["Rain", "Dust"],
    "Release Year": [1950, True],
    "Overview": PLOTS,
    "poster_path": [None, "posters\\B%20C.jpg"],
    "genre": ["Drama", "Drama"],
}


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, pa.table, "rows"])
def test_usual_names_are_read_as_on_the_command_line(
    kind: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level("INFO")
    columns = (
        USUAL if kind in (dict, pd.DataFrame, "rows") else {**USUAL, "Release Year": [1950, 0]}
    )
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    table = rows if kind == "rows" else kind(columns)
    years = [1950, "True" if columns is USUAL else 0]
    assert table_rows(table) == [
        Row("a ghost", None, "Rain", years[0]),
        Row("a prank", None, "Dust", years[1]),
    ]
    assert "column 'poster_path' is not read, since it names no files here" in caplog.text
    read = "plot from column 'Overview', title from column 'Title', year from column 'Release Year'"
    assert read in caplog.text
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "b c.jpg").write_bytes(b"image")
    table = rows if kind == "rows" else kind(columns)
    assert [row[1] for row in table_rows(table) if isinstance(row, tuple)] == [
        None,
        "posters\\B%20C.jpg",
    ]


def test_columns_of_a_table_are_checked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    table_rows({"plot": PLOTS, "title": ["Rain (1950)", "Dust (1951)"], "plot_long": PLOTS})
    assert caplog.messages == [
        "the table: column 'plot_long' is left out; add its text to the plot; year from the end of "
        "the titles in column 'title'"
    ]
    with pytest.raises(InputError, match=r"different lengths \(plot 2, title 1\)"):
        table_rows({"plot": PLOTS, "title": ["a"]})
    twice = pd.DataFrame([["a", "b", "c"]], columns=["plot", "plot", "x"])
    with pytest.raises(DataError, match="several columns named 'plot'"):
        table_rows(twice)
    assert table_rows(twice.set_axis(["x", "x", "summary"], axis=1)) == table_rows(["c"])
    with pytest.raises(DataError, match="rename the one to read to 'plot'"):
        table_rows({"overview": PLOTS, "summary": PLOTS})
    titles = {"id": [1, 2], "title": ["Rain", "Dust"]}
    assert table_rows(titles) == [Row(title="Rain"), Row(title="Dust")]
    with pytest.raises(InputError, match="leave out all columns but title and year"):
        table_rows({**titles, "Text": PLOTS})


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_series_have_the_warning_of_a_catalogue(kind: Any, tmp_path: Path) -> None:
    columns = {"plot": PLOTS, "titleType": ["movie", "tvSeries"]}
    path = tmp_path / "films.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    warnings = [
        " ".join(row.warnings) or None for row in TextTable(path, CatalogueColumns()).texts()
    ]
    assert warnings[0] is None
    assert warnings[1] == "This is a series (tvSeries), and the model is made for films."
    assert table_rows(kind(columns)) == [
        Row(plot, warning=warning) for plot, warning in zip(PLOTS, warnings, strict=True)
    ]


@pytest.mark.parametrize("several", [deque(PLOTS), UserList(PLOTS), range(2)])
def test_every_sequence_is_a_list_of_films(several: Any) -> None:
    assert as_column(several) == list(several)


@pytest.mark.parametrize("year", [np.int64(1999), "soon"])
def test_the_reader_checks_the_year_of_a_table(year: Any) -> None:
    assert table_rows([{"plot": "a", "year": year}]) == [Row("a", year=year)]


def test_pandas_drawing_is_no_column() -> None:
    class PlotAccessor:
        """What ``frame.plot`` is, where no matplotlib has to be installed."""

    with pytest.raises(InputError, match=r"write frame\['plot'\]"):
        as_column(PlotAccessor())
    assert type(pd.DataFrame({"plot": PLOTS}).plot).__name__ == "PlotAccessor"


def test_no_library_is_imported_to_find_out() -> None:
    code = (
        "import sys; from moviegenre.inference.classifier import as_column, table_rows; "
        "as_column(['a']); table_rows(['a']); "
        "print([name for name in ('pandas', 'polars', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("a plot", "found str, expected a table of films; for one film, use predict(plot=..."),
        (SimpleNamespace(), "found SimpleNamespace, expected a table of films"),
        (
            [{"title": "x", "Text": "y"}],
            "films[0]: found title, Text; expected plot, poster or both",
        ),
        ([{"Outcome": "x"}], "films[0]: found Outcome; expected plot, poster or both"),
        ([("a", None), 7], "films[1]: found int; expected a mapping with plot and poster"),
        ([("a", None, None)], "films[0]: found tuple; expected a mapping with plot and poster"),
    ],
)
def test_something_else_is_named(table: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        table_rows(table)
    assert str(error.value).startswith(message)


def test_the_score_is_named_in_scikit_learn() -> None:
    frame = pd.DataFrame({"plot": ["A ghost haunts a house.", "A killer hunts a widow."] * 2})
    predictor = moviegenre.load()
    labels = predictor.predict(frame)
    scores = cross_val_score(predictor, frame, labels, cv=2, scoring="f1_samples")
    assert scores.tolist() == [1, 1]
    assert not any(hasattr(predictor, name) for name in ("score", "get_params", "set_params"))
