"""Reading a prepared data set."""

import json
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from tests.tiny_movies import GENRES, tiny_movies, write_prepared


def test_what_was_written_is_read(tmp_path: Path) -> None:
    data = PreparedData(write_prepared(tmp_path, sizes=(5, 4, 3), incomplete=True))
    movies = tiny_movies(4, seed=1)
    assert data.genres == GENRES
    assert [data.num_movies(split) for split in Split] == [5, 4, 3]
    assert data.ids(Split.VAL) == ("val0000", "val0001", "val0002", "val0003")
    assert data.labels(Split.VAL).tolist() == movies.labels.tolist()
    assert data.plots(Split.VAL, "first") == ["", *movies.plots[1:]]
    assert data.plots(Split.VAL, "longest") == ["", *(p + " the end" for p in movies.plots[1:])]
    assert data.has_poster(Split.VAL).tolist() == [True, False, True, True]
    assert data.is_synthetic is True
    assert data.cache_dir == tmp_path / "cache"


def test_an_empty_split_has_labels_of_the_right_shape(tmp_path: Path) -> None:
    data = PreparedData(write_prepared(tmp_path, sizes=(2, 2, 0)))
    assert data.labels(Split.TEST).shape == (0, len(GENRES))
    assert data.ids(Split.TEST) == ()


def test_equal_data_have_equal_fingerprints(tmp_path: Path) -> None:
    first = PreparedData(write_prepared(tmp_path / "a", sizes=(5, 4, 3)))
    same = PreparedData(write_prepared(tmp_path / "b", sizes=(5, 4, 3)))
    more = PreparedData(write_prepared(tmp_path / "c", sizes=(6, 4, 3)))
    other = PreparedData(write_prepared(tmp_path / "d", sizes=(5, 4, 3), seed=1))
    assert first.fingerprint == same.fingerprint
    assert len({first.fingerprint, more.fingerprint, other.fingerprint}) == 3


def test_a_folder_without_data_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError) as error:
        PreparedData(tmp_path)
    assert str(error.value) == (
        f"{tmp_path} holds no prepared data (looked for genres.json, datasheet.json, "
        "train.parquet, val.parquet, test.parquet); make it with: moviegenre data prepare SOURCE "
        f"--out {tmp_path}, or name another folder"
    )


def test_only_what_is_missing_is_named(prepared_folder: Path) -> None:
    (prepared_folder / "val.parquet").unlink()
    with pytest.raises(DataNotFoundError, match=r"looked for val\.parquet\)"):
        PreparedData(prepared_folder)


@pytest.mark.parametrize("content", ["{", "3", "[]", '["Drama", "Drama"]'])
def test_damaged_genres_are_refused(prepared_folder: Path, content: str) -> None:
    (prepared_folder / "genres.json").write_text(content)
    with pytest.raises(DataError):
        PreparedData(prepared_folder)


def test_a_damaged_table_is_refused(prepared_folder: Path) -> None:
    path = prepared_folder / "train.parquet"
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(DataError) as error:
        PreparedData(prepared_folder).labels(Split.TRAIN)
    assert str(error.value).startswith(f"{path} cannot be read: ")
    assert str(error.value).endswith("; prepare the data again")


def test_a_genre_outside_the_vocabulary_is_refused(prepared_folder: Path) -> None:
    (prepared_folder / "genres.json").write_text(json.dumps(["Drama", "Horror"]))
    with pytest.raises(DataError, match=r"^unknown genre 'Comedy'; known: Drama, Horror$"):
        PreparedData(prepared_folder).labels(Split.TRAIN)
