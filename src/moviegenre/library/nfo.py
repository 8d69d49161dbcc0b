"""Read the title, year, plot and genres of a film from an .nfo file."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from moviegenre.core.genre_names import GENRE_SEPARATORS
from moviegenre.data.placeholders import is_placeholder
from moviegenre.data.records import parse_year, whole_text
from moviegenre.library.markup import Element, Root, find_root, plain_text
from moviegenre.library.nfo_text import NfoError, NfoText, decode_nfo

MAX_NFO_BYTES = 4 << 20
"""The most bytes of an .nfo file; larger files are left alone."""

LOCKED_GENRES = "Genres"
"""The name of the genres in ``lockedfields``."""

_SEPARATOR = re.compile(rf"\s*[{re.escape(GENRE_SEPARATORS)}]\s*")
_NO_GENRES = frozenset(("", "unknown", "none", "null", "na", "n a", "no genres listed", r"\n", "-"))
_YEAR = re.compile(r"[0-9]{4}")
_ADDRESSES = re.compile(r"(?:\s*https?://\S+)+\s*", re.IGNORECASE)
_DATES = ("premiered", "releasedate", "release_date")


class NfoKind(StrEnum):
    """What an .nfo file describes."""

    MOVIE = "film"
    SERIES = "series"
    OTHER = "other"
    TEXT = "text"
    ADDRESS = "web address"


_KINDS = {
    "movie": NfoKind.MOVIE,
    "tvshow": NfoKind.SERIES,
    "season": NfoKind.SERIES,
    "episodedetails": NfoKind.SERIES,
    "multiepisode": NfoKind.SERIES,
}


@dataclass(frozen=True)
class Nfo:
    """A film's .nfo file.

    Attributes:
        text: The whole file.
        root: The element ``<movie>``.
    """

    text: NfoText
    root: Root

    def elements(self, name: str) -> list[Element]:
        """Return the elements of a name directly in ``<movie>``."""
        return [child for child in self.root.children if child.name == name]

    def value(self, *names: str) -> str | None:
        """Return the first text of the elements of these names; None if there is none."""
        for name in names:
            for element in self.elements(name):
                if text := self.plain(element):
                    return text
        return None

    def plain(self, element: Element) -> str:
        """Return the text in an element."""
        return whole_text(plain_text(self.text.characters, element))

    def genres_in(self, element: Element) -> list[str]:
        """Return the genres in one element; empty for a placeholder such as "N/A"."""
        inner = self.plain(element)
        if _is_no_genre(inner):
            return []
        return [name for name in _SEPARATOR.split(inner) if not _is_no_genre(name)]

    @cached_property
    def genres(self) -> tuple[str, ...]:
        """The film's genres, in order, without repetitions."""
        names = [name for element in self.elements("genre") for name in self.genres_in(element)]
        return tuple(dict.fromkeys(names))

    @property
    def genre_lock(self) -> str | None:
        """The element with which Jellyfin and Emby lock the genres; None if they may change."""
        if (self.value("lockdata") or "").lower() == "true":
            return "<lockdata>"
        fields = (self.value("lockedfields") or "").lower().split("|")
        return "<lockedfields>" if LOCKED_GENRES.lower() in map(str.strip, fields) else None

    @property
    def title(self) -> str | None:
        """The film's title."""
        return self.value("title", "originaltitle")

    @property
    def year(self) -> int | None:
        """The year of its release."""
        if (year := parse_year(self.value("year"))) is not None:
            return year
        match = _YEAR.match(self.value(*_DATES) or "")
        return parse_year(match[0]) if match else None

    @property
    def plot(self) -> str | None:
        """Its plot, or its outline where there is no plot."""
        texts = (self.value("plot"), self.value("outline"))
        return next((text for text in texts if text and not is_placeholder(text)), texts[0])


def nfo_kind(content: bytes) -> tuple[NfoKind, bool]:
    """Return the kind of an .nfo file, by its root element, and whether a film has genres.

    Raises:
        NfoError: It cannot be decoded.

    Example:
        >>> nfo_kind(b"<movie><genre>War</genre></movie>"), nfo_kind(b"Ripped by me")
        ((<NfoKind.MOVIE: 'film'>, True), (<NfoKind.TEXT: 'text'>, False))
    """
    text = decode_nfo(content)
    root = find_root(text.characters)
    if root is None:
        is_address = _ADDRESSES.fullmatch(text.characters) is not None
        return (NfoKind.ADDRESS if is_address else NfoKind.TEXT), False
    kind = _KINDS.get(root.element.name, NfoKind.OTHER)
    return kind, kind == NfoKind.MOVIE and bool(Nfo(text, root).genres)


def parse_nfo(content: bytes) -> Nfo:
    """Return a film's .nfo file.

    Args:
        content: The file.

    Raises:
        NfoError: The file is not a film's, or cannot be changed safely.
    """
    text = decode_nfo(content)
    root = find_root(text.characters)
    if root is None or root.element.name != "movie":
        raise NfoError("it does not begin with <movie>")
    if root.fault is not None:
        raise NfoError(f"{root.fault}; expected a whole <movie> element")
    return Nfo(text, root)


def _is_no_genre(name: str) -> bool:
    bare = name.strip(" .()[]\t\r\n").lower()
    return bare in _NO_GENRES or bare.replace("/", "") == "na"
