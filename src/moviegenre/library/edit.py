"""New genres in an .nfo file, with every other byte as it was."""

import re
from collections.abc import Sequence

from moviegenre.core.genre_names import GENRE_SEPARATORS
from moviegenre.library.markup import Element, has_markup
from moviegenre.library.nfo import LOCKED_GENRES, Nfo
from moviegenre.library.nfo_text import Edit, NfoError, NfoText

_LINE_START = re.compile(r"(?:\r\n|\n|\r)[ \t]*\Z")
_MAX_INDENT = 1_000  # characters that are searched before a tag
_SEPARATOR = re.compile(rf"(?<=[^\s])(\s*[{re.escape(GENRE_SEPARATORS)}]\s*)(?=[^\s])")


def with_genres(nfo: Nfo, genres: Sequence[str], *, keep: bool, lock: bool = False) -> bytes:
    """Return the file with other genres.

    The layout of the file is kept: one element for each genre, or all genres in one element.
    Attributes of the first element stay, such as ``clear="true"``.

    Args:
        nfo: The file.
        genres: The genres to write, the surest first.
        keep: Add the genres to the existing ones; otherwise replace the existing ones.
        lock: Also add Genres to Jellyfin's ``lockedfields``.

    Raises:
        NfoError: There is no place for them.
    """
    if nfo.root.element.is_empty_tag:
        raise NfoError("it has nothing but <movie/>; add a title first")
    edits = _added(nfo, genres) if keep and nfo.genres else _replaced(nfo, genres)
    if lock:
        edits += _locked(nfo)
    return nfo.text.edited(edits)


def new_nfo(genres: Sequence[str], title: str | None, year: int | None, *, lock: bool) -> bytes:
    """Return the .nfo file of a film that has none.

    Args:
        genres: Its genres, the surest first.
        title: Its title, if known.
        year: The year of its release, if known.
        lock: Lock the genres for Jellyfin.
    """
    text = NfoText("", "utf-8")
    fields = [("title", title)] if title else []
    fields += [("year", str(year))] if year else []
    fields += [("genre", name) for name in genres]
    fields += [("lockedfields", LOCKED_GENRES)] if lock else []
    lines = [f"  <{name}>{text.escaped(value)}</{name}>" for name, value in fields]
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return "\n".join([head, "<movie>", *lines, "</movie>", ""]).encode()


def _added(nfo: Nfo, genres: Sequence[str]) -> list[Edit]:
    elements = [element for element in nfo.elements("genre") if nfo.genres_in(element)]
    separator = _separator(nfo, elements)
    last = elements[-1]
    if separator is not None:
        inner = nfo.text.characters[last.inner_start : last.inner_end]
        position = last.inner_start + len(inner.rstrip())
        return [
            Edit(
                position, position, "".join(separator + nfo.text.escaped(genre) for genre in genres)
            )
        ]
    return [_after(nfo, last, genres)]


def _replaced(nfo: Nfo, genres: Sequence[str]) -> list[Edit]:
    elements = nfo.elements("genre")
    if not elements:
        return [_first(nfo, genres)]
    separator = _separator(nfo, [element for element in elements if nfo.genres_in(element)])
    values = [nfo.text.escaped(name) for name in genres]
    if separator is not None:
        values = [separator.join(values)]
    edits = [_filled(nfo, element, value) for element, value in zip(elements, values, strict=False)]
    edits += [
        Edit(element.start - len(_line_start(nfo, element)), element.end, "")
        for element in elements[len(values) :]
    ]
    if separator is None and (remaining_genres := genres[len(elements) :]):
        edits.append(_after(nfo, elements[-1], remaining_genres))
    return edits


def _filled(nfo: Nfo, element: Element, value: str) -> Edit:
    """Return the change that gives an element another content."""
    if not element.is_empty_tag:
        return Edit(element.inner_start, element.inner_end, value)
    tag = nfo.text.characters[element.start : element.end].removesuffix("/>").rstrip()
    return Edit(element.start, element.end, f"{tag}>{value}</{element.name}>")


def _first(nfo: Nfo, genres: Sequence[str]) -> Edit:
    """Return the change that gives a film its first genre elements."""
    if nfo.root.children:
        return _after(nfo, nfo.root.children[-1], genres)
    position = nfo.root.element.inner_start
    inner = nfo.text.characters[position : nfo.root.element.inner_end]
    line_end = "\r\n" if "\r\n" in inner else "\n" if "\n" in inner else ""
    return Edit(position, position, _tags(nfo, genres, f"{line_end}  " if line_end else ""))


def _after(nfo: Nfo, element: Element, genres: Sequence[str]) -> Edit:
    return Edit(element.end, element.end, _tags(nfo, genres, _line_start(nfo, element)))


def _tags(nfo: Nfo, genres: Sequence[str], start: str) -> str:
    return "".join(f"{start}<genre>{nfo.text.escaped(name)}</genre>" for name in genres)


def _line_start(nfo: Nfo, element: Element) -> str:
    """Return the line end and indentation before an element; empty if text is before it."""
    before = nfo.text.characters[max(0, element.start - _MAX_INDENT) : element.start]
    match = _LINE_START.search(before)
    return match[0] if match else ""


def _separator(nfo: Nfo, elements: Sequence[Element]) -> str | None:
    """Return the separator of genres in a single element; None for an element for each genre."""
    if len(elements) != 1 or len(nfo.genres) < 2 or has_markup(nfo.text.characters, elements[0]):
        return None
    inner = nfo.text.characters[elements[0].inner_start : elements[0].inner_end]
    if ";" in inner and "&" in inner:  # the end of a reference looks like a separator
        return " / "
    match = _SEPARATOR.search(inner)
    return match[1] if match else None


def _locked(nfo: Nfo) -> list[Edit]:
    """Return the change that locks the genres for Jellyfin and Emby."""
    elements = nfo.elements("lockedfields")
    if not elements:
        last = nfo.root.children[-1] if nfo.root.children else None
        start = _line_start(nfo, last) if last else ""
        position = last.end if last else nfo.root.element.inner_start
        return [Edit(position, position, f"{start}<lockedfields>{LOCKED_GENRES}</lockedfields>")]
    first = elements[0]
    names = [name.strip() for name in nfo.plain(first).split("|") if name.strip()]
    if LOCKED_GENRES.lower() in (name.lower() for name in names):
        return []
    return [_filled(nfo, first, nfo.text.escaped("|".join([*names, LOCKED_GENRES])))]
