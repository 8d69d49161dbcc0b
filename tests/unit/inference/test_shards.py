"""Shards: one plan, the same parts whoever computes them, every id once, crashing rows named."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import moviegenre
from moviegenre.core.errors import ConfigError, DataError
from moviegenre.data.storage import LocalFolder
from moviegenre.data.tables.table import RowReader, Table
from moviegenre.data.tables.table_files import find_tables
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_output import CatalogueSummary, Output
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.shard_work import MANIFEST_FILE
from moviegenre.inference.shards import Share, make_plan
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint

PLOTS = ("the ghost", "a prank", "the family in tears", "one day in town", "old friend")


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Predictor:
    root = tmp_path_factory.mktemp("lstm")
    return moviegenre.load(save_tiny(root, tiny_checkpoint("lstm", bert_folder)))


def write(path: Path, rows: int, first: int = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    lines = [f"tt{n},{PLOTS[n % 5]}" for n in range(first, first + rows)]
    path.write_text("\n".join(["id,plot", *lines, ""]))
    return path


def catalogues(source: Path | str, **columns: Any) -> list[Catalogue]:
    tables = find_tables(str(source))
    labels = [f"{name}:" if len(tables) > 1 else "" for name in tables]
    named = zip(tables.values(), labels, strict=True)
    return [Catalogue(path, CatalogueColumns(**columns), None, label) for path, label in named]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_shares_give_the_bytes_of_one_run(predictor: Predictor, tmp_path: Path) -> None:
    table = catalogues(write(tmp_path / "films.csv", 23))
    whole, shared = tmp_path / "whole", tmp_path / "shared"
    summary = predict_catalogue(predictor, table, whole, shard_rows=4)
    assert summary == CatalogueSummary(23, 0, 0)
    for number in (3, 1):
        share = Share(number, 3)
        assert predict_catalogue(predictor, table, shared, shard_rows=4, share=share) is None
    left = predict_catalogue(predictor, table, shared, shard_rows=4, share=Share(2, 3))
    assert left == summary
    assert contents(shared) == contents(whole)
    parts = sorted(whole.glob("part-*.parquet"))
    assert [pq.read_metadata(part).num_rows for part in parts] == [4, 4, 4, 4, 4, 3]
    ids = pq.read_table(whole)["id"].to_pylist()
    assert ids == [f"tt{n}" for n in range(23)]
    manifest = json.loads((whole / MANIFEST_FILE).read_text())
    assert [one["file"] for one in manifest["parts"].values()] == [part.name for part in parts]
    assert sum(one["rows"] for one in manifest["parts"].values()) == manifest["rows"] == 23
    assert set(manifest["job"]) == {"input", "model", "set of options"}
    for suffix in ("csv", "parquet"):
        files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
        predict_catalogue(predictor, table, files[0], shard_rows=4)
        for number in (1, 2):
            predict_catalogue(predictor, table, files[1], shard_rows=4, share=Share(number, 2))
        assert files[0].read_bytes() == files[1].read_bytes()
        assert not files[1].with_name(f"{files[1].name}.parts").exists()


def test_a_finished_folder_is_left_as_it_is(predictor: Predictor, tmp_path: Path) -> None:
    table, out = catalogues(write(tmp_path / "films.csv", 5)), tmp_path / "out"
    summary = predict_catalogue(predictor, table, out, shard_rows=2)
    before = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert predict_catalogue(predictor, table, out, shard_rows=2) == summary
    assert {path: path.stat().st_mtime_ns for path in out.glob("part-*")} == before
    with pytest.raises(ConfigError, match="holds a job, started with another set of options; use"):
        predict_catalogue(predictor, table, out, shard_rows=3)
    part = next(iter(before))
    os.rename(part, part.with_name("other.parquet"))
    (out / MANIFEST_FILE).unlink()
    with pytest.raises(ConfigError, match=r"is not empty \(found other.parquet\) and holds no job"):
        Output(out).read_plan({})


def test_a_folder_of_tables(predictor: Predictor, tmp_path: Path) -> None:
    write(tmp_path / "films" / "b.csv", 3)
    write(tmp_path / "films" / "a.csv", 4, first=3)
    (tmp_path / "films" / "notes.md").write_text("no table")
    (tmp_path / "films" / "_part.csv").write_text("no table")
    found = [find_tables(str(tmp_path / "films" / name)) for name in ("", "*.csv", "[ab].csv")]
    assert list(found[0]) == list(found[2]) == ["a.csv", "b.csv"]
    assert list(found[1]) == ["_part.csv", "a.csv", "b.csv"], "a pattern is taken at its word"
    predict_catalogue(predictor, catalogues(tmp_path / "films"), tmp_path / "out", shard_rows=2)
    ids = pq.read_table(tmp_path / "out")["id"].to_pylist()
    assert ids == [f"tt{n}" for n in (3, 4, 5, 6, 0, 1, 2)]
    for name in ("a", "b"):
        (tmp_path / "films" / f"{name}.csv").write_text("plot\nthe ghost\na prank\n")
    out = tmp_path / "out.csv"
    predict_catalogue(predictor, catalogues(tmp_path / "films"), out)
    lines = out.read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [
        "a.csv:1",
        "a.csv:2",
        "b.csv:1",
        "b.csv:2",
    ]
    (tmp_path / "films" / "b.csv").write_text("plot,title\nthe ghost,x\n")
    with pytest.raises(ConfigError, match=r"b.csv has other columns than .*a.csv: title is"):
        predict_catalogue(predictor, catalogues(tmp_path / "films"), out)
    with pytest.raises(ConfigError, match="the folder for the answers; name another folder"):
        predict_catalogue(predictor, catalogues(tmp_path / "films" / "a.csv"), tmp_path / "films")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "notes.md").write_text("no table")
    with pytest.raises(DataError, match=r"found no table; expected files that end in .csv, .tsv"):
        find_tables(str(docs))
    with pytest.raises(DataError, match="no file fits the pattern"):
        find_tables(str(tmp_path / "*.jsonl"))


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "a/b", "1/"])
def test_a_share_that_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match="expected K/N, such as 3/16"):
        Share.parse(text)


def test_rows_of_parquet_are_read_from_any_row_on(tmp_path: Path) -> None:
    path = tmp_path / "films.parquet"
    pq.write_table(pa.table({"id": range(3000)}), path, row_group_size=1100)
    reader = RowReader(Table(path), ["id"])
    for wanted in (range(3), range(3, 5), range(1099, 1102), range(2999, 3000), range(7, 8)):
        assert [row.values["id"] for row in reader.rows(wanted)] == list(wanted)
    write(tmp_path / "films.csv", 9)
    reader = RowReader(Table(tmp_path / "films.csv"), ["id"])
    for wanted in (range(2), range(4, 6), range(1, 3)):
        assert [row.values["id"] for row in reader.rows(wanted)] == [f"tt{n}" for n in wanted]


def test_repeated_ids_are_found_in_all_tables(tmp_path: Path) -> None:
    write(tmp_path / "films" / "a.csv", 5)
    write(tmp_path / "films" / "b.csv", 5, first=3)
    files = [("a.csv", "1"), ("b.csv", "2")]
    plan, repeated = make_plan({}, catalogues(tmp_path / "films"), files, 3)
    assert (plan.rows, plan.repeated_ids, len(repeated)) == (10, 2, 2)
    names = [shard.name for shard in plan.shards]
    assert names == sorted(names)


class Dead(BaseException):
    """Stands for a process that ends: nothing catches it, and nothing is tidied."""


def test_a_row_that_ends_the_process_is_left_out(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, remove = predictor.reader.read, LocalFolder.remove
    table = write(tmp_path / "films.csv", 9)
    clean = tmp_path / "clean"
    predict_catalogue(predictor, catalogues(table), clean, shard_rows=3)
    table.write_text(table.read_text().replace(f"tt4,{PLOTS[4]}", "tt4,a fatal film"))

    def reading(plot: Any, *rest: Any) -> Any:
        if plot == "a fatal film":
            monkeypatch.setattr(LocalFolder, "remove", lambda folder, name: None)
            raise Dead
        return read(plot, *rest)

    monkeypatch.setattr(predictor.reader, "read", reading)
    for _ in range(3):
        monkeypatch.setattr(LocalFolder, "remove", remove)
        with pytest.raises(Dead):
            predict_catalogue(predictor, catalogues(table), tmp_path / "out", shard_rows=3)
    monkeypatch.setattr(LocalFolder, "remove", remove)
    summary = predict_catalogue(predictor, catalogues(table), tmp_path / "out", shard_rows=3)
    assert summary == CatalogueSummary(9, 1, 1)
    found = pq.read_table(tmp_path / "out").to_pylist()
    assert [row["id"] for row in found] == [f"tt{n}" for n in range(9)]
    assert found[4]["error"] == (
        "reading or computing this row has ended the process three times; it was left out"
    )
    expected = pq.read_table(clean).to_pylist()
    assert found[:4] + found[5:] == expected[:4] + expected[5:]
    assert sorted(p.name[:10] for p in (tmp_path / "out").iterdir()) == [
        MANIFEST_FILE[:10],
        *["part-00000"] * 3,
    ]
