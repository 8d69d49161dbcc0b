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
    with pytest.raises(
        ConfigError, match=r"unknown genre '[Ss]ci-[Ff]i' \(did you mean \"Sci-fy\""
    ):
        names.check(["Sci-fy", "War", "Drama"])


@pytest.mark.parametrize("spelling", ["SciFi", "science fiction", "SCI-FI", "Sci Fi"])
def test_every_usual_spelling_of_a_genre_names_it(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "names.csv").write_text(f"{spelling},Zukunft\n")
    names = read_names(str(tmp_path / "names.csv"))
    names.check(["Sci-Fi", "War"])
    assert names.of(["Sci-Fi", "War"]) == ("Zukunft", "War")


def test_unknown_genres_are_listed_as_written(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("Horor,Grusel\nSoap,Seife\n")
    with pytest.raises(ConfigError) as error:
        read_names(str(tmp_path / "names.csv")).check(["War", "Horror"])
    assert str(error.value).endswith(
        """unknown genres 'Horor' (did you mean "Horror"?), 'Soap'; known: Horror, War"""
    )


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig", "utf-8"])
def test_a_file_is_read_as_german_excel_writes_it(tmp_path: Path, encoding: str) -> None:
    text = "genre;name\r\nAdventure;K\u00fchne Abenteuer;\r\nFilm-Noir;;\r\n"
    (tmp_path / "names.csv").write_bytes(text.encode(encoding))
    names = read_names(str(tmp_path / "names.csv"))
    assert names.of(["Adventure", "Film-Noir"]) == ("K\u00fchne Abenteuer",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "[1]", "found list"),
        ("a.json", '{"War": 1}', "'War' has int, expected a text"),
        ("a.json", '{"War": "A/B"}', "has '/', which separates genres"),
        (
            "a.csv",
            "War\n",
            "the row 'War' has 1 cell, expected 2; .* as in Sci-Fi,Science Fiction$",
        ),
        ("a.json", "{", "expected genres of the model and names to write"),
        ("a.json", '{"War": {}}', "'War' has an object, expected a text"),
        ("a.json", '{"War": "A", "War": "B"}', "the genre 'War' has the names 'A' and 'B'"),
        ("a.csv", "War,A\nWar,B\n", "the genre 'War' has the names 'A' and 'B'; expected one"),
        ("a.json", "{}", "it names no genre; expected genres of"),
        ("a.csv", "genre,name\n", "it names no genre; expected genres of"),
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
