"""Tables, posters and answers in an object store: S3's protocol, on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from moviegenre.apps.cli import main
from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.data.storage import StoreFile, StoreFolder
from moviegenre.data.tables.table_files import find_tables
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import png_bytes, tiny_movies

pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[server]'")

MOVIES = tiny_movies(6)
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Return the address of a store with the bucket ``films``."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> fs.FileSystem:
    """Return a store that the package is pointed at as any tool is: by the environment."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    files = fs.S3FileSystem(endpoint_override=endpoint, allow_bucket_creation=True)
    files.create_dir("films")
    return files


def put(store: fs.FileSystem, path: str, content: bytes) -> None:
    with store.open_output_stream(path) as stream:
        stream.write(content)


def predict(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["predict", *map(str, arguments), "--quiet"])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_table_in_a_store_gets_the_bytes_of_a_local_one(
    store: fs.FileSystem,
    tmp_path: Path,
    bert_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = save_tiny(tmp_path / "model", tiny_checkpoint("early_fusion", bert_folder))
    posters = [png_bytes(poster) for poster in MOVIES.posters]
    names = ["posters/0.png", "posters/1.png", "s3://films/other/2.png", "posters/none.png", "", ""]
    lines = [f"tt{n},{MOVIES.plots[n]},{names[n]}" for n in range(6)]
    put(store, "films/in/a.csv", "\n".join(["id,plot,poster", *lines[:4], ""]).encode())
    put(store, "films/in/b.csv", "\n".join(["id,plot,poster", *lines[4:], ""]).encode())
    for path, poster in zip(("in/posters/0", "in/posters/1", "other/2"), posters, strict=False):
        put(store, f"films/{path}.png", poster)
    assert list(find_tables("s3://films/in")) == ["a.csv", "b.csv"]
    assert list(find_tables("s3://films/in/[b-z].csv")) == ["b.csv"]
    given = ("--checkpoint", model, "--input", "s3://films/in", "--out", "s3://films/out")
    assert predict(*given) == 0
    told = capsys.readouterr().out
    assert told.endswith("6 films answered, 1 of them read in part; see the column error "
                         "(6 ids in, the same out)\n")  # fmt: skip
    answers = pq.read_table("films/out", filesystem=store)
    assert answers["id"].to_pylist() == [f"tt{n}" for n in range(6)]
    read = [tuple(cell) for cell in answers["modalities"].to_pylist()]
    assert read == [("plot", "poster")] * 3 + [("plot",)] * 3
    error = "s3://films/in/posters/none.png does not exist; expected a poster's file"
    assert answers["error"].to_pylist()[3] == f"{error}; the plot alone was used"

    table = pa.table(
        {
            "id": [f"tt{n}" for n in range(6)],
            "plot": MOVIES.plots,
            "poster": [posters[0], posters[1], posters[2], None, None, None],
        }
    )
    pq.write_table(table, "films/in.parquet", filesystem=store)
    pq.write_table(table, tmp_path / "in.parquet")
    outs = [f"s3://films/{name}" for name in ("whole", "shared")] + [str(tmp_path / "local")]
    assert predict("--checkpoint", model, "--input", "s3://films/in.parquet", "--out", outs[0]) == 0
    for share in ("2/2", "1/2"):
        shared = ("--input", "s3://films/in.parquet", "--out", outs[1], "--shards", share)
        assert predict("--checkpoint", model, *shared) == 0
    assert predict("--checkpoint", model, "--input", tmp_path / "in.parquet", "--out", outs[2]) == 0
    parts = [StoreFolder(out) for out in outs[:2]]
    assert parts[0].names() == parts[1].names()
    assert [StoreFolder(out).names()[-1][-20:] for out in outs[:2]] == [
        sorted(path.name for path in (tmp_path / "local").glob("part-*"))[-1][-20:]
    ] * 2, "the same bytes, which the name ends with"
    whole = pq.read_table("films/whole", filesystem=store)
    assert whole.column_names == answers.column_names
    for name in set(answers.column_names) - {"error"}:
        if pa.types.is_floating(answers.schema.field(name).type):  # other rows share the batch
            assert whole[name].to_pylist() == pytest.approx(answers[name].to_pylist(), abs=1e-6)
        else:
            assert whole[name] == answers[name]


def test_what_is_wrong_with_a_store_is_one_line(
    store: fs.FileSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, "films/table.csv", b"id,plot\n1,the ghost\n")
    assert predict("--input", "s3://films/table.csv", "--out", "s3://films/out.csv") == 2
    assert "an object store gets a folder of Parquet parts" in capsys.readouterr().err
    assert predict("--input", "s3://films/nothing", "--out", tmp_path / "out.csv") == 2
    assert "s3://films/nothing: found no such folder; expected files" in capsys.readouterr().err
    with pytest.raises(DataNotFoundError, match=r"s3://films/none.csv does not exist"):
        StoreFile("s3://films/none.csv").stamp()
    with pytest.raises(DataError, match="check the address, AWS_ENDPOINT_URL"):
        StoreFolder("s3://nobucket/x").write("a", b"b")
    before = StoreFile("s3://films/table.csv").stamp()
    put(store, "films/table.csv", b"id,plot\n1,the witch\n")
    assert StoreFile("s3://films/table.csv").stamp() != before
    assert predict("--input", "s3://films/table.csv", "--show") == 0
    assert "plot: the witch" in capsys.readouterr().out
