"""Find films in a library: folders, videos, .nfo files and posters. Follows no links."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from moviegenre.core.errors import DataError, DataNotFoundError, missing_path_message
from moviegenre.core.reading import read_bounded
from moviegenre.data.poster_formats import POSTER_SUFFIXES
from moviegenre.library.nfo import MAX_NFO_BYTES, NfoKind, nfo_kind

VIDEO_SUFFIXES = (
    *(".3gp", ".asf", ".avi", ".divx", ".dvr-ms", ".flv", ".iso", ".img", ".m2ts", ".m4v"),
    *(".mk3d", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".rmvb"),
    *(".strm", ".ts", ".vob", ".webm", ".wmv", ".wtv"),
)
_POSTER_STEMS = ("poster", "folder", "cover", "movie")
_DISC_FOLDERS = ("video_ts", "bdmv")
_DISC_NFOS = ("video_ts", "index")
_SYSTEM_FOLDERS = frozenset(("@eadir", "#recycle", "$recycle.bin", "lost+found"))
_EXTRAS = (  # folders of a film that hold no films
    *("backdrops", "behind the scenes", "deleted scenes", "extra", "extrafanart", "extras"),
    *("extrathumbs", "featurettes", "interviews", "other", "sample", "samples", "scenes"),
    *("shorts", "specials", "subs", "subtitles", "theme-music", "trailers"),
)
_EXTRA_VIDEO = re.compile(
    r"(^|[-._])(trailer|sample)\d*$"
    r"|-(behindthescenes|deleted|featurette|interview|scene|short|extra|other)\d*$"
)
_PART = re.compile(r"[-._ ]*\b(cd|dvd|part|pt|disc|disk)[-._ ]*[0-9a-d]$", re.IGNORECASE)
_TITLE_AND_YEAR = re.compile(r"(?P<title>[^()\[\]]{1,200}?)\s*[(\[](?P<year>(?:18|19|20)\d\d)[)\]]")


@dataclass(frozen=True)
class FilmPlace:
    """The place of a film; paths are relative to the library.

    Attributes:
        nfo: The path of its .nfo file, which may not exist.
        has_nfo: Whether the file exists.
        poster: Its poster; None for none.
        title: The title in the name of the folder or the video, as in "Dust (1999)".
        year: The year in that name.
        has_genres: Whether its .nfo file names genres.
    """

    nfo: Path
    has_nfo: bool
    poster: Path | None = None
    title: str | None = None
    year: int | None = None
    has_genres: bool = False


class LeftAlone(StrEnum):
    """Things in a library that are left alone."""

    SERIES = "series"  # their folders are not read
    EPISODES = "episodes"  # .nfo files outside the folder of a series
    TEXT_FILES = "text files named .nfo"
    OTHER_NFOS = "other .nfo files"  # not of films, or without their video
    BARE_VIDEOS = "videos with neither .nfo nor poster"
    LINKS = "links"  # not followed


_NOT_FILMS = {
    NfoKind.SERIES: LeftAlone.EPISODES,
    NfoKind.TEXT: LeftAlone.TEXT_FILES,
    NfoKind.OTHER: LeftAlone.OTHER_NFOS,
}


@dataclass
class Library:
    """The films of a library.

    Attributes:
        root: Its folder, with links resolved.
        films: Its films, by path.
        counts: The numbers of things that are left alone.
        unread: Paths that cannot be read, each with the reason.
        film_folders: Folders with the .nfo file of a film.
    """

    root: Path
    films: list[FilmPlace] = field(default_factory=list)
    counts: Counter[LeftAlone] = field(default_factory=Counter)
    unread: list[tuple[Path, str]] = field(default_factory=list)
    film_folders: set[Path] = field(default_factory=set)

    @property
    def left_alone(self) -> dict[str, int]:
        """The numbers of things that are left alone, by name; without zeros."""
        return {kind.value: self.counts[kind] for kind in LeftAlone if self.counts[kind]}


def library_root(path: Path) -> Path:
    """Return a library's folder with links resolved.

    Raises:
        DataNotFoundError: There is no such folder.
    """
    if not path.is_dir():
        step = "name the folder your films are in"
        raise DataNotFoundError(missing_path_message(path, "a folder of films", step))
    return path.resolve()


def scan_library(path: Path, on_folder: Callable[[int], None] = lambda _films: None) -> Library:
    """Return the films of a library; nothing is written.

    Args:
        path: The library's folder.
        on_folder: Called with the number of films after each folder.

    Raises:
        DataNotFoundError: There is no such folder.
    """
    library = Library(library_root(path))
    folders = [(Path(), False)]
    while folders:
        relative, is_in_film = folders.pop()
        folder = _read_folder(library, relative)
        if folder is None:
            continue
        num_films = len(library.films)
        if "tvshow.nfo" in folder.nfos:
            library.counts[LeftAlone.SERIES] += 1
            continue
        _find_films(library, folder)
        on_folder(len(library.films))
        is_film = is_in_film or len(library.films) > num_films or bool(folder.videos)
        folders += [
            (relative / name, is_film)
            for name in sorted(folder.folders, reverse=True)
            if not (is_film and name.lower() in _EXTRAS)
        ]
    library.films.sort(key=lambda film: film.nfo.parts)
    return library


@dataclass
class _Folder:
    """The names in a folder: .nfo files and images by lower-case name, videos by stem."""

    relative: Path
    nfos: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    videos: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @property
    def is_disc(self) -> bool:
        return self.relative.name.lower() in _DISC_FOLDERS


def _read_folder(library: Library, relative: Path) -> _Folder | None:
    folder = _Folder(relative)
    try:
        with os.scandir(library.root / relative) as entries:
            for entry in entries:
                _add_entry(library, folder, entry)
    except OSError as error:
        library.unread.append((relative, error.strerror or str(error)))
        return None
    folder.videos = _merge_parts(folder.videos)
    return folder


def _merge_parts(videos: dict[str, str]) -> dict[str, str]:
    """Return the videos, with the parts of one film, such as "Dust cd1" and "cd2", as one."""
    num_parts = Counter(_PART.sub("", stem) for stem in videos)
    merged: dict[str, str] = {}
    for stem, name in videos.items():
        is_part = num_parts[_PART.sub("", stem)] > 1
        merged[_PART.sub("", stem) if is_part else stem] = _PART.sub("", name) if is_part else name
    return merged


def _add_entry(library: Library, folder: _Folder, entry: "os.DirEntry[str]") -> None:
    name, lower = entry.name, entry.name.lower()
    if name.startswith(".") or lower in _SYSTEM_FOLDERS:
        return
    if entry.is_symlink():
        library.counts[LeftAlone.LINKS] += 1
    elif entry.is_dir(follow_symlinks=False):
        folder.folders.append(name)
    elif entry.is_file(follow_symlinks=False):
        stem, suffix = os.path.splitext(lower)
        if suffix == ".nfo":
            folder.nfos[lower] = name
        elif suffix in POSTER_SUFFIXES:
            folder.images[lower] = name
        elif suffix in VIDEO_SUFFIXES and not _EXTRA_VIDEO.search(stem):
            folder.videos[stem] = os.path.splitext(name)[0]


def _find_films(library: Library, folder: _Folder) -> None:
    """Add the films of a folder to a library."""
    described_videos: set[str] = set()
    for lower, name in sorted(folder.nfos.items()):
        stem = lower.removesuffix(".nfo")
        has_genres = _movie_has_genres(library, folder.relative / name)
        if has_genres is None:
            continue
        own_videos = {video for video in folder.videos if _describes(stem, video)}
        is_folder_nfo = stem in ("movie", folder.relative.name.lower())
        if folder.videos and not (own_videos or is_folder_nfo or folder.is_disc):
            library.counts[LeftAlone.OTHER_NFOS] += 1
            continue
        described_videos |= own_videos or set(
            folder.videos if len(folder.videos) == 1 or is_folder_nfo else ()
        )
        place = _film_place(library, folder, stem, name, has_nfo=True)
        library.films.append(replace(place, has_genres=has_genres))
        library.film_folders.add(folder.relative)
    if folder.is_disc:
        _find_disc(library, folder)
        return
    for video, name in sorted(folder.videos.items()):
        if video in described_videos:
            continue
        place = _film_place(library, folder, video, f"{name}.nfo", has_nfo=False)
        if place.poster is not None and f"{video}.nfo" not in folder.nfos:
            library.films.append(place)
        else:
            library.counts[LeftAlone.BARE_VIDEOS] += 1


def _describes(stem: str, video: str) -> bool:
    """Return whether the .nfo file with this stem describes the video with the other stem."""
    bare = _PART.sub("", stem)
    return stem == video or (video.startswith(bare) and not video[len(bare) :][:1].isalnum())


def _find_disc(library: Library, folder: _Folder) -> None:
    """Add the film of a ``VIDEO_TS`` or ``BDMV`` folder, if no .nfo file describes it."""
    parent = folder.relative.parent
    if not library.film_folders.isdisjoint((folder.relative, parent)):
        return
    poster = next(iter(_parent_posters(library, folder)), None)
    if poster is None:
        library.counts[LeftAlone.BARE_VIDEOS] += 1
        return
    title, year = _name_parts(parent.name)
    library.films.append(FilmPlace(parent / "movie.nfo", False, poster, title, year))


def _movie_has_genres(library: Library, relative: Path) -> bool | None:
    """Return whether a film's .nfo file names genres; None for a file of another kind."""
    try:
        content = read_bounded(library.root / relative, MAX_NFO_BYTES, "an .nfo file")
        kind, has_genres = nfo_kind(content)
    except DataError as error:
        library.unread.append((relative, str(error)))
        return None
    if kind == NfoKind.MOVIE:
        return has_genres
    library.counts[_NOT_FILMS[kind]] += 1
    return None


def _film_place(
    library: Library, folder: _Folder, stem: str, name: str, *, has_nfo: bool
) -> FilmPlace:
    poster = next(_posters(library, folder, stem), None)
    title, year = _name_parts(Path(name).stem)
    if year is None:
        film_folder = folder.relative.parent if folder.is_disc else folder.relative
        title, year = _name_parts(film_folder.name)
    return FilmPlace(folder.relative / name, has_nfo, poster, title, year)


def _posters(library: Library, folder: _Folder, stem: str) -> Iterator[Path]:
    """Yield possible posters of a film, the best first."""
    stems = [f"{stem}-poster"]
    if len(folder.videos) <= 1 and len(folder.nfos) <= 2:  # otherwise they may be another film's
        stems += [f"{video}-poster" for video in folder.videos]
        stems += _POSTER_STEMS
    for poster_stem in stems:
        for suffix in POSTER_SUFFIXES:
            if (name := folder.images.get(poster_stem + suffix)) is not None:
                yield folder.relative / name
    if folder.is_disc and stem in _DISC_NFOS:
        yield from _parent_posters(library, folder)


def _parent_posters(library: Library, folder: _Folder) -> Iterator[Path]:
    parent = folder.relative.parent
    for stem in _POSTER_STEMS:
        for suffix in POSTER_SUFFIXES:
            relative = parent / (stem + suffix)
            path = library.root / relative
            if path.is_file() and not path.is_symlink():
                yield relative


def _name_parts(name: str) -> tuple[str | None, int | None]:
    """Return title and year of a name such as "Dust (1999)"; None for other names."""
    match = _TITLE_AND_YEAR.match(name)
    if match is None:
        return None, None
    return match["title"].replace("_", " ").strip(" .-") or None, int(match["year"])
