"""Whatever a record or a table says, its reader yields text that can be written, or a fault."""

import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviegenre.core.errors import DataError
from moviegenre.data.json_text import parse_json
from moviegenre.data.lines import bounded_lines
from moviegenre.data.placeholders import is_genre_placeholder
from moviegenre.data.records import clean_names, parse_title, parse_year, whole_text
from moviegenre.data.sources.mmimdb import MMIMDbFolder
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.tables.cells import cell_text
from moviegenre.data.tables.table import Table
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns

texts = st.text(st.characters(), max_size=30)  # half surrogates among them
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "id": values,
        "title": values,
        "year": values,
        "genres": values | st.lists(texts, max_size=4),
        "plot": values | st.lists(texts, max_size=4),
    },
)
reused = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@given(values)
def test_json_is_read_as_it_was_written(value: object) -> None:
    text = json.dumps(value)
    assert json.dumps(parse_json(text)) == text
    assert json.dumps(parse_json(text.encode())) == text


@given(st.binary(max_size=40) | texts)
def test_a_text_is_json_or_a_value_error(text: bytes | str) -> None:
    def outcome(parse: Callable[[bytes | str], object]) -> str:
        try:
            return json.dumps(parse(text))
        except ValueError:
            return "no JSON"

    plain = text.removeprefix("\ufeff") if isinstance(text, str) else text
    assert outcome(parse_json) == outcome(lambda _: json.loads(plain))


@given(values)
def test_cells_become_text_that_can_be_written(value: object) -> None:
    for text in (cell_text(value), parse_title(value) or ""):
        assert text.encode().decode() == text
    year = parse_year(value)
    assert year is None or 1 <= year <= 9999
    if _is_names(value):
        names = clean_names(value)
        assert all(name.strip() for name in names)
        assert all(name.encode() for name in names)
    else:
        with pytest.raises(ValueError, match=r"expected a text or a list of texts") as error:
            clean_names(value)
        assert len(str(error.value)) < 1000


@given(texts)
def test_whole_text_changes_half_surrogates_alone(text: str) -> None:
    whole = whole_text(text)
    assert len(whole) == len(text)
    assert whole.encode().decode() == whole
    for before, after in zip(text, whole, strict=True):
        assert after == ("\ufffd" if "\ud800" <= before <= "\udfff" else before)


@reused
@given(records)
def test_a_movie_is_read_or_has_a_fault(tmp_path: Path, record: dict[str, Any]) -> None:
    (tmp_path / "dataset").mkdir(exist_ok=True)
    (tmp_path / "dataset/1.json").write_text(json.dumps(record))
    (movie,) = MMIMDbFolder(tmp_path)
    sound = all(_is_names(record.get(name)) for name in ("genres", "plot"))
    assert (movie.fault is None) == sound
    for text in (movie.title or "", *movie.genres, *movie.plots):
        assert text.encode().decode() == text


def _is_names(value: object) -> bool:
    is_list = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return value is None or isinstance(value, str) or is_list


def _names_a_genre(value: object) -> bool:
    """Return whether a cell surely has a name that is no number."""
    texts = value if isinstance(value, list) else [value]
    words = [text for text in texts if isinstance(text, str) and any(map(str.isalpha, text))]
    return _is_names(value) and not all(map(is_genre_placeholder, words))


def _num_movies(path: Path) -> int | DataError:
    try:
        return len(list(MovieTable(path, TableColumns())))
    except DataError as error:
        return error


@reused
@given(st.lists(records, min_size=1, max_size=5))
def test_json_lines_keep_their_rows(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = [row.values for row in Table(path).rows()]
    assert json.dumps(found) == json.dumps(rows)
    if not any({"plot", "genres"} <= set(row) for row in rows):
        return
    movies = _num_movies(path)
    if isinstance(movies, DataError):  # genres that are all numbers are TMDb's ids, or refused
        assert "holds numbers" in str(movies)
        assert not any(_names_a_genre(row.get("genres")) for row in rows)
    else:
        assert movies == len(rows)
    told = list(Catalogue(path, CatalogueColumns(), None).texts())
    assert len(told) == len(rows)
    assert all(row.id.encode() for row in told)


clean = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=20)


@reused
@given(st.lists(st.tuples(clean, clean), min_size=1, max_size=5))
def test_csv_and_parquet_keep_their_cells(tmp_path: Path, cells: list[tuple[str, str]]) -> None:
    rows = [{"id": first, "plot": second} for first, second in cells]
    table, text = tmp_path / "m.parquet", tmp_path / "m.csv"
    pq.write_table(pa.Table.from_pylist(rows), table)
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells)
    text.write_text("id,plot\n" + "".join(quoted), encoding="utf-8", newline="")
    for path in (table, text):
        assert [row.values for row in Table(path).rows()] == rows
        assert next(Table(path).rows(["plot"])).values["plot"] == rows[0]["plot"]


@reused
@given(st.lists(st.text(string.ascii_letters, max_size=12), max_size=8), st.integers(1, 8))
def test_lines_are_cut_at_their_bound_alone(tmp_path: Path, lines: list[str], longest: int) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    with path.open() as stream:
        found = list(bounded_lines(stream, longest))
    assert [line.text.rstrip("\n") for line in found] == [
        line if len(line) <= longest else "" for line in lines
    ]
    assert [line.is_too_long for line in found] == [len(line) > longest for line in lines]
