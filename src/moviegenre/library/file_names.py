"""Names of files and folders: the film's title and year, and the endings for a version or part."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_CUTS = r"(?:director'?s|extended|final|theatrical|special|ultimate|collector'?s|anniversary)"
_EDITION = (
    rf"(?:{_CUTS}[-._ ]?(?:cut|edition|version)|extended|imax|proper|remastered|repack|theatrical"
    r"|uncut|unrated|3d|dv|hd|sd|web)"
)
_TECHNICAL = (
    r"(?:\d{3,4}[pi]|[248]k|uhd|hdr(?:10)?\+?|blu-?ray|b[dr]-?rip|web-?dl|web-?rip|dvd-?rip|dvdscr"
    r"|dvd[59]?|hdtv|hd-?rip|remux|[xh][. ]?26[45]|hevc|avc|xvid|divx|av1|(?:8|10)-?bit|aac|e?ac3"
    r"|dts(?:-?hd)?|ddp?[257][. ]1|truehd|atmos)"
)
_YEAR = r"(?:(?:18|19)\d\d|20[0-4]\d)"

_PART = re.compile(r"[-._ ]*\b(cd|dvd|part|pt|disc|disk)[-._ ]*[0-9a-d]$", re.IGNORECASE)
_VERSION = (
    rf"(?:[-._ ]+\(?(?:{_TECHNICAL}|{_EDITION})(?![a-z0-9])\)?"
    r"|[-._ ]*\[[^\[\]]*\]|[-._ ]*\{[^{}]*\})+(?:-[a-z0-9]+)?"
)
_FILM_AND_VERSION = re.compile(rf"(?P<film>.+?){_VERSION}", re.IGNORECASE)
_FILM_AND_LABEL = re.compile(rf"(?P<film>.+?[(\[]{_YEAR}[)\]])(?:[-._ ]*[-._\[{{(].*)?")
_YEAR_AND_VERSION = re.compile(
    rf"[-._ ]+[(\[]?{_YEAR}[)\]]?(?:[-._ ]*[-._\[{{(].*|{_VERSION})?", re.IGNORECASE
)

_BRACKETED_YEAR = re.compile(rf"(?P<title>.+?)[(\[](?P<year>{_YEAR})[)\]]")
_PLAIN_YEAR = re.compile(rf"(?P<title>.+)[-._ ]+(?P<year>{_YEAR})(?P<rest>[-._ ].*)?")
_TECHNICAL_TAG = re.compile(rf"[-._ \[(]+{_TECHNICAL}(?![a-z0-9])", re.IGNORECASE)
_BRACES = re.compile(r"\{[^{}]*\}")
_INITIALS = re.compile(r"(?:\b\w\.){2,}")  # as in S.W.A.T.
_GROUP_FIRST = re.compile(r"[a-z0-9]+-[^A-Z]+")  # as in grp-matrix
_NO_TITLE = re.compile(
    r"(?:cd|disc|disk|dsc|dvd|feature|film|img|main|movie|mvi|new folder|part|title|untitled|vid"
    r"|video)?[ \d]*",
    re.IGNORECASE,
)
_YEARS_AHEAD = 2  # films are announced before they are released


@dataclass(frozen=True)
class FilmName:
    """What the name of a file or folder says of a film.

    Attributes:
        title: The title; None where the name may say something else.
        year: The year of the release.
        has_brackets: The year is in brackets, as media managers write it.
        is_certain: There is a year or a technical tag, so the rest is a title.
    """

    title: str | None = None
    year: int | None = None
    has_brackets: bool = False
    is_certain: bool = False


def without_part(stem: str) -> str:
    """Return a name without the number of a part.

    Example:
        >>> without_part("dust cd1"), without_part("dust")
        ('dust', 'dust')
    """
    return _PART.sub("", stem)


def film_stem(stem: str) -> str:
    """Return a video's name without its version, such as " - 1080p" or " {edition-Final Cut}".

    After a year in brackets, every label names a version. The number of a part stays.

    Example:
        >>> film_stem("dust (1999) - 1080p"), film_stem("dust.2160p-grp"), film_stem("rocky ii")
        ('dust (1999)', 'dust', 'rocky ii')
    """
    if _PART.search(stem):
        return stem
    match = _FILM_AND_LABEL.fullmatch(stem) or _FILM_AND_VERSION.fullmatch(stem)
    return match["film"] if match else stem


def adds_a_year(stem: str, video: str) -> bool:
    """Return whether a video's name is another name and a year.

    Example:
        >>> adds_a_year("rocky", "rocky (1976)"), adds_a_year("rocky", "rocky ii (1979)")
        (True, False)
    """
    return video.startswith(stem) and _YEAR_AND_VERSION.fullmatch(video, len(stem)) is not None


def best_name(folder: str | None, video: str) -> FilmName:
    """Return what the names of a film say: title and year.

    Args:
        folder: The name of the folder that holds only this film; None for a folder of several.
        video: The name of the video, without its suffix.

    Example:
        >>> name = best_name("The.Matrix.1999.1080p.BluRay.x264-GRP", "grp-matrix")
        >>> name.title, name.year
        ('The Matrix', 1999)
    """
    of_video, of_folder = film_name(video), film_name(folder or "")
    if of_video.title and of_video.has_brackets:
        return of_video
    if of_folder.title and of_folder.is_certain:
        return of_folder
    return of_video if of_video.title or of_video.year else FilmName(None, of_folder.year)


def film_name(name: str) -> FilmName:
    """Return title and year of a name; no title is better than a wrong one.

    Example:
        >>> film_name("(500) Days of Summer (2009) [1080p]").title
        '(500) Days of Summer'
        >>> film_name("2001.A.Space.Odyssey.1968.REMASTERED.2160p").title
        '2001 A Space Odyssey'
        >>> film_name("Wonder Woman 1984").title, film_name("title_t00").title
        (None, None)
    """
    if match := _BRACKETED_YEAR.match(name):
        title, year = _title(match["title"]), int(match["year"])
        return FilmName(title, year, has_brackets=True, is_certain=True)
    tag = _TECHNICAL_TAG.search(name)
    head = name[: tag.start()] if tag else name
    match = _PLAIN_YEAR.fullmatch(head)
    if match and int(match["year"]) <= datetime.now(UTC).year + _YEARS_AHEAD:
        return _plain_year(match, is_release=tag is not None)
    if tag is None:
        return FilmName(_plain_title(name))
    is_edition = film_stem(head) != head  # or the end of the title, as in "The.Final.Cut.1080p"
    return FilmName(None if is_edition else _release_title(head), is_certain=True)


def _plain_year(match: re.Match[str], *, is_release: bool) -> FilmName:
    """Return what a name with a year without brackets says.

    The number may belong to the title, as in "Wonder Woman 1984".
    """
    if not is_release and (" " in match.string or match["rest"]):
        return FilmName()
    return FilmName(_release_title(match["title"]), int(match["year"]), is_certain=True)


def _plain_title(name: str) -> str | None:
    """Return the title of a name without year and tags, if it is written as a title."""
    name = _BRACES.sub("", name).strip()
    if re.search(r"[._]", name) or (" " not in name and not name.isalpha()):
        return None
    is_written = name[:1].isdigit() or (name[:1].isupper() and not name.isupper())
    return _title(name) if is_written and not _NO_TITLE.fullmatch(name) else None


def _release_title(raw: str) -> str | None:
    """Return the title in the name of a release, unless the name of the group may come first."""
    title = _title(raw)
    if title is None or _INITIALS.search(raw) or _GROUP_FIRST.fullmatch(title):
        return None
    return None if _NO_TITLE.fullmatch(title) and not title.isdecimal() else title


def _title(raw: str) -> str | None:
    """Return a title with spaces between the words."""
    text = _BRACES.sub(" ", raw).strip()
    if " " not in text and not _INITIALS.fullmatch(text):
        text = text.replace(".", " ")
    return " ".join(text.replace("_", " ").split()).strip(" -,") or None
