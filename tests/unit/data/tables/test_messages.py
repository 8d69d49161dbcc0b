"""Messages on tables that cannot be read, and notes on guesses: what was found, what to do."""

import json
from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError, DataError
from moviegenre.data.sources.table import MovieTable, TableColumns
from moviegenre.data.tables.table import Table, Written
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable

FIRST_LINE = "the first line does not look like names of columns: remove lines before"
TITLES = "titles alone are not enough: add a column of plots or posters, or name yours with `plot_c"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("no_names.csv", "tt1,Aliens,1986,Two marines\ntt2,Heat,1995,A cop\n", FIRST_LINE),
        ("heading.csv", "My films;;\nTitle;Year;Plot\nA;1999;B\n", FIRST_LINE),
        ("heading.txt", "Letterboxd list export v7\nName,URL\na,b\n", FIRST_LINE),
        ("plots.txt", f"{'A ghost haunts a house. ' * 3}\nA spy\n", FIRST_LINE),
        ("diary.csv", "Date,Name,Year\n2024-01-01,Aliens,1986\n", TITLES),
        ("ratings.csv", "movieId,title,genres\n1,Heat (1995),Crime\n", TITLES),
        ("trakt.json", '[{"plays": 2, "movie": {"title": "Heat"}}]', TITLES),
        (
            "list.csv",
            "Const,Description,Title,Title Type,IMDb Rating\ntt1,with Anna,Heat,Movie,8\n",
            "this is an export of IMDb, whose 'Description' is your own note: add a column",
        ),
        (
            "ratings.csv",
            "Const,Your Rating,Title,Title Type,IMDb Rating\ntt1,9,Heat,Movie,8\n",
            "this is an export of IMDb: add a column",
        ),
        (
            "nested.json",
            '[{"a": {"b": {"c": "x"}}}]',
            "the cells of 'a' are objects: write each film as one object, or name yours with",
        ),
    ],
)
def test_a_table_without_plots_says_what_to_do(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as error:
        TextTable(tmp_path / name, CatalogueColumns())
    assert message in str(error.value)
    with pytest.raises(DataError) as error:
        MovieTable(tmp_path / name, TableColumns())
    assert message.partition(" or name")[0] in str(error.value)


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("a.xlsx", Written(encoding="cp1252"), "`encoding` has no effect: .* is an Excel table;"),
        ("a.parquet", Written(";", "utf-8"), "`separator` and `encoding` have no effect: .* both"),
        ("a.jsonl", Written(";"), "`separator` has no effect: .*a.jsonl is JSON; leave it out"),
    ],
)
def test_what_a_format_does_not_have_is_refused(
    name: str, written: Written, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text('{"plot": "A ghost"}')
    with pytest.raises(ConfigError, match=message):
        Table(tmp_path / name, written)


def test_unusual_names_are_no_reason_to_doubt_the_first_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",key,blurb\n0,1,A ghost\n")
    with pytest.raises(DataError, match=r"\(found , key, blurb\); name yours with `plot_column`"):
        TextTable(tmp_path / "a.csv", CatalogueColumns())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.csv",
            '[{"title": "A"}]',
            "holds JSON; name it .json, or .jsonl if each line is a film",
        ),
        ("a.txt", '\n {"title": "A", "plot": "B"}\n', "holds JSON; name it .json"),
        (
            "a.jsonl",
            '{"title": "A",\n"plot": "B"}\n',
            "; if a film has several lines, name the file .json; expected one for each movie",
        ),
    ],
)
def test_json_with_another_ending_is_named(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as error:
        _ = Table(tmp_path / name).columns
    assert message in str(error.value)


def test_cp1252_is_called_a_guess_unless_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("plot\nThe café owner\n".encode("mac_roman"))
    (note,) = Table(tmp_path / "a.csv").notes
    assert note == (
        "the text is read as cp1252, which is a guess: if letters are wrong, save it as UTF-8 (or "
        "name its encoding with `encoding`)"
    )
    assert Table(tmp_path / "a.csv", Written(encoding="cp1252")).notes == ["the text is cp1252"]


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ("1,A,\n2,B,\n", [False, False]),
        ("1,A,,\n2,B,,\n3,C,,\n", [False, False, False]),
        ("1,A,x\n2,B,\n", [True, True]),
        ("1,He came, saw\n2,B,\n3,C\n", [True, True, False]),
    ],
)
def test_empty_cells_at_the_end_of_every_row_are_dropped(
    rows: str, faults: list[bool], tmp_path: Path
) -> None:
    for name, separator in (("a.csv", ","), ("a.tsv", "\t")):
        (tmp_path / name).write_text(f"id,plot\n{rows}".replace(",", separator))
        assert [bool(row.fault) for row in Table(tmp_path / name).rows()] == faults


def test_a_plot_that_is_a_number_says_that_a_text_is_expected(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"plot": 12345}))
    (row,) = TextTable(tmp_path / "a.jsonl", CatalogueColumns()).texts()
    assert row.faults == ("column plot: found 12345, expected a text or a list of texts",)
