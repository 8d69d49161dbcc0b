"""Which files of a library are films."""

import os
from pathlib import Path

import pytest

from moviegenre.core.errors import DataNotFoundError
from moviegenre.library.walk import FilmPlace, LeftAlone, Library, scan_library
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


@pytest.mark.parametrize(
    ("video", "is_described"),
    [
        ("Rocky - 1080p", True),
        ("Rocky.2160p.x265-GRP", True),
        ("Rocky {edition-Final Cut}", True),
        ("Rocky [Bluray-1080p]", True),
        ("Rocky II", False),
        ("Rocky-II", False),
        ("Rocky - Balboa", False),
        ("Rocky (2006)", False),
        ("Rocky Part 2", False),
    ],
)
def test_an_nfo_describes_its_film_only(tmp_path: Path, video: str, is_described: bool) -> None:
    library = _scan(tmp_path, "Rocky.mkv", "Rocky.nfo", f"{video}.mkv", "Other.mkv", "Other.nfo")
    assert [path for path, _, _ in _found(library)] == ["Other.nfo", "Rocky.nfo"]
    assert library.left_alone == ({} if is_described else {LeftAlone.BARE_VIDEOS: 1})
    put(tmp_path, f"{video}-poster.jpg")
    found = [path for path, _, _ in _found(scan_library(tmp_path))]
    assert (f"{video}.nfo" in found) is not is_described, "it is never dropped"


def test_the_nfo_of_the_only_video_may_lack_the_year(tmp_path: Path) -> None:
    library = _scan(tmp_path, "A/Rocky.nfo", "A/Rocky.1976.1080p.mkv")
    assert (len(library.films), library.left_alone) == (1, {})
    library = _scan(tmp_path, "B/Rocky.nfo", "B/Rocky II (1979).mkv")
    assert library.left_alone == {LeftAlone.OTHER_NFOS: 1, LeftAlone.BARE_VIDEOS: 1}


@pytest.mark.parametrize("ends", [("-poster.jpg", "-poster.jpg"), (".nfo", ".nfo")])
def test_parts_with_posters_or_nfos_of_their_own_are_films(
    tmp_path: Path, ends: tuple[str, str]
) -> None:
    own = [f"Dune Part {number}{end}" for number, end in enumerate(ends, start=1)]
    library = _scan(tmp_path, "Dune Part 1.mkv", "Dune Part 2.mkv", *own)
    assert [film.nfo.name for film in library.films] == ["Dune Part 1.nfo", "Dune Part 2.nfo"]
    assert library.films[0].title == "Dune Part 1"


def test_videos_are_counted_by_files(tmp_path: Path) -> None:
    library = _scan(tmp_path, "A cd1.avi", "A cd2.avi", "A.avi", "B - 4k.mkv", "B - 4k.mp4")
    assert library.left_alone == {LeftAlone.BARE_VIDEOS: 5}


@pytest.mark.parametrize("ends", [(" - 1080p", " - 2160p"), ("", " {edition-Final Cut}")])
def test_versions_of_one_film_share_its_poster(tmp_path: Path, ends: tuple[str, str]) -> None:
    name = "Dust (1999)"
    library = _scan(tmp_path, *(f"{name}/{name}{end}.mkv" for end in ends), f"{name}/poster.jpg")
    poster = Path(name) / "poster.jpg"
    assert library.films == [FilmPlace(Path(name) / "movie.nfo", False, poster, "Dust", 1999)]
    library = _scan(tmp_path, f"{name}/{name}{ends[1]}.nfo")
    assert _found(library) == [(f"{name}/{name}{ends[1]}.nfo", True, poster.as_posix())]
    assert library.left_alone == {}


@pytest.mark.parametrize("content", [b"https://example.org/7\n", b"Ripped by me", b"<!--"])
@pytest.mark.parametrize("name", ["movie.nfo", "Up (2009).nfo"])
def test_an_nfo_that_is_no_film_counts_for_its_video(
    tmp_path: Path, name: str, content: bytes
) -> None:
    put(tmp_path, f"Up (2009)/{name}", content)
    library = _scan(tmp_path, "Up (2009)/Up (2009).mkv", "Up (2009)/poster.jpg")
    kind = LeftAlone.ADDRESSES if content.startswith(b"http") else LeftAlone.TEXT_FILES
    assert (library.films, library.left_alone) == ([], {kind: 1})


def test_a_disc_with_a_web_address_is_left_alone(tmp_path: Path) -> None:
    for path in ("A/VIDEO_TS/VIDEO_TS.nfo", "B/movie.nfo"):
        put(tmp_path, path, b"https://example.org/7")
    library = _scan(tmp_path, "A/poster.jpg", "B/poster.jpg", "B/VIDEO_TS/VTS_01_1.VOB")
    assert (library.films, library.left_alone) == ([], {LeftAlone.ADDRESSES: 2})


def test_two_nfos_of_one_video_are_one_film(tmp_path: Path) -> None:
    library = _scan(tmp_path, "A/a.mkv", "A/a.nfo", "A/movie.nfo", "A/poster.jpg", "A/scene.nfo")
    (film,) = library.films
    assert (film.nfo, film.other_nfos) == (Path("A/movie.nfo"), (Path("A/a.nfo"),))
    assert film.poster == Path("A/poster.jpg")
    disc = _scan(tmp_path, "B/movie.nfo", "B/VIDEO_TS/VIDEO_TS.nfo", "B/VIDEO_TS/VTS_01_1.VOB")
    assert disc.films[1].nfo == Path("B/VIDEO_TS/VIDEO_TS.nfo")
    assert disc.films[1].other_nfos == (Path("B/movie.nfo"),)


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
