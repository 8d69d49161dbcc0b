"""Which files of a library are films."""

import os
from pathlib import Path

import pytest

from moviegenre.core.errors import DataNotFoundError
from moviegenre.library.walk import FilmPlace, Library, scan_library
from tests.unit.library.films import nfo, put


def _scan(root: Path, *paths: str) -> Library:
    for path in paths:
        put(root, path, nfo("A plot") if path.endswith(".nfo") else b"")
    return scan_library(root)


def _found(library: Library) -> list[tuple[str, bool, str | None]]:
    return [
        (
            film.nfo.as_posix(),
            film.has_nfo,
            film.poster.as_posix() if film.poster else None,
        )
        for film in library.films
    ]


@pytest.mark.parametrize("image", ["poster.jpg", "folder.jpeg", "cover.PNG", "movie.avif"])
def test_a_folder_with_its_poster(tmp_path: Path, image: str) -> None:
    library = _scan(tmp_path, "Dust (1999)/movie.nfo", "Dust (1999)/d.mkv", f"Dust (1999)/{image}")
    assert library.films == [
        FilmPlace(Path("Dust (1999)/movie.nfo"), True, Path(f"Dust (1999)/{image}"), "Dust", 1999)
    ]


def test_several_films_in_a_folder_have_their_own_posters(tmp_path: Path) -> None:
    paths = ("A.mkv", "A.nfo", "A-poster.jpg", "Aliens.mkv", "Aliens-poster.png", "B.mkv", "B.nfo")
    library = _scan(tmp_path, *paths, "poster.jpg", "A-trailer.mkv", "C.mkv")
    assert _found(library) == [
        ("A.nfo", True, "A-poster.jpg"),
        ("Aliens.nfo", False, "Aliens-poster.png"),
        ("B.nfo", True, None),
    ]
    assert library.left_alone == {"videos with neither .nfo nor poster": 1}


def test_discs_and_parts(tmp_path: Path) -> None:
    library = _scan(
        tmp_path,
        "Disc/poster.jpg",
        "Disc/VIDEO_TS/VIDEO_TS.nfo",
        "Disc/VIDEO_TS/VTS_01_1.VOB",
        "Bare disc (1980)/poster.jpg",
        "Bare disc (1980)/VIDEO_TS/VTS_01_1.VOB",
        "Parts/Dust cd1.avi",
        "Parts/Dust cd2.avi",
        "Parts/Dust.nfo",
        "Two/Part 2.avi",
        "Two/Part 2-poster.jpg",
    )
    assert _found(library) == [
        ("Bare disc (1980)/movie.nfo", False, "Bare disc (1980)/poster.jpg"),
        ("Disc/VIDEO_TS/VIDEO_TS.nfo", True, "Disc/poster.jpg"),
        ("Parts/Dust.nfo", True, None),
        ("Two/Part 2.nfo", False, "Two/Part 2-poster.jpg"),
    ]
    assert (library.films[0].title, library.films[0].year) == ("Bare disc", 1980)


def test_what_is_no_film_is_counted(tmp_path: Path) -> None:
    put(tmp_path, "Show/tvshow.nfo", b"<tvshow></tvshow>")
    put(tmp_path, "Show/S1/e1.nfo", b"<episodedetails></episodedetails>")
    put(tmp_path, "loose.nfo", b"<episodedetails></episodedetails>")
    put(tmp_path, "scene.nfo", b"Ripped by me")
    put(tmp_path, "clip.nfo", b"<musicvideo></musicvideo>")
    put(tmp_path, "large.nfo", b"<movie>" + b" " * (5 << 20))
    put(tmp_path, ".hidden/movie.nfo", nfo())
    put(tmp_path, "Film/film.mkv")
    put(tmp_path, "Film/extras/making.nfo", nfo())
    put(tmp_path, "Film/other film.nfo", nfo())
    library = scan_library(tmp_path)
    assert library.films == []
    assert library.left_alone == {
        "series": 1,
        "episodes": 1,
        "text files named .nfo": 1,
        "other .nfo files": 2,
        "videos with neither .nfo nor poster": 1,
    }
    ((path, reason),) = library.unread
    assert path == Path("large.nfo")
    assert "at most 4,194,304" in reason


def test_a_text_file_with_the_videos_name_is_never_replaced(tmp_path: Path) -> None:
    put(tmp_path, "a.mkv")
    put(tmp_path, "a-poster.jpg")
    put(tmp_path, "a.nfo", b"Ripped by me")
    assert scan_library(tmp_path).films == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "library"
    put(outside, "movie.nfo", nfo())
    put(root, "A/movie.nfo", nfo())
    os.symlink(outside, root / "out")
    os.symlink(root, root / "A" / "loop")
    os.symlink(outside / "movie.nfo", root / "link.nfo")
    os.symlink(outside, root / "A" / "poster.jpg")
    library = scan_library(root)
    assert _found(library) == [("A/movie.nfo", True, None)]
    assert library.left_alone == {"links": 4}


def test_no_library(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="a folder of films"):
        scan_library(tmp_path / "none")
