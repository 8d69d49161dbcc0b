"""The cases that were collected for this project, where they lie beside it: every table opens."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.data.tables.table import Table

SCRIPT = Path(__file__).resolve().parents[3] / "shared" / "cases" / "make_cases.py"


@pytest.mark.skipif(not SCRIPT.is_file(), reason="the cases are not beside this checkout")
@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="the cases need pandas")
def test_every_collected_table_opens(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], check=True, capture_output=True)
    tables = [path for path in sorted(tmp_path.glob("*/*.*")) if path.is_file()]
    assert len(tables) == 43
    for path in tables:
        table = Table(path)
        assert "plot" in " ".join(table.columns) or {"overview", "description"} & {*table.columns}
        assert next(table.rows())
        assert not any(row.fault for row in table.rows()), path.name


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("plot\n")
    with pytest.raises(DataError, match="has no rows"):
        _ = Table(tmp_path / "a.csv").columns
