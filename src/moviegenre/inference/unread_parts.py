"""Sentences on parts of films that a model does not read."""

from collections.abc import Collection, Sequence
from typing import get_args

from moviegenre.core.types import Part

_PARTS: tuple[Part, ...] = get_args(Part)


def given_parts(*values: object) -> list[Part]:
    """Return the parts that are not missing or blank.

    Args:
        values: Plot, poster, title and year.

    Example:
        >>> given_parts("A plot.", None, " ", 1947)
        ['plot', 'year']
    """
    return [part for part, value in zip(_PARTS, values, strict=True) if _is_given(value)]


def unread_warning(given: Collection[Part], reads: Sequence[Part]) -> str | None:
    """Return a warning about the parts of a film that a model does not read; None if there is none.

    Args:
        given: The parts of the film.
        reads: The parts that the model reads.

    Example:
        >>> unread_warning(["plot", "poster", "title"], ["plot"])
        'The poster and the title were not read, because this model reads only plots.'
    """
    unread = _unread(given, reads)
    if not unread:
        return None
    verb = "was" if len(unread) == 1 else "were"
    parts = listed([f"the {part}" for part in unread])
    return f"T{parts[1:]} {verb} not read, because {_only_reads(reads)}."


def unread_note(given: Collection[Part], reads: Sequence[Part]) -> str | None:
    """Return a note on the columns of a table that a model does not read; None if there is none.

    Example:
        >>> unread_note(["plot", "poster"], ["plot", "title", "year"])
        'posters are not read, because this model reads only plots, titles and years'
    """
    unread = _unread(given, reads)
    return f"{_plurals(unread)} are not read, because {_only_reads(reads)}" if unread else None


def _unread(given: Collection[Part], reads: Sequence[Part]) -> list[Part]:
    return [part for part in _PARTS if part in given and part not in reads]


def _only_reads(reads: Sequence[Part]) -> str:
    return f"this model reads only {_plurals(reads)}"


def _plurals(parts: Sequence[Part]) -> str:
    return listed([f"{part}s" for part in parts])


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _is_given(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and not (isinstance(value, list | tuple) and not value)
