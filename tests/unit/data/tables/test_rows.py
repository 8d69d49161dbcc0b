"""Counting rows is counting what is read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviegenre.core.errors import DataError
from moviegenre.data.tables.rows import count_rows, read_rows


def test_rows_are_counted_as_they_are_read(tmp_path: Path) -> None:
    csv, lines, table = (tmp_path / name for name in ("a.csv", "a.jsonl", "a.parquet"))
    csv.write_text('plot\n"two\nlines"\nsurplus,cell\n')
    lines.write_text('{"plot": "a"}\n\nnot JSON\n{"plot": "b"}\n')
    pq.write_table(pa.table({"plot": ["a", "b", "c", "d"]}), table)
    for path, expected in ((csv, 2), (lines, 3), (table, 4)):
        assert count_rows(path) == len(list(read_rows(path))) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('id,plot\n1,"A detective hunts\n2,A love story\n', 3),
        ('id,plot\n1,"A detective hunts\n2,"A love story"\n', 3),
    ],
)
def test_rows_are_not_swallowed_by_a_quotation_mark_that_is_not_closed(
    text: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=f"CSV, line {line}: .*; is a quotation mark missing"):
        list(read_rows(path))


@pytest.mark.parametrize("group_rows", [7, 500, 5000])
def test_lists_of_texts_are_read_from_any_number_of_row_groups(
    tmp_path: Path, group_rows: int
) -> None:
    rows = [{"id": str(n), "genres": ["War", f"genre {n % 9}"][: n % 3]} for n in range(2500)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=group_rows)
    assert [row.values for row in read_rows(tmp_path / "a.parquet")] == rows
