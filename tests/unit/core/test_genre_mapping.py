"""Names of genres."""

from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError, DataError, DataNotFoundError
from moviegenre.core.genre_mapping import read_names


def test_well_known_names() -> None:
    genres = ["Sci-Fi", "Film-Noir", "Musical", "Music", "War"]
    assert read_names(None).of(genres) == tuple(genres)
    assert read_names("tmdb").of(genres) == ("Science Fiction", "Music", "War")
    assert read_names("imdb").of(["Science Fiction", "War"]) == ("Sci-Fi", "War")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.json", '{"sci-fi": "Zukunft", "War": "", "Drama": null}'),
        ("names.csv", "genre,name\nSci-Fi,Zukunft\nWar,\nDrama,\n"),
    ],
)
def test_a_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    names = read_names(str(tmp_path / name))
    assert names.of(["War", "Sci-Fi", "Drama", "Crime"]) == ("Zukunft", "Crime")
    with pytest.raises(ConfigError, match=r"unknown genre 'sci-fi', did you mean \"Sci-fy\""):
        names.check(["Sci-fy", "War", "Drama"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "[1]", "found list"),
        ("a.json", '{"War": 1}', "'War' has int, expected a text"),
        ("a.json", '{"War": "A/B"}', "has '/', which separates genres"),
        ("a.csv", "War\n", "row 1 has 1 column, expected 2"),
        ("a.json", "{", "expected genres and names"),
        ("a.json", "{}", "it names no genre; expected genres and names"),
        ("a.csv", "genre,name\n", "it names no genre; expected genres and names"),
    ],
)
def test_files_that_are_no_mapping(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_names(str(tmp_path / name))


def test_other_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown names 'tvdb'; expected tmdb, imdb, or a"):
        read_names("tvdb")
    with pytest.raises(DataNotFoundError, match="does not exist"):
        read_names(str(tmp_path / "none.json"))
