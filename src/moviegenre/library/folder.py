"""The files of one folder of a library: videos by film, .nfo files and images."""

import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from moviegenre.data.poster_formats import POSTER_SUFFIXES
from moviegenre.library.file_names import adds_a_year, film_stem, without_part

VIDEO_SUFFIXES = (
    *(".3gp", ".asf", ".avi", ".divx", ".dvr-ms", ".flv", ".iso", ".img", ".m2ts", ".m4v"),
    *(".mk3d", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogm", ".ogv", ".rmvb"),
    *(".strm", ".ts", ".vob", ".webm", ".wmv", ".wtv"),
)
FOLDER_NFO = "movie.nfo"
_DISC_FOLDERS = ("video_ts", "bdmv")
_SYSTEM_FOLDERS = frozenset(("@eadir", "#recycle", "$recycle.bin", "lost+found"))
_EXTRA_VIDEO = re.compile(
    r"(^|[-._])(trailer|sample)\d*$"
    r"|-(behindthescenes|deleted|featurette|interview|scene|short|extra|other)\d*$"
)


@dataclass(frozen=True)
class Video:
    """The video of a film: one file, or its parts or versions.

    Attributes:
        name: The name without suffix, part and version.
        stems: The lower-case names of the files, without suffix.
        has_versions: The files are versions of the film, such as 1080p and 2160p.
    """

    name: str
    stems: tuple[str, ...]
    has_versions: bool = False

    @property
    def new_nfo(self) -> str:
        """The name of a new .nfo file; one for all versions, since media servers join them."""
        return FOLDER_NFO if self.has_versions else f"{self.name}.nfo"


@dataclass
class Folder:
    """The names in a folder.

    Attributes:
        relative: Its path, relative to the library.
        nfos: The .nfo files by lower-case name.
        images: The images by lower-case name.
        videos: The videos by lower-case name without suffix.
        folders: The folders in it.
        num_links: The number of links, which are not followed.
    """

    relative: Path
    nfos: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    videos: dict[str, Video] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    num_links: int = 0

    @property
    def is_disc(self) -> bool:
        """Whether it is the folder of a DVD or Blu-ray."""
        return self.relative.name.lower() in _DISC_FOLDERS

    @property
    def film_folder(self) -> Path:
        """The folder with the film's name: for a disc, the folder around it."""
        return self.relative.parent if self.is_disc else self.relative

    def has_own_file(self, video: str) -> bool:
        """Return whether a video has an .nfo file or a poster of its own name."""
        return any(
            f"{stem}.nfo" in self.nfos or self.image(f"{stem}-poster")
            for stem in (video, *self.videos[video].stems)
        )

    def image(self, stem: str) -> str | None:
        """Return the name of an image of any format; None if there is none."""
        names = (self.images.get(stem + suffix) for suffix in POSTER_SUFFIXES)
        return next((name for name in names if name is not None), None)

    def is_folder_nfo(self, stem: str) -> bool:
        """Return whether an .nfo file is named for its folder's film, not for a video."""
        return stem in ("movie", self.relative.name.lower())

    def described_videos(self, stem: str, *, is_film: bool) -> set[str]:
        """Return the videos that an .nfo file describes, as media servers see it.

        Args:
            stem: The file's lower-case name without suffix.
            is_film: It is the .nfo file of a film, not a text or another kind.
        """
        videos = {video for video in self.videos if self._describes(stem, video)}
        if videos or not self.is_folder_nfo(stem):
            return videos
        if len(self.videos) == 1:
            return set(self.videos)
        return {video for video in self.videos if is_film and not self.has_own_file(video)}

    def _describes(self, stem: str, video: str) -> bool:
        if stem == video or stem in self.videos[video].stems or stem == film_stem(video):
            return True
        if stem == without_part(video):
            return stem not in self.videos and not self.has_own_file(video)
        return len(self.videos) == 1 and adds_a_year(stem, video)


def read_folder(root: Path, relative: Path) -> Folder:
    """Return the names in a folder, with the parts and versions of one film as one video.

    Raises:
        OSError: It cannot be read.
    """
    folder = Folder(relative)
    with os.scandir(root / relative) as entries:
        for entry in entries:
            _add_entry(folder, entry)
    _join_parts(folder)
    _join_versions(folder)
    return folder


def _add_entry(folder: Folder, entry: "os.DirEntry[str]") -> None:
    name, lower = entry.name, entry.name.lower()
    if name.startswith(".") or lower in _SYSTEM_FOLDERS:
        return
    if entry.is_symlink():
        folder.num_links += 1
    elif entry.is_dir(follow_symlinks=False):
        folder.folders.append(name)
    elif entry.is_file(follow_symlinks=False):
        stem, suffix = os.path.splitext(lower)
        if suffix == ".nfo":
            folder.nfos[lower] = name
        elif suffix in POSTER_SUFFIXES:
            folder.images[lower] = name
        elif suffix in VIDEO_SUFFIXES and not _EXTRA_VIDEO.search(stem):
            stems = folder.videos[stem].stems if stem in folder.videos else ()
            folder.videos[stem] = Video(os.path.splitext(name)[0], (*stems, stem))


def _join_parts(folder: Folder) -> None:
    """Join the parts of one film, such as "Dust cd1" and "Dust cd2"."""
    parts: dict[str, list[str]] = defaultdict(list)
    for stem in folder.videos:
        if without_part(stem) != stem:
            parts[without_part(stem)].append(stem)
    for film, stems in parts.items():
        if len(stems) > 1 and film not in folder.videos:
            _join(folder, film, stems, without_part(folder.videos[stems[0]].name))


def _join_versions(folder: Folder) -> None:
    """Join the versions of the only film of a folder, such as "Dust - 1080p" and "Dust - 2160p"."""
    films = {film_stem(stem) for stem in folder.videos}
    if len(folder.videos) > 1 and len(films) == 1:
        (film,), stems = films, sorted(folder.videos)
        name = folder.videos[stems[0]].name[: len(film)]
        _join(folder, film, stems, name, has_versions=True)


def _join(
    folder: Folder, film: str, stems: list[str], name: str, *, has_versions: bool = False
) -> None:
    """Make one video of several, unless several have an .nfo file or a poster of their own."""
    if sum(map(folder.has_own_file, stems)) > 1:
        return
    files = tuple(file for stem in stems for file in folder.videos.pop(stem).stems)
    folder.videos[film] = Video(name, files, has_versions)
