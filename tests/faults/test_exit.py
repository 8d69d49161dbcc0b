"""The end of a process: no thread of a library outlives the interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ARROW = """
import os
import sys
from pathlib import Path

import pyarrow.parquet as pq

from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.tables.parquet import ParquetTable
from moviegenre.inference.catalogue_parts import Parts, answer_schema

threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
parts = Parts(Path(sys.argv[1], "out.parquet"), answer_schema(GenreVocabulary(("Drama", "War"))))
parts.open({"a": 1})
row = {"genres": ["War"], "Drama": 0.25, "War": 0.75, "modalities": ["plot"]}
for number in range(3):
    parts.write(number, [{"id": f"{number}-{place}", **row} for place in range(500)])
print(parts.merge(3))
with ParquetTable(parts.out) as table:
    print(sum(values["War"] == 0.75 for values, _ in table.rows()), threads() - before)
pq.read_table(parts.out)
print(threads() > before, "as Arrow's own threads would be seen")
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads as Linux does")
def test_arrow_reads_what_python_holds_without_threads(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    ended = subprocess.run(
        [sys.executable, "-c", ARROW, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "CatalogueSummary(rows=1500, with_errors=0, empty=0)",
        "1500 0",
        "True as Arrow's own threads would be seen",
    ]
