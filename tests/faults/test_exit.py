"""The end of a process: no thread of a library outlives the interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ARROW = """
import io
import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from moviegenre.core.genres import GenreVocabulary
from moviegenre.data.tables.parquet import ParquetTable
from moviegenre.inference.catalogue_output import Output
from moviegenre.inference.catalogue_format import answer_schema
from moviegenre.inference.shard_work import part_name
from moviegenre.inference.shards import Plan, Shard, ids_digest

threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
output = Output(Path(sys.argv[1], "out.parquet"))
schema = answer_schema(GenreVocabulary(("Drama", "War")))
row = {"genres": ["War"], "Drama": 0.25, "War": 0.75, "modalities": ["plot"]}
shards = []
for number in range(3):
    ids = [f"{number}-{place}" for place in range(500)]
    shards.append(Shard(0, 500 * number, 500, "abc", ids_digest(ids)))
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"id": id_, **row} for id_ in ids], schema), stream)
    output.folder.write(part_name(shards[-1], stream.getvalue()), stream.getvalue())
print(output.finish(Plan({}, [("films.csv", "abc")], shards, 0), schema))
with ParquetTable(output.file) as table:
    print(sum(values["War"] == 0.75 for values, _ in table.rows()), threads() - before)
pq.read_table(output.file)
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
        "CatalogueSummary(rows=1500, with_errors=0, empty=0, with_warnings=0)",
        "1500 0",
        "True as Arrow's own threads would be seen",
    ]
