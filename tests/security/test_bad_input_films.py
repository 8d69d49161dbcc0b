"""One bad film never ends a job: it is bounded, named, and the others are there."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.errors import DataError
from moviegenre.core.types import PLOT_AND_POSTER, Modality, Split
from moviegenre.data.config import DataConfig
from moviegenre.data.limits import MAX_PLOT_CHARS
from moviegenre.data.prepare import prepare
from moviegenre.data.prepared import PreparedData
from moviegenre.data.sources.table import TableColumns
from moviegenre.inference.catalogue_rows import Catalogue, Entry
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.films import FilmReader
from tests.tiny_movies import tiny_tokenizer
from tests.unit.data.raw_movies import complete_files, poster, write_folder

GOOD: dict[str, Any] = {"title": "A", "year": 1999, "genres": ["Drama"], "plot": ["A dog."]}
DEEP = b'{"plot": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
UNREADABLE = {
    "deep": (DEEP, "nested too deeply"),
    "not UTF-8": (b'{"plot": ["caf\xe9"]}', "its JSON is damaged: 'utf-8' codec can't decode"),
    "empty": (b"", "its JSON is damaged: Expecting value"),
    "digits": (b'{"year": ' + b"9" * 5000 + b"}", "its JSON is damaged: Exceeds the limit"),
    "many values": (b'{"plot": [' + b"0," * 1_000_001 + b"0]}", "more than 1,000,000 values"),
    "many keys": (
        json.dumps({f"k{number}": 0 for number in range(1_000_001)}).encode(),
        "more than 1,000,000 values",
    ),
    "long plot": (
        json.dumps(GOOD | {"plot": ["x" * (MAX_PLOT_CHARS + 1)]}).encode(),
        "200,001 characters in a plot; expected at most 200,000",
    ),
    "many plots": (json.dumps(GOOD | {"plot": ["x"] * 1001}).encode(), "1,001 plots; expected"),
    "many genres": (json.dumps(GOOD | {"genres": ["x"] * 1001}).encode(), "1,001 genres; "),
    "long title": (json.dumps(GOOD | {"title": "x" * 1001}).encode(), "title of 1,001 characters"),
    "long genre": (json.dumps(GOOD | {"genres": ["x" * 1001]}).encode(), "genre of 1,001 char"),
    "large": (b" " * (32 << 20) + b"{}", "33,554,434 bytes; expected at most 33,554,432"),
}


def loop(path: Path) -> None:
    path.symlink_to(path)


def locked(path: Path) -> None:
    path.write_bytes(b"{}")
    path.chmod(0)


NO_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (Path.mkdir, "is a folder; expected a file"),
    "named pipe": (os.mkfifo, "is a named pipe; expected a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device; expected a file"),
    "link loop": (loop, "cannot be read: Too many levels of symbolic links"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "is a link that leads nowhere"),
    "no rights": (locked, "cannot be read: Permission denied"),
}


def prepared(source: Path, out: Path) -> tuple[PreparedData, dict[str, str]]:
    """Prepare a folder of movies; return the data and why movies were left out."""
    data = prepare(str(source), out, min_movies=1, progress=False).data
    with (out / "excluded.csv").open(newline="", encoding="utf-8") as stream:
        return data, {row["id"]: row["detail"] for row in csv.DictReader(stream)}


@pytest.fixture
def movies(tmp_path: Path) -> Path:
    """Return a folder of twelve good movies."""
    return write_folder(tmp_path / "movies", complete_files()) / "mmimdb"


@pytest.mark.parametrize(("content", "fault"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_record_that_cannot_be_read_is_named(
    content: bytes, fault: str, movies: Path, tmp_path: Path
) -> None:
    (movies / "dataset/bad.json").write_bytes(content)
    data, left_out = prepared(_with_split(movies, "bad"), tmp_path / "out")
    assert sum(data.num_movies(split) for split in Split) == 12
    assert list(left_out) == ["bad"]
    assert fault in left_out["bad"]
    assert len(left_out["bad"]) < 1100


@pytest.mark.parametrize(("make", "fault"), NO_FILES.values(), ids=NO_FILES)
@pytest.mark.parametrize("suffix", ["json", "jpeg"])
def test_what_is_no_file_is_never_waited_for_and_named(
    suffix: str, make: Callable[[Path], None], fault: str, movies: Path, tmp_path: Path
) -> None:
    if "Permission" in fault and os.geteuid() == 0:
        pytest.skip("root may read everything")
    (movies / "dataset/bad.json").write_text(json.dumps(GOOD))
    (movies / f"dataset/bad.{suffix}").unlink(missing_ok=True)
    make(movies / f"dataset/bad.{suffix}")
    data, left_out = prepared(_with_split(movies, "bad"), tmp_path / "out")
    assert sum(data.num_movies(split) for split in Split) == 12
    assert fault in left_out["bad"]


def test_half_surrogates_and_years_that_cannot_be_are_mended(movies: Path, tmp_path: Path) -> None:
    text = (
        '{"title": "A\\ud800", "year": 2147483648, "genres": ["Dra\\udfff"], "plot": ["\\ud83d!"]}'
    )
    (movies / "dataset/bad.json").write_text(text)
    (movies / "dataset/bad.jpeg").write_bytes(poster(99))
    data, left_out = prepared(_with_split(movies, "bad"), tmp_path / "out")
    assert left_out == {}
    row = data.ids(Split.TRAIN).index("bad")
    titles, years = data.titles(Split.TRAIN)
    assert (titles[row], years[row]) == ("A\ufffd", None)
    assert data.all_plots(Split.TRAIN)[row] == ["\ufffd!"]
    assert "Dra\ufffd" in data.genres


@pytest.mark.parametrize("name", ["../../out", "/etc/passwd", "a\0b", "\ud800", "x" * 5000])
def test_an_id_that_is_a_path_leads_nowhere(name: str, movies: Path, tmp_path: Path) -> None:
    data, left_out = prepared(_with_split(movies, name), tmp_path / "out")
    assert sum(data.num_movies(split) for split in Split) == 12
    assert list(left_out.values()) == ["split.json lists it, but it has no JSON"]


@pytest.fixture(scope="module")
def reader() -> FilmReader:
    """Return the reader of a model that reads both."""
    model = SimpleNamespace(
        model_name="tiny",
        tokenizer=tiny_tokenizer(),
        data_config=DataConfig(image_size=(32, 32)),
        modalities=frozenset(Modality),
        parts=PLOT_AND_POSTER,
    )
    return FilmReader(cast("ModelInfo", model))


def entries(reader: FilmReader, table: Path) -> list[Entry]:
    return list(Catalogue(table, CatalogueColumns(), None).entries(reader))


BAD_LINES = {
    "deep": (DEEP, "not JSON: nested too deeply", False),
    "not UTF-8": (
        b'{"id": "\xc3\xa9\xc3\xa9", "plot": "caf\xe9"}',
        "not UTF-8; save it as UTF-8",
        False,
    ),
    "too long": (
        b'{"plot": "' + b"x" * (33 << 20) + b'"}',
        "more than 33,554,432 characters",
        False,
    ),
    "plot of 30 MB": (
        b'{"id": "b", "plot": "' + b"dog " * 7_500_000 + b'"}',
        None,
        True,
    ),
    "half a surrogate": (b'{"id": "b\\ud800", "plot": "dog \\udfff"}', None, True),
    "a million texts": (
        b'{"id": "b", "plot": [' + b"1," * 900_000 + b"1]}",
        "expected a text or a list of texts",
        False,
    ),
    "a pipe": (b'{"id": "b", "plot": "dog", "poster": "pipe"}', "is a named pipe", True),
    "a device": (b'{"id": "b", "plot": "dog", "poster": "/dev/zero"}', "is a device", True),
    "a user": (b'{"id": "b", "plot": "dog", "poster": "~nobody-of-that-name"}', "not exist", True),
    "NUL": (b'{"id": "b", "plot": "dog", "poster": "a\\u0000b"}', "does not exist", True),
    "a long name": (
        json.dumps({"id": "b", "plot": "dog", "poster": "x" * 100_000}).encode(),
        "does not exist",
        True,
    ),
}


def test_a_plot_that_is_not_read_to_its_end_has_a_warning(reader: FilmReader) -> None:
    film = reader.read("dog " * 60_000)
    assert film.warnings == ("The plot has 240,000 characters; the first 200,000 were read.",)


@pytest.mark.parametrize(("line", "error", "answered"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_row_of_a_catalogue_is_named(
    line: bytes, error: str | None, answered: bool, reader: FilmReader, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    table = tmp_path / "movies.jsonl"
    good = b'{"id": "a", "plot": "A dog."}\n'
    table.write_bytes(good + line + b"\n" + good)
    first, bad, last = entries(reader, table)
    assert (first.error, last.error) == (None, None)
    assert first.film is not None
    assert last.film is not None
    assert (bad.film is not None) == answered
    assert bad.error is None if error is None else error in str(bad.error)
    assert len(bad.error or "") < 1100
    assert bad.id.encode()


def test_cells_of_parquet_that_are_no_text_are_named(reader: FilmReader, tmp_path: Path) -> None:
    table = tmp_path / "movies.parquet"
    plots = pa.StringArray.from_buffers(
        3,
        pa.array([0, 3, 6, 9], pa.int32()).buffers()[1],
        pa.py_buffer(b"dog\xff\xfe\xfdcat"),
    )
    pq.write_table(pa.table({"id": ["a", "b", "c"], "plot": plots}), table)
    found = entries(reader, table)
    assert [row.error for row in found] == [None, "row 2: column plot: not UTF-8", None]
    assert [row.id for row in found] == ["a", "b", "c"]


def test_rows_of_csv_that_are_no_utf8_are_named(reader: FilmReader, tmp_path: Path) -> None:
    table = tmp_path / "movies.csv"
    table.write_bytes(b'id,plot\na,"caf\xc3\xa9"\nb,"caf\xe9\nnoir"\nc,dog\n')
    found = entries(reader, table)
    assert [row.error for row in found] == [None, "row 2: not UTF-8; save it as UTF-8", None]
    assert found[2].film is not None


def test_a_cell_of_csv_beyond_all_bounds_is_refused_with_its_line(tmp_path: Path) -> None:
    table = tmp_path / "movies.csv"
    table.write_bytes(b'id,plot\na,dog\nb,"' + b"x" * (33 << 20) + b'"\n')
    films = Catalogue(table, CatalogueColumns(), None)
    with pytest.raises(DataError, match=r"as CSV, line 2: more than 33,554,432 characters long"):
        list(films.texts())


def test_posters_of_a_table_that_are_no_files_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    rows = [f"{number},plot {number},Drama,{number}.jpeg" for number in range(20)]
    table = tmp_path / "movies.csv"
    table.write_text("\n".join(["id,plot,genres,poster", *rows, "b,x,Drama,pipe"]) + "\n")
    random = np.random.default_rng(0)
    for number in range(20):  # pictures of something: plain ones count as none
        pixels = random.integers(0, 256, (90, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.jpeg")
    columns = TableColumns(id="id", poster="poster")
    out = tmp_path / "out"
    prepare(str(table), out, min_movies=1, progress=False, columns=columns)
    with (out / "excluded.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["id"], row["reason"]) == ("b", "poster does not decode")
    assert row["detail"].endswith("pipe is a named pipe; expected a file")


def _with_split(movies: Path, movie: str) -> Path:
    """Put another movie into the training split of a folder."""
    parts = json.loads((movies / "split.json").read_text())
    parts["train"].append(movie)
    (movies / "split.json").write_text(json.dumps(parts))
    return movies
