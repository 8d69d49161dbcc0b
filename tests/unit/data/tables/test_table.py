"""Rows of tables of every kind."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviegenre.core import dialect
from moviegenre.core.errors import DataError
from moviegenre.data.tables.table import Table


def test_damaged_rows_are_rows_and_blank_lines_are_not(tmp_path: Path) -> None:
    csv, lines = tmp_path / "a.csv", tmp_path / "a.jsonl"
    csv.write_text('plot\n"two\nlines"\nsurplus,cell\n')
    lines.write_text('{"plot": "a"}\n\nnot JSON\n{"plot": "b"}\n')
    assert [bool(row.fault) for row in Table(csv).rows()] == [False, True]
    assert [bool(row.fault) for row in Table(lines).rows()] == [False, True, False]


@pytest.mark.parametrize("last", ["A love story", '"A love story"'])
def test_rows_are_not_swallowed_by_a_quotation_mark_that_is_not_closed(
    last: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'id,plot\n1,"A detective hunts\n2,{last}\n')
    with pytest.raises(DataError, match=r"CSV, line 3: .*; is a quotation mark missing"):
        list(Table(path).rows())


TAB_TABLES = {
    "line breaks": ('1\t"A ghost.\n\nA ""spy""."\t1999\n2\tA war.\t2000\n', ["1", "2"]),
    "line breaks and tabs": ('1\t"A ghost.\n\tA spy."\t1999\n2\tA war.\t2000\n', ["1", "2"]),
    "Excel's line ends": ('1\t"A ghost.\nA spy."\t1999\r\n2\t"A war"\t\r\n', ["1", "2"]),
    "loose marks": ('1\tA "spy\t1\n2\t"shape-shifting" fox\t2\n', ["1", "2"]),
    "a mark that is not closed": ('1\t"A ghost\t1\n2\tA war\t2\n', ["1", "2"]),
    "loose marks around rows": ('1\t"A ghost\t1\n2\tA spy"\t2\n3\tA fox\t3\n', ["1", "2", "3"]),
    "loose marks around a line end": ('1\tA fox\t"1\n2"\tA spy\t2\n', ["1", '2"']),
}


@pytest.mark.parametrize("kind", TAB_TABLES)
def test_quotation_marks_between_tabs_enclose_cells_or_are_text(kind: str, tmp_path: Path) -> None:
    text, ids = TAB_TABLES[kind]
    for name, encoding in (("a.tsv", "utf-8"), ("a.txt", "utf-16")):
        (tmp_path / name).write_bytes(f"id\tplot\tyear\n{text}".encode(encoding))
        rows = list(Table(tmp_path / name).rows())
        assert [row.values["id"] for row in rows] == ids
        assert not any(row.fault for row in rows)


@pytest.mark.parametrize(
    ("last", "expected"), [("A ghost. " * 9000, True), ("A ghost.\t1\n" * 9000, False)]
)
def test_a_long_table_may_end_within_a_quoted_cell(
    last: str, expected: bool, tmp_path: Path
) -> None:
    text = f'id\tplot\n1\t"A spy.\nA fox."\n2\t"{last}'
    assert dialect.uses_quotes(text[: 1 << 16], "\t") is expected


@pytest.mark.parametrize("group_rows", [7, 500, 5000])
def test_lists_of_texts_are_read_from_any_number_of_row_groups(
    tmp_path: Path, group_rows: int
) -> None:
    rows = [{"id": str(n), "genres": ["War", f"genre {n % 9}"][: n % 3]} for n in range(2500)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=group_rows)
    assert [row.values for row in Table(tmp_path / "a.parquet").rows()] == rows
