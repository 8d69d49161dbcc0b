"""Find films in a library: folders, videos, .nfo files and posters. Follows no links."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from moviegenre.core.errors import DataError, DataNotFoundError, missing_path_message
from moviegenre.core.reading import read_bounded
from moviegenre.data.poster_formats import POSTER_SUFFIXES
from moviegenre.library.file_names import best_name
from moviegenre.library.folder import FOLDER_NFO, Folder, read_folder
from moviegenre.library.nfo import MAX_NFO_BYTES, NfoKind, nfo_kind

_POSTER_STEMS = ("poster", "folder", "cover", "movie")
_DISC_NFOS = ("video_ts", "index")
_EXTRAS = (  # folders of a film that hold no films
    *("backdrops", "behind the scenes", "deleted scenes", "extra", "extrafanart", "extras"),
    *("extrathumbs", "featurettes", "interviews", "other", "sample", "samples", "scenes"),
    *("shorts", "specials", "subs", "subtitles", "theme-music", "trailers"),
)


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
        other_nfos: Further .nfo files of the film, which media servers read after this one.
    """

    nfo: Path
    has_nfo: bool
    poster: Path | None = None
    title: str | None = None
    year: int | None = None
    has_genres: bool = False
    other_nfos: tuple[Path, ...] = ()


class LeftAlone(StrEnum):
    """Things in a library that are left alone."""

    SERIES = "series"  # their folders are not read
    EPISODES = "episodes"  # .nfo files outside the folder of a series
    TEXT_FILES = "text files named .nfo"
    ADDRESSES = ".nfo files with only a web address"
    OTHER_NFOS = "other .nfo files"  # not of films, or without their video
    BARE_VIDEOS = "videos with neither .nfo nor poster"
    LINKS = "links"  # not followed


LEFT_ALONE_REASONS: dict[str, str] = {
    LeftAlone.ADDRESSES: "your media server finds the film there, so the address stays; nothing is "
    "written for these films",
    LeftAlone.TEXT_FILES: "they do not begin with <movie>; nothing is written for their films "
    "unless you move the text away",
}
"""Why some things are left alone, where a reader may wonder; by the name of the kind."""

_NOT_FILMS = {
    NfoKind.SERIES: LeftAlone.EPISODES,
    NfoKind.TEXT: LeftAlone.TEXT_FILES,
    NfoKind.ADDRESS: LeftAlone.ADDRESSES,
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
        nfo_folders: Folders with an .nfo file of their film, each with the films described there.
    """

    root: Path
    films: list[FilmPlace] = field(default_factory=list)
    counts: Counter[LeftAlone] = field(default_factory=Counter)
    unread: list[tuple[Path, str]] = field(default_factory=list)
    nfo_folders: dict[Path, list[FilmPlace]] = field(default_factory=dict)

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
        try:
            folder = read_folder(library.root, relative)
        except OSError as error:
            library.unread.append((relative, error.strerror or str(error)))
            continue
        library.counts[LeftAlone.LINKS] += folder.num_links
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


def _find_films(library: Library, folder: Folder) -> None:
    """Add the films of a folder to a library."""
    films: dict[frozenset[str], list[FilmPlace]] = {}
    described: set[str] = set()
    for lower, name in sorted(folder.nfos.items(), key=lambda item: _priority(folder, item[0])):
        stem = lower.removesuffix(".nfo")
        has_genres = _movie_has_genres(library, folder.relative / name)
        is_film = has_genres is not None
        videos = folder.described_videos(stem, is_film=is_film)
        described |= videos
        is_alone = folder.is_disc or not folder.videos
        if folder.is_folder_nfo(stem) or (is_alone and (is_film or stem in _DISC_NFOS)):
            library.nfo_folders.setdefault(folder.relative, [])
        elif is_film and not videos:
            library.counts[LeftAlone.OTHER_NFOS] += 1
            continue
        if has_genres is not None:
            place = _film_place(folder, name, _poster(library, folder, stem), has_nfo=True)
            key = frozenset(videos or (lower,))
            films.setdefault(key, []).append(replace(place, has_genres=has_genres))
    for places in films.values():
        _add_film(library, folder, places)
    if folder.is_disc:
        _find_disc(library, folder)
        return
    for film, video in sorted(folder.videos.items()):
        if film in described:
            continue
        poster = _poster(library, folder, film)
        if poster is not None:
            library.films.append(_film_place(folder, video.new_nfo, poster, has_nfo=False))
        else:
            library.counts[LeftAlone.BARE_VIDEOS] += len(video.stems)


def _priority(folder: Folder, lower: str) -> tuple[bool, bool, str]:
    """Return the place of an .nfo file in the order in which media servers read a film's files."""
    stem = lower.removesuffix(".nfo")
    files = {stem for video in folder.videos.values() for stem in video.stems}
    return lower != FOLDER_NFO, stem not in files, lower


def _add_film(library: Library, folder: Folder, places: list[FilmPlace]) -> None:
    """Add a film; the first of its .nfo files counts, and that of a disc before its folder's."""
    first, *others = places
    if folder.is_disc:
        around = library.nfo_folders.get(folder.film_folder, [])
        if len(around) == 1:
            library.films.remove(around[0])
            others += around
    other_nfos = [nfo for place in others for nfo in (place.nfo, *place.other_nfos)]
    film = replace(first, other_nfos=tuple(other_nfos))
    library.films.append(film)
    if not folder.videos:
        library.nfo_folders[folder.relative].append(film)


def _find_disc(library: Library, folder: Folder) -> None:
    """Add the film of a ``VIDEO_TS`` or ``BDMV`` folder, if no .nfo file describes it."""
    parent = folder.film_folder
    if not library.nfo_folders.keys().isdisjoint((folder.relative, parent)):
        return
    poster = next(iter(_parent_posters(library, folder)), None)
    if poster is None:
        library.counts[LeftAlone.BARE_VIDEOS] += 1
        return
    name = best_name(parent.name, "")
    library.films.append(FilmPlace(parent / FOLDER_NFO, False, poster, name.title, name.year))


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


def _film_place(folder: Folder, nfo: str, poster: Path | None, *, has_nfo: bool) -> FilmPlace:
    """Return the place of a film with an .nfo file of this name."""
    videos = list(folder.videos.values())
    is_only_film = folder.is_disc or len(videos) <= 1
    video = videos[0].name if len(videos) == 1 and not folder.is_disc else Path(nfo).stem
    name = best_name(folder.film_folder.name if is_only_film else None, video)
    return FilmPlace(folder.relative / nfo, has_nfo, poster, name.title, name.year)


def _poster(library: Library, folder: Folder, stem: str) -> Path | None:
    """Return the poster of the film of an .nfo file or video."""
    videos = folder.videos if len(folder.videos) == 1 else {stem} & folder.videos.keys()
    files = [file for video in videos for file in (video, *folder.videos[video].stems)]
    stems = [f"{file}-poster" for file in (stem, *files)]
    if len(folder.videos) == 1 or (not folder.videos and len(folder.nfos) <= 2):
        stems += _POSTER_STEMS  # otherwise they may be another film's
    if name := next(filter(None, map(folder.image, stems)), None):
        return folder.relative / name
    if folder.is_disc and stem in _DISC_NFOS:
        return next(_parent_posters(library, folder), None)
    return None


def _parent_posters(library: Library, folder: Folder) -> Iterator[Path]:
    parent = folder.film_folder
    for stem in _POSTER_STEMS:
        for suffix in POSTER_SUFFIXES:
            relative = parent / (stem + suffix)
            path = library.root / relative
            if path.is_file() and not path.is_symlink():
                yield relative
