"""From a source to a prepared folder: what is written, what is refused, and all or nothing."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data import prepare as prepare_module
from moviegenre.data.prepare import PreparedSummary, prepare
from moviegenre.data.prepared import PreparedData
from moviegenre.data.schema import MOVIE_SCHEMA
from moviegenre.data.sources.table import TableColumns
from tests.unit.data.raw_movies import (
    SPLITS,
    complete_files,
    drawn_poster,
    movie_files,
    poster,
    record,
    split_json,
    write_archive,
    write_folder,
)

ALL_FILES = {
    *("train.parquet", "val.parquet", "test.parquet", "genres.json"),
    *("datasheet.json", "DATASHEET.md", "excluded.csv"),
}


def run(source: Path, out: Path, **options: Any) -> PreparedSummary:
    return prepare(str(source), out, **({"min_movies": 1, "progress": False} | options))


def rows(folder: Path, split: Split) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / f"{split.value}.parquet").to_pylist()
    return found


def excluded(folder: Path) -> list[list[str]]:
    with (folder / "excluded.csv").open(newline="") as stream:
        header, *found = csv.reader(stream)
    assert header == ["id", "reason", "detail"]
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder of twelve good movies with a split."""
    return write_folder(tmp_path / "movies", complete_files())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return where prepared data go: a folder in which nothing else is."""
    return tmp_path / "data" / "prepared"


def test_everything_is_written(source: Path, out: Path) -> None:
    summary = run(source, out)
    assert {entry.name for entry in out.iterdir()} == ALL_FILES
    assert [entry.name for entry in out.parent.iterdir()] == ["prepared"]
    assert (summary.excluded, summary.notes) == ({}, {})
    for split, expected in SPLITS.items():
        assert summary.data.ids(split) == expected
        assert pq.read_schema(out / f"{split.value}.parquet").equals(MOVIE_SCHEMA)
    assert rows(out, Split.VAL)[1] == {
        "id": "0000007",
        "title": "Movie 7",
        "year": 1997,
        "genres": ["Comedy"],
        "plots": ["The short plot of movie 7.", "The plot of movie 7, at length."],
        "poster": {"bytes": poster(7), "path": "0000007.jpeg"},
        "poster_width": 8,
        "poster_height": 12,
    }
    assert summary.data.genres.names == ("Comedy", "Drama", "Horror")
    assert summary.data.labels(Split.TEST).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_a_folder_and_archives_in_any_order_give_the_same_files(
    source: Path, tmp_path: Path
) -> None:
    files = complete_files()
    backwards = dict(reversed(files.items()))
    sources = [
        source,
        write_archive(tmp_path / "a.tar", files),
        write_archive(tmp_path / "b.tar.gz", backwards),
    ]
    folders = [tmp_path / f"out-{number}" for number in range(3)]
    datas = [run(s, o).data for s, o in zip(sources, folders, strict=True)]
    assert len({data.fingerprint for data in datas}) == 1
    for split in Split:
        name = f"{split.value}.parquet"
        assert len({(folder / name).read_bytes() for folder in folders}) == 1


def test_the_data_sheet_tells_the_facts(source: Path, tmp_path: Path, out: Path) -> None:
    archive = write_archive(tmp_path / "movies.tar.gz", complete_files())
    sheet = run(archive, out).data.datasheet
    assert sheet["source"] == str(archive)
    assert (sheet["sha256"], sheet["sha256_of"]) == (file_sha256(archive), "the archive")
    assert (sheet["split"], sheet["seed"], sheet["synthetic"]) == ("official", None, False)
    assert (sheet["min_movies"], sheet["genres_named"]) == (1, False)
    assert sheet["movies"] == {"train": 6, "val": 3, "test": 3}
    assert sheet["genres"]["Drama"] == {"train": 2, "val": 1, "test": 1}
    assert sheet["excluded"] == {}
    assert {"moviegenre", "pyarrow", "pillow", "numpy"} <= set(sheet["versions"])
    assert sheet["created"].startswith("20")
    page = (out / "DATASHEET.md").read_text()
    assert "- Movies: train 6, val 3, test 3\n" in page
    assert f"- SHA-256 of the archive: {sheet['sha256']}\n" in page
    assert "| Drama | 2 | 1 | 1 |\n" in page
    assert "made up" not in page


def test_what_is_left_out_is_listed_and_counted(out: Path, tmp_path: Path) -> None:
    files = complete_files(14)
    parts = {"train": range(8), "dev": [8, 9], "test": [10, 11, 11], "unused": []}
    del parts["unused"]
    files["mmimdb/split.json"] = split_json(parts)  # neither 12 nor 13
    folder = "mmimdb/dataset/"
    del files[f"{folder}0000000.jpeg"]
    files[f"{folder}0000001.jpeg"] = poster()[:-4]
    files[f"{folder}0000002.json"] = record(2, plot=[])
    files[f"{folder}0000003.json"] = record(3, genres=["News"])
    files[f"{folder}0000004.json"] = b"{"
    summary = run(write_folder(tmp_path / "movies", files), out)
    assert summary.excluded == {
        "in no split": 2,
        "no poster": 1,
        "poster does not decode": 1,
        "no plot": 1,
        "broken record": 1,
        "duplicate id": 1,
        "no genre left": 1,
    }
    found = excluded(out)
    assert found[-1] == ["", "genre left out", "News: 1 movie; no kind of film"]
    assert [[movie[-2:], reason] for movie, reason, _ in found[:-1]] == [
        ["00", "no poster"],
        ["01", "poster does not decode"],
        ["02", "no plot"],
        ["04", "broken record"],
        ["11", "duplicate id"],
        ["12", "in no split"],
        ["13", "in no split"],
        ["03", "no genre left"],
    ]
    assert found[1][2].startswith("the image cannot be decoded: ")
    assert found[7][2] == "only News"
    assert summary.data.datasheet["excluded"] == summary.excluded
    assert "- Left out: in no split 2, no poster 1" in (out / "DATASHEET.md").read_text()
    num_kept = sum(summary.data.num_movies(split) for split in Split)
    assert num_kept + len(found) == 14 + 2  # one of them was listed twice


def test_incomplete_movies_can_be_kept(out: Path, tmp_path: Path) -> None:
    files = complete_files()
    del files["mmimdb/dataset/0000000.jpeg"]
    files["mmimdb/dataset/0000001.json"] = record(1, plot=[])
    summary = run(write_folder(tmp_path / "movies", files), out, keep_incomplete=True)
    assert summary.excluded == {}
    assert summary.notes == {"kept although: no poster": 1, "kept although: no plot": 1}
    first, second, *_ = rows(out, Split.TRAIN)
    assert (first["poster"], first["poster_width"], first["poster_height"]) == (None, None, None)
    assert second["plots"] == []
    assert summary.data.has_poster(Split.TRAIN).tolist() == [False, *[True] * 5]
    assert summary.data.plots(Split.TRAIN, "longest")[1] == ""


def test_genres_outside_the_vocabulary_are_removed(out: Path, tmp_path: Path) -> None:
    files = complete_files()
    files["mmimdb/dataset/0000000.json"] = record(0, genres=["Drama", "Rare", "Comedy"])
    folder = write_folder(tmp_path / "movies", files)
    assert run(folder, out, min_movies=2).data.genres.names == ("Comedy", "Drama", "Horror")
    assert rows(out, Split.TRAIN)[0]["genres"] == ["Drama", "Comedy"]
    named = run(folder, out, genres=["Horror", "Drama"], overwrite=True)
    assert json.loads((out / "genres.json").read_text()) == ["Horror", "Drama"]
    assert named.excluded == {"no genre left": 4}
    assert (named.data.datasheet["genres_named"], named.data.datasheet["min_movies"]) == (
        True,
        None,
    )


def test_a_stratified_split_keeps_duplicates_together(out: Path, tmp_path: Path) -> None:
    files = movie_files(range(60))
    for number in range(0, 20, 2):  # pairs with the same poster
        files[f"mmimdb/dataset/{number + 1:07d}.jpeg"] = files[f"mmimdb/dataset/{number:07d}.jpeg"]
    for number in range(20, 40):  # all with the same short plot
        files[f"mmimdb/dataset/{number:07d}.json"] = record(number, plot=["The same.", f"{number}"])
    data = run(write_folder(tmp_path / "movies", files), out, seed=3).data
    assert (data.datasheet["split"], data.datasheet["seed"]) == ("stratified", 3)
    side = {int(movie): split for split in Split for movie in data.ids(split)}
    assert sorted(side) == list(range(60))
    assert all(side[number] == side[number + 1] for number in range(0, 20, 2))
    assert len({side[number] for number in range(20, 40)}) == 1
    assert all(list(data.ids(split)) == sorted(data.ids(split)) for split in Split)
    assert data.datasheet["notes"] == {}


def test_a_split_can_be_made_although_there_is_one(tmp_path: Path, out: Path) -> None:
    source = write_folder(tmp_path / "movies", complete_files(40))
    data = run(source, out, split="stratified").data
    assert data.datasheet["movies"]["train"] == pytest.approx(28, abs=2)


def test_what_an_official_split_does_not_keep_apart_is_noted(tmp_path: Path, out: Path) -> None:
    files = complete_files()
    files["mmimdb/dataset/0000011.jpeg"] = files["mmimdb/dataset/0000000.jpeg"]
    summary = run(write_folder(tmp_path / "movies", files), out)
    assert summary.notes == {"val or test movie with the poster or a plot of a training movie": 1}


def test_an_official_split_must_be_there(tmp_path: Path, out: Path) -> None:
    source = write_folder(tmp_path / "movies", movie_files(range(2)))
    with pytest.raises(DataError, match=r"movies has no split of its own; use `split` stratified$"):
        run(source, out, split="official")


def test_an_empty_split_is_refused(tmp_path: Path, out: Path) -> None:
    files = {**movie_files(range(4)), "mmimdb/split.json": split_json({"train": range(3)})}
    source = write_folder(tmp_path / "movies", files)
    with pytest.raises(DataError) as error:
        run(source, out)
    assert str(error.value) == (
        f"{source}: MM-IMDb as published; it has no films for val, test (split.json lists none); "
        "get these, or make a split of your own with `split` stratified"
    )


def test_a_split_whose_movies_are_all_left_out_is_refused(tmp_path: Path, out: Path) -> None:
    files = complete_files()
    for movie in SPLITS[Split.VAL]:
        del files[f"mmimdb/dataset/{movie}.jpeg"]
    source = write_folder(tmp_path / "movies", files)
    with pytest.raises(DataError) as error:
        run(source, out)
    assert str(error.value) == (
        f"{source}: no movie is left for val; give it some, or use `split` stratified; left out: "
        "no poster: 3; keep movies without a poster or without a plot with `keep_incomplete`; all "
        f"that were left out are listed in {out}.excluded.csv"
    )
    assert (out.parent / f"{out.name}.excluded.csv").read_text().endswith("no poster,\n")


@pytest.mark.parametrize(
    ("lacks", "reason"),
    [({"poster": ""}, "no poster: 30"), ({"plot": ""}, "no plot: 30")],
)
def test_an_error_names_what_keeps_incomplete_movies(
    tmp_path: Path, out: Path, lacks: dict[str, str], reason: str
) -> None:
    (tmp_path / "0.png").write_bytes(drawn_poster())
    row = {"plot": "It.", "poster": "0.png", "genres": "Drama"} | lacks
    table = tmp_path / "mine.csv"
    table.write_text("plot,poster,genres\n" + f"{','.join(row.values())}\n" * 30)
    with pytest.raises(DataError) as error:
        run(table, out)
    assert f"{table}: no movie can be kept; left out: {reason}; keep movies" in str(error.value)
    assert "with `keep_incomplete`; all that" in str(error.value)


def test_too_few_movies_for_a_genre_name_those_that_were_left_out(
    tmp_path: Path, out: Path
) -> None:
    (tmp_path / "0.png").write_bytes(drawn_poster())
    lines = ["plot,poster,genres", *("It.,0.png,Drama",) * 3, *("It.,,Drama",) * 30]
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"\(Drama has 3\).*; left out: no poster: 30; keep movies"):
        run(table, out, min_movies=20)


@pytest.mark.parametrize("kind", [None, "stratified"])
def test_a_column_of_splits_is_found_and_named(
    tmp_path: Path, out: Path, kind: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    table = tmp_path / "mine.csv"
    parts = ("Train", "DEV", "test")
    lines = [f"Film {number}.,Drama,{parts[number % 3]}" for number in range(30)]
    table.write_text("\n".join(["plot,genres,Split", *lines]))
    with caplog.at_level("INFO"):
        data = run(table, out, keep_incomplete=True, split=kind).data
    sizes = [data.num_movies(part) for part in Split]
    if kind is None:
        assert caplog.messages[0] == f"{table}: split from column 'Split'"
        assert (data.datasheet["split"], sizes) == ("official", [10, 10, 10])
    else:
        note = f"{table}: column 'Split' is not read, since `split` is stratified"
        assert caplog.messages[0] == note
        assert (data.datasheet["split"], sizes != [10, 10, 10]) == ("stratified", True)


def test_genres_that_no_training_movie_has_are_named(
    tmp_path: Path, out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [
        *(f"A {n}.,Drama|War,train" for n in range(4)),
        *(f"B {n}.,Drama|Noir,val" for n in range(4)),
        *(f"C {n}.,Drama|Noir|War,test" for n in range(4)),
    ]
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(["plot,genres,split", *lines]))
    run(table, out, keep_incomplete=True)
    assert [message.partition(";")[0] for message in caplog.messages if "warning" in message] == [
        "warning: no training movie has Noir, so no model can learn it",
        "warning: no val movie has War, so its threshold cannot be fitted",
    ]


def test_years_that_no_film_has_are_counted(tmp_path: Path, out: Path) -> None:
    years = ["abcd", "0", "99999", "1994.5", "", "N/A", "1994", "1994-05-01"]
    lines = [f"Film {number}.,Drama,{years[number % 8]}" for number in range(80)]
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(["plot,genres,year", *lines]))
    notes = run(table, out, keep_incomplete=True).notes
    assert notes["year ignored, since no film has it (for example 'abcd')"] == 40


def test_a_source_of_nothing_usable_is_refused(tmp_path: Path, out: Path) -> None:
    source = write_folder(tmp_path / "movies", {"dataset/1.json": b"{", "dataset/2.json": b"3"})
    with pytest.raises(DataError) as error:
        run(source, out)
    assert str(error.value).startswith(
        f"{source}: no movie can be kept; left out: broken record: 2, for"
    )
    listed = (out.parent / f"{out.name}.excluded.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in listed[1:]] == ["broken record"] * 2
    assert not out.exists()


def test_a_table_is_prepared_with_its_own_genres(tmp_path: Path, out: Path) -> None:
    (tmp_path / "posters").mkdir()
    lines = ["key,summary,cover,tags,part"]
    for number in range(9):
        (tmp_path / f"posters/{number}.png").write_bytes(drawn_poster(number))
        part = ("train", "dev", "test")[number // 3]
        lines.append(f"m{number},About {number}.,posters/{number}.png,Cosy;Noir,{part}")
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(lines))
    columns = TableColumns("key", ("summary",), "cover", "tags", "part")
    data = run(table, out, columns=columns).data
    assert data.genres.names == ("Cosy", "Noir")
    assert data.ids(Split.VAL) == ("m3", "m4", "m5")
    assert rows(out, Split.TRAIN)[0]["poster"]["path"] == "posters/0.png"
    assert (data.datasheet["split"], data.datasheet["sha256_of"]) == ("official", "the table")


def test_columns_of_what_is_no_table_are_refused(source: Path, out: Path) -> None:
    with pytest.raises(DataError) as error:
        run(source, out, columns=TableColumns())
    assert str(error.value) == f"{source} is no table, so columns of it cannot be named"


def test_a_local_archive_is_checked_too(tmp_path: Path, out: Path) -> None:
    archive = write_archive(tmp_path / "movies.tar", complete_files())
    right = file_sha256(archive)
    with pytest.raises(DataError) as error:
        run(archive, out, sha256="0" * 64)
    assert str(error.value) == (
        f"{archive} has sha256 {right} (of the archive); expected {'0' * 64}"
    )
    assert run(archive, out, sha256=right.upper()).data.datasheet["sha256"] == right


def test_an_unknown_source_is_answered(tmp_path: Path, out: Path) -> None:
    (tmp_path / "movies.rar").write_bytes(b"x")
    with pytest.raises(DataError) as error:
        run(tmp_path / "movies.rar", out)
    assert str(error.value) == (
        f"{tmp_path / 'movies.rar'} is of no known kind; expected a folder, or a file ending in "
        ".tar, .tar.gz, .tgz, .arrow, .hdf5, .h5, .csv, .tsv, .tab, .txt, .jsonl, .ndjson, .json, "
        ".parquet, .xlsx, or one of these packed as .gz or .zip"
    )
    with pytest.raises(DataNotFoundError) as missing:
        run(tmp_path / "movie.rar", out)
    assert str(missing.value) == (
        f"{tmp_path / 'movie.rar'} does not exist; expected a source of movies; "
        f'did you mean "{tmp_path / "movies.rar"}"?'
    )


def test_the_word_mmimdb_is_the_published_archive(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_archive(tmp_path / "mmimdb.tar.gz", complete_files())
    asked: list[str] = []

    def fake_download(url: str, folder: Path, **_: object) -> Path:
        asked.append(f"{url} -> {folder}")
        return archive

    monkeypatch.setattr(prepare_module, "download", fake_download)
    monkeypatch.chdir(tmp_path)
    data = run(Path("mmimdb"), out).data
    url = "https://archive.org/download/mmimdb/mmimdb.tar.gz"
    assert asked == [f"{url} -> {out.parent}"]
    assert data.datasheet["source"] == url


def test_prepared_data_are_only_replaced_when_asked(source: Path, out: Path) -> None:
    run(source, out)
    with pytest.raises(DataError) as error:
        run(source, out)
    assert str(error.value) == f"{out} holds prepared data already; replace them with `overwrite`"
    (out / "cache").mkdir()
    (out / "cache" / "tokens.npy").write_bytes(b"of the old data")
    data = run(source, out, genres=["Drama"], overwrite=True).data
    assert data.genres.names == ("Drama",)
    assert {entry.name for entry in out.iterdir()} == ALL_FILES
    assert [entry.name for entry in out.parent.iterdir()] == ["prepared"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("datasheet.json", "holds notes.txt besides prepared data; move it away first, since"),
        ("thesis.tex", "exists and is no prepared data set; choose another `out`"),
    ],
)
def test_files_of_others_are_never_replaced(
    source: Path, out: Path, file: str, message: str
) -> None:
    out.mkdir(parents=True)
    for name in ("notes.txt", file):
        (out / name).write_text("mine")
    with pytest.raises(DataError) as error:
        run(source, out, overwrite=True)
    assert str(error.value).startswith(f"{out} {message}")
    assert (out / "notes.txt").read_text() == "mine"


def test_an_empty_folder_is_taken(source: Path, out: Path) -> None:
    out.mkdir(parents=True)
    assert run(source, out).data.num_movies(Split.TRAIN) == 6


@pytest.mark.parametrize("step", ["_write", "write_excluded", "write_datasheet"])
@pytest.mark.parametrize("has_old_data", [False, True])
def test_an_interruption_leaves_what_was_there(
    source: Path, out: Path, step: str, has_old_data: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run(source, out).data.fingerprint if has_old_data else ""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare_module, step, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(source, out, genres=["Drama"], overwrite=True)
    assert [entry.name for entry in out.parent.iterdir()] == ["prepared"] * has_old_data
    assert not has_old_data or PreparedData(out).fingerprint == before


def test_rows_are_grouped_by_five_hundred(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepare_module._ROWS_PER_GROUP == 512
    monkeypatch.setattr(prepare_module, "_ROWS_PER_GROUP", 4)
    run(source, out)
    groups = pq.ParquetFile(out / "train.parquet").metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [4, 2]


def test_progress_can_be_shown(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(write_archive(tmp_path / "movies.tar", complete_files()), out, progress=True)
    shown = capsys.readouterr().out
    assert "reading movies.tar" in shown
    assert "checking movies" in shown
