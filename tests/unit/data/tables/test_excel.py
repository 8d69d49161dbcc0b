"""The sheet of a workbook that is read, and the notice on the others."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from moviegenre.data.tables.table import Table

openpyxl = pytest.importorskip("openpyxl")

FILMS = [("Title", "Plot"), ("A", "A ghost.")]
OTHERS = [("Title", "Plot"), ("B", "A spy.")]
COVER = [("My films",), ("made in May",)]


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[str]]]) -> Table:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return Table(path)


@pytest.mark.parametrize(
    ("sheets", "note"),
    [
        ({"Films": FILMS}, None),
        ({"Films": FILMS, "Sheet2": []}, None),
        (
            {"Films": FILMS, "Old": OTHERS, "Sheet3": COVER},
            "sheet 'Films' is read, the others are not ('Old', 'Sheet3')",
        ),
        (
            {"Cover": COVER, "Fields": [("Field", "Description")], "Films": FILMS},
            "sheet 'Films' is read, the others are not ('Cover', 'Fields')",
        ),
    ],
)
def test_one_sheet_is_read_and_the_others_are_named(
    sheets: Mapping[str, Sequence[Sequence[str]]], note: str | None, tmp_path: Path
) -> None:
    table = workbook(tmp_path / "a.xlsx", sheets)
    assert table.columns == ["Title", "Plot"]
    assert [row.values["Title"] for row in table.rows()] == ["A"]
    assert table.notes == ([] if note is None else [note])


def test_the_first_sheet_is_read_if_none_has_usual_columns(tmp_path: Path) -> None:
    sheets = {"Data": [("Name of it", "Story"), ("A", "x")], "Fields": [("Field", "Description")]}
    table = workbook(tmp_path / "a.xlsx", sheets)
    assert table.columns == ["Name of it", "Story"]
    assert table.notes == ["sheet 'Data' is read, the others are not ('Fields')"]
