"""Films in JSON of every shape: all are read, or a message names what is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from moviegenre.core.errors import DataError
from moviegenre.data.tables.table import Table

A, B = {"title": "A", "plot": "A ghost."}, {"title": "B", "plot": "A spy."}
NESTED = {"title": "C", "overview": "A war."}


def read(path: Path, *documents: Any) -> Table:
    path.write_text("\n".join(map(json.dumps, documents)) + "\n \n")
    return Table(path)


def titles(table: Table) -> list[object]:
    return [row.values.get("title") for row in table.rows()]


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize(
    "documents",
    [
        ([A], [B]),
        ([A], {"results": [B]}),
        ({"page": 1, "results": [A]}, {"page": 2, "results": [B]}),
        ([{"page": 1, "results": [A]}, {"page": 2, "results": [B]}],),
        ([A] * 2, [B]),
    ],
)
def test_all_documents_of_a_file_are_read(
    documents: tuple[Any, ...], suffix: str, tmp_path: Path
) -> None:
    found = titles(read(tmp_path / f"films{suffix}", *documents))
    assert found[0] == "A"
    assert found[-1] == "B"
    assert len(found) == str(documents).count("'plot'")


def test_objects_on_several_lines_are_read_from_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(film, indent=2) for film in (A, B)))
    assert titles(Table(tmp_path / "a.jsonl")) == ["A", "B"]


def test_arrays_longer_than_a_chunk_are_read_to_their_end(tmp_path: Path) -> None:
    films = [{"title": str(number), "plot": "A ghost. " * 200} for number in range(100)]
    table = read(tmp_path / "a.json", films, films)
    assert titles(table) == [film["title"] for film in films] * 2


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_byte_order_marks_are_ignored(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"films{suffix}"
    path.write_text("".join(f"\ufeff{json.dumps(film)}\n" for film in (A, B)))  # joined files
    assert titles(Table(path)) == ["A", "B"]


FILM = json.dumps(A)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f'{{"results": [{FILM}], "results": []}}', ": several values for the key 'results'"),
        (
            f'{{"result": {{"movies": [{FILM}], "movies": [{FILM}]}}}}',
            ", 'result': several values for the key 'movies'; expected one; correct it there",
        ),
        (
            '{"title": {"0": "A", "0": "B"}, "plot": {"0": "A ghost."}}',
            ", 'title': several values for the key '0'",
        ),
    ],
)
def test_repeated_keys_around_films_are_an_error(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "films.json"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        _ = Table(path).columns
    assert str(error.value).startswith(f"{path}{fault}")


def test_repeated_keys_in_a_cell_are_the_fault_of_its_row(tmp_path: Path) -> None:
    cell = '[{"name": "Drama", "name": "War"}]'
    (tmp_path / "films.jsonl").write_text(f'{{"plot": "A", "genres": {cell}}}\n{FILM}\n')
    first, second = Table(tmp_path / "films.jsonl").rows()
    assert first.fault == "several values for the key 'name'; expected one"
    assert not second.fault


TWICE = '{"id": "x", "plot": "A war.", "plot": "A spy."}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", f'{TWICE}\n{{"id": "b", "plot": "A ghost."}}'),
        ("a.json", f'[{TWICE}, {{"id": "b", "plot": "A ghost."}}]'),
        ("a.json", f'{{"results": [{TWICE}, {{"id": "b", "plot": "A ghost."}}]}}'),
        ("a.json", f'{{"x": {TWICE}, "b": {{"plot": "A ghost."}}}}'),
        ("a.json", f'[{{"rank": 1, "movie": {TWICE}}}, {{"id": "b", "plot": "A ghost."}}]'),
    ],
)
def test_a_key_with_several_values_is_a_fault_of_its_row(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    first, second = Table(tmp_path / name).rows()
    assert first.fault == "several values for the key 'plot'; expected one"
    assert first.values["id"] == "x"
    assert (second.fault, second.values["id"]) == ("", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>502</html>", "line 3, column 2: Expecting value, found '<html>502</html>'"),
        ('[{"title": "B"', "line 3, column 16: Expecting ',' delimiter; is it whole?"),
        ('{"title": no}', "line 3, column 12: Expecting value, found 'no}'"),
        ("]", "line 3, column 2: Expecting value, found ']'"),
    ],
)
def test_text_after_an_array_is_an_error_with_its_place(
    text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(f"{json.dumps([A] * 3000)}\n\n {text}")
    with pytest.raises(DataError, match=r"is no JSON, ") as error:
        list(Table(tmp_path / "a.json").rows())
    assert message in str(error.value)


def test_the_fault_of_a_line_has_its_column(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"plot": "a"}\n{"plot": no}\n')
    _, row = Table(tmp_path / "a.jsonl").rows()
    assert row.fault == "not JSON: Expecting value, column 10"


@pytest.mark.parametrize(
    "document",
    [
        A | {"Ratings": [{"Source": "IMDb", "Value": "8/10"}]},
        A | {"recommendations": [B]},
        A | {"similar": {"results": [B, B]}},
        {"title": "A", "Overview": None, "genres": [{"id": 1, "name": "War"}]},
        {"title": "A", "genres": [{"id": 1, "name": "War"}]},
    ],
)
def test_a_film_with_a_list_of_objects_is_one_film(
    document: dict[str, Any], tmp_path: Path
) -> None:
    table = read(tmp_path / "a.json", document)
    assert titles(table) == ["A"]
    assert titles(read(tmp_path / "b.json", [document])) == ["A"]
    assert titles(read(tmp_path / "c.jsonl", document, document)) == ["A", "A"]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"id": 1, "result": {"limits": {"end": 2}, "movies": [A, B]}}, ["A", "B"]),
        ({"MediaContainer": {"size": 2, "Metadata": [A, B]}}, ["A", "B"]),
        ({"description": "my list", "items": [A, B], "name": "Best"}, ["A", "B"]),
        ([{"rank": 1, "id": 7, "type": "movie", "movie": NESTED}], ["C"]),
        ({"tt1": A | {"similar": [B]}, "tt2": B}, ["A", "B"]),
        ([[A], [B]], ["A", "B"]),
    ],
)
def test_nested_films_are_read(document: Any, found: list[str], tmp_path: Path) -> None:
    table = read(tmp_path / "a.json", document)
    assert titles(table) == found


def test_a_nested_film_keeps_the_columns_of_its_row(tmp_path: Path) -> None:
    table = read(tmp_path / "a.json", [{"rank": 1, "id": 7, "movie": NESTED | {"id": 8}}])
    (row,) = table.rows()
    assert (row.values["id"], row.values["overview"]) == (7, "A war.")


def test_lists_of_films_that_are_not_read_are_named(tmp_path: Path) -> None:
    table = read(tmp_path / "a.json", {"movies": [A], "shows": [B]})
    assert table.columns == ["title", "plot"]
    assert table.notes == ["a JSON document", "left out: 'shows'"]
    assert titles(table) == ["A"]
    assert len(table.notes) == 2
    table = read(tmp_path / "b.json", A | {"similar": {"results": [B]}})
    assert "plot" in table.columns
    assert table.notes[1:] == ["left out: 'similar.results'"]
    with pytest.raises(DataError, match=r"several lists of films \('watched', 'later'\); expect"):
        list(read(tmp_path / "c.json", {"watched": [A], "later": [B]}).rows())


@pytest.mark.parametrize(
    "others",
    [
        {"meta": {"count": 2}},
        {"meta": {"count": 2, "errors": [{"code": 1}]}},
        {"count": 2, "meta": None},
        {"errors": [{"code": 1}]},
    ],
)
def test_an_entry_that_is_no_film_is_left_out_of_films_by_id(
    others: dict[str, Any], tmp_path: Path
) -> None:
    table = read(tmp_path / "a.json", {"tt1": A, "tt2": B, **others})
    assert [row.values for row in table.rows()] == [{"id": "tt1", **A}, {"id": "tt2", **B}]
    assert table.notes[1:] == [f"left out: {', '.join(map(repr, others))}"]


def test_films_by_id_may_have_lists_of_films(tmp_path: Path) -> None:
    films = {"tt1": {**A, "similar": {"results": [B]}}, "tt2": B, "count": 2}
    assert titles(read(tmp_path / "a.json", films)) == ["A", "B"]


@pytest.mark.parametrize(
    "film", [{}, {"title": "B"}, {"plot": None}, {"title": "C", "poster": "c"}]
)
def test_a_film_by_id_without_a_plot_keeps_its_row(film: dict[str, Any], tmp_path: Path) -> None:
    table = read(tmp_path / "a.json", {"tt1": A, "tt2": film})
    assert [row.values["id"] for row in table.rows()] == ["tt1", "tt2"]
    assert table.notes == ["a JSON document"]
