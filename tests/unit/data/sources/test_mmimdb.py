"""MM-IMDb's layout in a folder and in an archive."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.core.files import file_sha256
from moviegenre.core.types import Split
from moviegenre.data.records import RawMovie
from moviegenre.data.sources.mmimdb import MMIMDbArchive, MMIMDbFolder
from tests.unit.data.raw_movies import (
    SPLITS,
    Files,
    complete_files,
    movie_files,
    poster,
    record,
    split_json,
    write_archive,
    write_folder,
)

Read = Callable[[Path, Files], MMIMDbFolder | MMIMDbArchive]


def read_folder(path: Path, files: Files) -> MMIMDbFolder:
    return MMIMDbFolder(write_folder(path / "movies", files))


def read_tar(path: Path, files: Files) -> MMIMDbArchive:
    return MMIMDbArchive(write_archive(path / "movies.tar", files))


def read_gzip(path: Path, files: Files) -> MMIMDbArchive:
    return MMIMDbArchive(write_archive(path / "movies.tar.gz", files))


@pytest.fixture(params=[read_folder, read_tar, read_gzip], ids=["folder", "tar", "tar.gz"])
def read(request: pytest.FixtureRequest) -> Read:
    """Return each way of reading the same files."""
    way: Read = request.param
    return way


def only(movies: MMIMDbFolder | MMIMDbArchive) -> RawMovie:
    (movie,) = movies
    return movie


def test_a_movie_is_read_as_it_is(read: Read, tmp_path: Path) -> None:
    movies = read(tmp_path, complete_files())
    assert len(movies) == 12
    assert movies.has_split is True
    assert movies.synthetic is False
    assert next(iter(movies)) == RawMovie(
        id="0000000",
        title="Movie 0",
        year=1990,
        genres=("Drama",),
        plots=("The short plot of movie 0.", "The plot of movie 0, at length."),
        poster=poster(0),
        poster_name="0000000.jpeg",
        split=Split.TRAIN,
    )


def test_movies_come_in_the_order_of_the_split(read: Read, tmp_path: Path) -> None:
    parts = {"train": [4, 1, 3], "dev": [0], "test": [2]}
    files = {**movie_files(range(7)), "mmimdb/split.json": split_json(parts)}
    found = [(int(movie.id), movie.split) for movie in read(tmp_path, files)]
    train = [(number, Split.TRAIN) for number in (4, 1, 3)]
    assert found == [*train, (0, Split.VAL), (2, Split.TEST), (5, None), (6, None)]


def test_without_a_split_they_come_by_id(read: Read, tmp_path: Path) -> None:
    files = {"mmimdb/synthetic.json": b"{}", **dict(reversed(movie_files(range(3)).items()))}
    movies = read(tmp_path, files)
    assert (movies.has_split, movies.synthetic) == (False, True)
    assert [int(movie.id) for movie in movies] == [0, 1, 2]


@pytest.mark.parametrize("top", ["", "films/", "mmimdb/"])
def test_the_top_folder_has_any_name_or_none(read: Read, tmp_path: Path, top: str) -> None:
    files = {top + name.removeprefix("mmimdb/"): c for name, c in complete_files().items()}
    movies = read(tmp_path, files)
    assert [movie.split for movie in movies].count(Split.TRAIN) == len(SPLITS[Split.TRAIN])


def test_posters_are_also_called_jpg_and_of_two_jpeg_is_taken(read: Read, tmp_path: Path) -> None:
    files = {f"dataset/{number}.json": record(number) for number in (1, 2)}
    files |= {"dataset/1.jpg": poster(6), "dataset/2.jpg": poster(7), "dataset/2.JPEG": poster(8)}
    first, second = read(tmp_path, files)
    assert (first.poster, first.poster_name) == (poster(6), "1.jpg")
    assert second.poster == poster(8)


def test_other_files_are_passed_over(read: Read, tmp_path: Path) -> None:
    files = {
        "mmimdb/README.txt": b"hello",
        "mmimdb/dataset/._1.json": b"what a Mac leaves in archives",
        "mmimdb/other/2.json": record(2),
        **movie_files([1]),
    }
    assert only(read(tmp_path, files)).id == "0000001"


def test_a_single_plot_may_be_a_text_and_blank_ones_are_none(read: Read, tmp_path: Path) -> None:
    files = {
        "dataset/1.json": record(1, plot=" Only one. ", year=None, title=None),
        "dataset/2.json": record(2, plot=["", "  "]),
    }
    movie, blank = read(tmp_path, files)
    assert (movie.plots, movie.year, movie.title) == (("Only one.",), None, None)
    assert (movie.poster, movie.poster_name) == (None, None)
    assert blank.plots == ()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "its JSON is damaged: Expecting property name"),
        (b"\xff\xfe\xfd{}", "its JSON is damaged: "),
        (b"[]", "its JSON is damaged: found list, expected an object"),
        (
            record(1, genres=[1]),
            "its JSON is damaged: found [1], expected a text or a list of texts",
        ),
        (
            record(1, plot={"a": 1}),
            "its JSON is damaged: found {'a': 1}, expected a text or a list of texts",
        ),
    ],
    ids=["cut off", "not text", "list", "genres", "plot"],
)
def test_a_damaged_record_says_what_is_wrong(
    read: Read, tmp_path: Path, content: bytes, fault: str
) -> None:
    files = {**movie_files([2]), "mmimdb/dataset/0000001.json": content}
    first, second = read(tmp_path, files)
    assert first.id == "0000001"
    assert first.fault is not None
    assert first.fault.startswith(fault)
    assert second.fault is None


def test_ids_may_have_no_record_or_be_listed_again(read: Read, tmp_path: Path) -> None:
    parts = {"train": [1, 2, 1]}
    first, missing, again = read(
        tmp_path, {**movie_files([1]), "mmimdb/split.json": split_json(parts)}
    )
    assert missing == RawMovie(
        "0000002", split=Split.TRAIN, fault="split.json lists it, but it has no JSON"
    )
    assert (first.id, first.split) == ("0000001", Split.TRAIN)
    assert (again.id, again.split) == ("0000001", Split.TRAIN)


def test_an_id_that_leaves_the_folder_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_bytes(record(1))
    split = json.dumps({"train": ["../../../secret", "0000001"]}).encode()
    files = {**movie_files([1]), "mmimdb/split.json": split}
    forged = next(iter(read_folder(tmp_path, files)))
    assert forged.fault == "split.json lists it, but it has no JSON"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is damaged (Expecting property name"),
        (b"[]", "holds something else; expected an object of train, dev and test, each a list"),
        (b'{"train": "0000001"}', "holds something else; expected an object of train, dev and"),
        (b'{"train": [], "extra": []}', "names extra; expected an object of train, dev and test"),
        (b'{"train": [null]}', "has None under train; expected ids as texts"),
        (b'{"train": [{"id": "1"}]}', "has {'id': '1'} under train; expected ids as texts"),
        (
            b'{"Train": ["0000001"], "TEST": ["0000001"]}',
            "has 1 id in two splits, for example '0000001' in train and test; expected each in one",
        ),
        (
            b'{"train": [1, 2]}',
            "has 2 ids that no movie has, such as '1'; expected ids such as '0000001', the names "
            "of the movies' JSON files",
        ),
    ],
)
def test_a_damaged_split_is_refused(read: Read, tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, {**movie_files([1]), "mmimdb/split.json": content})
    name, _, rest = str(error.value).partition(f" {told}")
    assert name.startswith(f"split.json of {tmp_path}")
    assert rest or name != str(error.value)


def test_a_split_may_lack_a_part_and_names_may_have_any_case(read: Read, tmp_path: Path) -> None:
    content = b'{"Train": ["0000001"], "Validation": [], "TEST": ["0000002"]}'
    movies = read(tmp_path, {**movie_files([1, 2]), "mmimdb/split.json": content})
    assert [movie.split for movie in movies] == [Split.TRAIN, Split.TEST]
    assert (movies.has_split, movies.lacks) == (False, "val (split.json lists none)")


def test_the_hash_of_an_archive_is_that_of_its_file(tmp_path: Path) -> None:
    for name in ("movies.tar", "movies.tar.gz"):
        path = write_archive(tmp_path / name, complete_files())
        movies = MMIMDbArchive(path)
        assert (movies.sha256, movies.sha256_of) == (file_sha256(path), "the archive")


def test_the_hash_of_a_folder_changes_with_what_it_lists(tmp_path: Path) -> None:
    files = complete_files()
    first = MMIMDbFolder(write_folder(tmp_path / "a", files))
    same = MMIMDbFolder(write_folder(tmp_path / "b", dict(reversed(files.items()))))
    files["mmimdb/dataset/0000003.jpeg"] += b"more"
    other = MMIMDbFolder(write_folder(tmp_path / "c", files))
    assert first.sha256 == same.sha256
    assert first.sha256 != other.sha256
    assert first.sha256_of == "names and sizes"


def test_a_repeated_member_comes_twice(tmp_path: Path) -> None:
    members = [("dataset/1.json", record(1)), ("dataset/1.json", record(2))]
    movies = list(MMIMDbArchive(write_archive(tmp_path / "movies.tar", members)))
    assert [movie.id for movie in movies] == ["1", "1"]
    assert movies[0].title == "Movie 1"


def test_repeated_keys_are_refused(read: Read, tmp_path: Path) -> None:
    files = dict(movie_files([1]))
    name = next(name for name in files if name.endswith("1.json"))
    files[name] = b'\xef\xbb\xbf{"plot": ["A."], "genres": ["Drama"], "plot": ["B."]}'
    (movie,) = read(tmp_path, files)
    assert movie.fault == ("its JSON is damaged: several values for the key 'plot'; expected one")
    split = b'{"train": ["0000001"], "test": [], "train": []}'
    with pytest.raises(DataError, match="several values for the key 'train'; expected one"):
        read(tmp_path, {**movie_files([1]), "mmimdb/split.json": split})


def test_another_layout_is_refused(read: Read, tmp_path: Path) -> None:
    for files in ({"readme.txt": b"hello"}, {"dataset/1.txt": b"hello"}):
        with pytest.raises(DataError) as error:
            read(tmp_path, dict(files))
        assert str(error.value).endswith(
            " is not in MM-IMDb's layout; expected split.json and dataset/<id>.json with "
            "<id>.jpeg in it"
        )


def test_a_missing_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"no\.tar does not exist; expected an archive$"):
        MMIMDbArchive(tmp_path / "no.tar")
