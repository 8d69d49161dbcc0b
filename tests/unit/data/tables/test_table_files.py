"""The tables of a folder, and the message on tables that are left out."""

import logging
from pathlib import Path

import pytest

from moviegenre.core.errors import DataNotFoundError
from moviegenre.data.tables.table_files import find_tables


def test_tables_of_other_kinds_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.csv", "b.json", "c.txt", "notes.md", "_d.json", "poster.jpg"):
        (tmp_path / name).write_text("plot\nA ghost.\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "d.xlsx").write_bytes(b"")
    with caplog.at_level(logging.INFO):
        assert list(find_tables(str(tmp_path))) == ["a.csv"]
    (message,) = caplog.messages
    assert f"{tmp_path}: left out: b.json, c.txt, more/d.xlsx; from a folder, files" in message
    (tmp_path / "a.csv").unlink()
    with pytest.raises(DataNotFoundError, match=r"no table but b.json, c.txt, more/d.xlsx; exp"):
        find_tables(str(tmp_path))
