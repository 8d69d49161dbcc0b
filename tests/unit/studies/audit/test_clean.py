"""A clean split, as prepared movies and as the list that a source is prepared anew with."""

import shutil
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.prepare import prepare
from moviegenre.data.prepared import PreparedData
from moviegenre.studies.audit.clean import write_clean
from moviegenre.studies.audit.movies import AuditMovies
from tests.unit.data.raw_movies import SPLITS, complete_files, write_folder


def prepared(source: Path, out: Path) -> PreparedData:
    """Return the source's movies, prepared by its own split."""
    return prepare(str(source), out, min_movies=1, progress=False).data


def test_the_source_prepared_with_the_clean_split_gives_the_clean_movies(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "movies", complete_files())
    data = prepared(source, tmp_path / "prepared")
    clean = tmp_path / "clean"
    lost = write_clean(data, AuditMovies.read(data), {1: [9], 6: [10, 11]}, clean, {})
    assert lost == {"train": 1, "val": 1, "test": 0}
    shutil.copy(clean / "split.json", source / "mmimdb" / "split.json")
    again = prepared(source, tmp_path / "again")
    assert again.fingerprint == PreparedData(clean).fingerprint
    assert again.ids(Split.TRAIN) == tuple(SPLITS[Split.TRAIN][i] for i in (0, 2, 3, 4, 5))
    assert again.ids(Split.VAL) == SPLITS[Split.VAL][1:]
    assert again.ids(Split.TEST) == SPLITS[Split.TEST]
    assert again.datasheet["excluded"] == {"in no split": 2}


def test_clean_movies_can_be_prepared_over(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "movies", complete_files())
    data = prepared(source, tmp_path / "prepared")
    write_clean(data, AuditMovies.read(data), {}, tmp_path / "clean", {})
    summary = prepare(str(source), tmp_path / "clean", min_movies=1, overwrite=True, progress=False)
    assert summary.data.fingerprint == data.fingerprint
    assert not (tmp_path / "clean" / "split.json").exists()


def test_movies_left_out_are_counted_if_the_data_sheet_does_not_say_how_many(
    tmp_path: Path,
) -> None:
    data = prepared(write_folder(tmp_path / "movies", complete_files()), tmp_path / "prepared")
    del data.datasheet["excluded"]
    (data.root / "excluded.csv").write_text("id,reason,detail\n7,no plot,\n8,no plot,\n")
    write_clean(data, AuditMovies.read(data), {1: [9]}, tmp_path / "clean", {})
    assert PreparedData(tmp_path / "clean").datasheet["excluded"] == {
        "no plot": 2,
        "near duplicate of a movie in a later split": 1,
    }


def test_a_split_that_would_be_empty_is_refused(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "movies", complete_files())
    data = prepared(source, tmp_path / "prepared")
    with pytest.raises(DataError, match="every movie of val is a near duplicate"):
        write_clean(data, AuditMovies.read(data), {6: [9], 7: [9], 8: [9]}, tmp_path / "c", {})
    assert not (tmp_path / "c").exists()
