"""Rows of tables of every kind."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviegenre.core.errors import DataError
from moviegenre.data.tables.rows import Table


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


@pytest.mark.parametrize("group_rows", [7, 500, 5000])
def test_lists_of_texts_are_read_from_any_number_of_row_groups(
    tmp_path: Path, group_rows: int
) -> None:
    rows = [{"id": str(n), "genres": ["War", f"genre {n % 9}"][: n % 3]} for n in range(2500)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=group_rows)
    assert [row.values for row in Table(tmp_path / "a.parquet").rows()] == rows
