"""Siblings of the collected cases: other files of the same kinds, in all the places they are read."""

import gzip
import html
import json
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from moviegenre.core.errors import DataError
from moviegenre.data.placeholders import is_placeholder
from moviegenre.data.sources.table import TableColumns
from moviegenre.data.tables.poster_files import MissingPosterError, PosterFolder
from moviegenre.inference.catalogue_rows import Catalogue, id_hash
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable
from moviegenre.inference.shards import make_plan
from tests.cases.films import GENRES, NAMES, PLOTS, TMDB_IDS, training_table, write_csv
from tests.cases.test_prepare_cases import prepared

Row = tuple[str, ...]


def tmdb(genres: Row, key: str = "name") -> list[dict[str, Any]]:
    return [{key: name} for name in genres]


CELLS: dict[str, Callable[[Row], str]] = {
    "objects with another key": lambda row: json.dumps(tmdb(row, "genre")),
    "an object with a list": lambda row: json.dumps({"genres": tmdb(row)}),
    "an object with a list of names": lambda row: json.dumps({"name": list(row)}),
    "one object, not in a list": lambda row: json.dumps(
        tmdb(row)[0] if len(row) < 2 else tmdb(row)
    ),
    "names with ones": lambda row: json.dumps(dict.fromkeys(row, 1)),
    "all names with ones and zeros": lambda row: json.dumps({n: int(n in row) for n in NAMES}),
    "a tuple": lambda row: str(tuple(row)),
    "a set": lambda row: str(set(row)),
    "mappings with None": lambda row: str([{"name": name, "slug": None} for name in row]),
    "numpy's repr": lambda row: repr(np.array(row, dtype=object)),
    "brackets without quotation marks": lambda row: f"[{', '.join(row)}]",
    "numbers with bars": lambda row: "|".join(str(TMDB_IDS[name]) for name in row),
    "floats": lambda row: str([float(TMDB_IDS[name]) for name in row]),
    "objects with a number only": lambda row: json.dumps([{"id": TMDB_IDS[name]} for name in row]),
    "a stroke without spaces": "/".join,
    "middle dots": " · ".join,
    "bullets": "•".join,
    "lines": "\n".join,
    "tabs": "\t".join,
    "a bar at the end": lambda row: "|".join((*row, "")),
    "entities": lambda row: html.escape("|".join(row)).replace("Crime", "Crime&nbsp;"),
    "invisible signs": lambda row: "|".join(f"\u200b{name}\u00a0" for name in row),
}


@pytest.mark.parametrize("kind", CELLS)
def test_genres_are_read_in_every_kind_of_cell(kind: str, tmp_path: Path) -> None:
    summary = prepared(training_table(tmp_path, [CELLS[kind](genres) for genres in GENRES]))
    assert summary.data.genres.names == NAMES
    assert summary.excluded == {}


ARROWS: dict[str, Callable[[], pa.Array]] = {
    "lists": lambda: pa.array([list(row) for row in GENRES], pa.large_list(pa.large_string())),
    "bytes": lambda: pa.array([[name.encode() for name in row] for row in GENRES]),
    "structs of a list": lambda: pa.array([{"items": list(row)} for row in GENRES]),
    "maps": lambda: pa.array(
        [[(name, 1) for name in row] for row in GENRES], pa.map_(pa.string(), pa.int64())
    ),
    "a dictionary of texts": lambda: pa.array(["|".join(r) for r in GENRES]).dictionary_encode(),
}


@pytest.mark.parametrize("kind", ARROWS)
def test_genres_of_parquet(kind: str, tmp_path: Path) -> None:
    table = {"id": pa.array(range(len(PLOTS))), "plot": pa.array(PLOTS), "genres": ARROWS[kind]()}
    pq.write_table(pa.table(table), tmp_path / "films.parquet")
    assert prepared(tmp_path / "films.parquet").data.genres.names == NAMES


def test_letters_that_are_composed_in_two_ways_are_one_genre(tmp_path: Path) -> None:
    texts = ["|".join(row).replace("Horror", "Comédie") for row in GENRES]
    cells = [unicodedata.normalize("NFD" if n % 2 else "NFC", text) for n, text in enumerate(texts)]
    names = prepared(training_table(tmp_path, cells)).data.genres.names
    assert [name for name in names if name.startswith("Com")] == ["Comedy", "Comédie"]


@pytest.mark.parametrize(
    "word",
    ["None listed", "not available", "genre unknown", "Unknown genre", "{'name': None}", "[None]"],
)
def test_placeholders_of_genres(word: str, tmp_path: Path) -> None:
    cells = [word if number % 5 == 0 else "|".join(row) for number, row in enumerate(GENRES)]
    summary = prepared(training_table(tmp_path, cells))
    assert summary.excluded == {"no genre left": 12}
    assert summary.data.genres.names == NAMES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There is no plot for this movie yet.", True),
        ("Unknown plot", True),
        ("Overview", True),
        ("None available", True),
        ("Be the first to add a plot!", True),
        ("#REF!", True),
        ("Not yet known", True),
        ("There is no plot to kill the king, but he fears one.", False),
        ("Unknown men plot a robbery.", False),
        ("Not known to his wife, a spy comes home.", False),
        ("Be the first to cross the ice: that is all she wants.", False),
    ],
)
def test_placeholders_of_plots(text: str, expected: bool) -> None:
    assert is_placeholder(text) is expected


def test_patterns_of_columns_ignore_capital_letters(tmp_path: Path) -> None:
    header = ["id", "plot", *(f"Is_{name}" for name in NAMES)]
    flags = [["True" if name in row else "False" for name in NAMES] for row in GENRES]
    rows = [[n, plot, *row] for n, (plot, row) in enumerate(zip(PLOTS, flags, strict=True))]
    path = write_csv(tmp_path / "flags.csv", header, rows)
    assert prepared(path, columns=TableColumns(flags=("is_*",))).data.genres.names == NAMES


@pytest.mark.parametrize("orient", ["columns", "index", "split", "records", "table"])
def test_json_as_pandas_writes_it(orient: Any, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    films = {"film_id": [f"f{n}" for n in range(3)], "plot": list(PLOTS[:3])}
    path = tmp_path / "films.json"
    pandas.DataFrame(films).to_json(path, orient=orient)
    found = [row.plots for row in TextTable(path, CatalogueColumns(id="film_id")).texts()]
    assert found == [(plot,) for plot in PLOTS[:3]]


BODY = f"id^plot\n1^{PLOTS[0]}\n2^{PLOTS[1]}\n"


def ids(path: Path) -> list[str]:
    return [row.id for row in TextTable(path, CatalogueColumns()).texts() if row.plots]


def test_other_separators_and_blank_lines_before_the_header(tmp_path: Path) -> None:
    for name, mark in (("carets.csv", "^"), ("tildes.txt", "~"), ("blank.csv", ";")):
        (tmp_path / name).write_text("\n\n" + BODY.replace("^", mark))
        assert ids(tmp_path / name) == ["1", "2"]


def test_a_zip_may_hold_a_readme_and_hidden_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        for name in ("README.txt", "data/.films.csv", "__MACOSX/._films.csv"):
            archive.writestr(name, "nothing")
        archive.writestr("data/films.csv", BODY)
    assert ids(tmp_path / "films.zip") == ["1", "2"]


def test_packed_files_with_the_name_of_a_text(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_bytes(gzip.compress(BODY.encode()))
    with pytest.raises(DataError, match=r"films.csv is packed by gzip; add .gz to its name"):
        ids(tmp_path / "films.csv")
    with zipfile.ZipFile(tmp_path / "other.csv", "w") as archive:
        archive.writestr("films.csv", BODY)
    with pytest.raises(DataError, match=r"is a zip file, or an Excel table; name it .zip or .xlsx"):
        ids(tmp_path / "other.csv")


def test_columns_that_differ_in_capital_letters_are_said(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "films.csv", ["id", "Plot", "plot"], [[1, "Not this.", PLOTS[0]]])
    table = TextTable(path, CatalogueColumns())
    assert [row.plots for row in table.texts()] == [(PLOTS[0],)]
    assert table.notes == ["column 'Plot' is not read"]


def test_an_invented_id_that_is_there_is_said(tmp_path: Path) -> None:
    rows = [["1", PLOTS[0]], ["", PLOTS[1]], ["row 2", PLOTS[2]]]
    path = write_csv(tmp_path / "films.csv", ["id", "plot"], rows)
    catalogue = Catalogue(path, CatalogueColumns(), None)
    plan, repeated = make_plan({}, [catalogue], [(path.name, "abc")], 2)
    assert [(shard.first, shard.rows) for shard in plan.shards] == [(0, 2), (2, 1)]
    assert (plan.rows, repeated.tolist()) == (3, [id_hash("row 2")])


def test_posters_of_a_path_that_begins_with_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "posters"
    folder.mkdir()
    Image.linear_gradient("L").save(folder / "one.png")
    found = PosterFolder(folder)
    for name in ("posters/one.png", "posters\\ONE.PNG", "one.png"):
        assert found.find(name) == folder / "one.png"
    assert found.names_files(["posters/one.png"])
    with pytest.raises(MissingPosterError, match="does not exist"):
        found.find("others/one.png")


def test_a_list_of_one_poster(tmp_path: Path) -> None:
    Image.linear_gradient("L").save(tmp_path / "one.png")
    content = (tmp_path / "one.png").read_bytes()
    table = {"id": [1], "plot": [PLOTS[0]], "poster": pa.array([[content]])}
    pq.write_table(pa.table(table), tmp_path / "films.parquet")
    (row,) = Catalogue(tmp_path / "films.parquet", CatalogueColumns(), None).preview(1)
    assert row["poster"] == f"{len(content):,} bytes"


def test_the_columns_of_genres_have_more_names(tmp_path: Path) -> None:
    rows = [[n, p, "|".join(r)] for n, (p, r) in enumerate(zip(PLOTS, GENRES, strict=True))]
    path = write_csv(tmp_path / "films.csv", ["id", "Plot Summary", "Movie Genre"], rows)
    assert prepared(path).data.genres.names == NAMES
