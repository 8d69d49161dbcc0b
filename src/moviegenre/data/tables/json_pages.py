"""The films in a JSON value: a page of an API, films by id, a form of pandas, or one film."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from moviegenre.core.errors import DataError, shortened
from moviegenre.data.json_text import RepeatedKeys
from moviegenre.data.tables.columns import is_plot_name, is_title_name

OnNote = Callable[[str], None]
"""Called with a note on a table's form, such as what is left out."""

_PAGE_KEYS = ("results", "items", "movies", "films", "data", "rows", "search")
_MAX_DEPTH = 3  # of a list of films in a document, as in MediaContainer.Metadata


def item_rows(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON value
    """Yield the rows of an item of an array, or of a line: itself, or the films of a page."""
    if _is_rows(value):
        yield from map(_with_nested_film, value)
    elif isinstance(value, RepeatedKeys):
        yield value
    elif isinstance(value, dict) and not _is_film(value) and (page := _page(value)) is not None:
        yield from map(_with_nested_film, page)
    else:
        yield _with_nested_film(value)


def document_rows(document: Any, name: str, on_note: OnNote) -> Iterator[Any]:  # noqa: ANN401
    """Yield the rows of a document that is no array.

    Args:
        document: The parsed document.
        name: The table's name, for messages.
        on_note: Called with a note that names the lists that are not read.

    Raises:
        DataError: The document has several lists of films, or several values for one of its keys.
    """
    _require_single_keys(document, name)
    if not isinstance(document, dict) or isinstance(document, RepeatedKeys):
        yield document
    elif {"columns", "data"} <= document.keys() and _is_split(document):
        names = [str(name) for name in document["columns"]]
        yield from (dict(zip(names, cells, strict=False)) for cells in document["data"])
    elif _is_by_column(document):
        for key, column in document.items():
            _require_single_keys(column, f"{name}, {key!r}")
        for key in next(iter(document.values())):
            yield {name: column[key] for name, column in document.items()}
    else:
        yield from _object_rows(document, name, on_note)


def _object_rows(document: dict[str, Any], name: str, on_note: OnNote) -> Iterator[Any]:
    lists = dict(_lists(document))
    with_plots = [path for path, rows in lists.items() if any(map(_has_plot, rows))]
    pages = [path for key in _PAGE_KEYS for path in lists if path.lower() == key]
    page = next((path for path in pages if path in with_plots), None)
    if _has_plot(document) and page is None:  # other lists are parts of the film
        _note_unread(on_note, with_plots)
        yield document
        return
    films = _films_by_id(document, has_lists=bool(lists))
    if films is not None:
        _note_unread(on_note, [key for key in document if key not in films])
        yield from (_joined({"id": key}, film) for key, film in films.items())
        return
    if page is None and len(with_plots) > 1:
        found = shortened(", ".join(map(repr, with_plots)))
        raise DataError(
            f"{name} has several lists of films ({found}); expected one; save each as its own file"
        )
    page = page or next(iter(with_plots), None)
    if page is None and not _is_film(document):
        only_list = next(iter(lists)) if len(lists) == 1 and "id" not in document else None
        page = next(iter(pages), only_list)
    if page is None:
        yield _with_nested_film(document)
        return
    container: Any = document
    for key in page.split(".")[:-1]:
        container = container.get(key) if isinstance(container, dict) else None
        _require_single_keys(container, f"{name}, {key!r}")
    _note_unread(on_note, [path for path in lists if path != page])
    yield from map(_with_nested_film, lists[page])


def _require_single_keys(value: object, place: str) -> None:
    """Refuse several values for a key of an object that is no film.

    Raises:
        DataError: The object has such keys.
    """
    if isinstance(value, RepeatedKeys) and not _is_film(value):
        raise DataError(f"{place}: {value.fault}; correct it there")


def _films_by_id(
    document: Mapping[str, Any], *, has_lists: bool
) -> dict[str, dict[str, Any]] | None:
    """Return the films of a document by their ids; None if the document has another form.

    An entry without any key of the films, such as ``meta``, is no film; an empty entry is one.

    Args:
        document: The document.
        has_lists: Whether it has lists of objects, at any depth.
    """
    objects = {key: value for key, value in document.items() if isinstance(value, dict)}
    with_plots = [value for value in objects.values() if _has_plot(value)]
    if len(objects) == len(document):
        is_by_id = bool(with_plots) or not has_lists
    else:
        lists = filter(_is_rows, document.values())
        is_by_id = len(with_plots) > 1 and not any(map(_has_plot, chain.from_iterable(lists)))
    if not is_by_id:
        return None
    films = with_plots or [value for value in objects.values() if _is_film(value)]
    keys = set(chain.from_iterable(films or objects.values()))
    return {key: value for key, value in objects.items() if not value or keys & value.keys()}


def _lists(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists of objects in a document, each with its path, such as ``result.movies``."""
    for key, value in document.items():
        path = f"{prefix}{key}"
        if _is_rows(value):
            yield path, value
        elif isinstance(value, dict) and prefix.count(".") < _MAX_DEPTH - 1:
            yield from _lists(value, f"{path}.")


def _note_unread(on_note: OnNote, paths: list[str]) -> None:
    if paths:
        lists = shortened(", ".join(map(repr, paths)))
        on_note(f"left out: {lists}")


def _page(value: Mapping[str, Any]) -> list[Any] | None:
    """Return the films of a page; None if the value is no page."""
    lower = {str(key).lower(): value for key, value in value.items() if _is_rows(value)}
    return next((lower[key] for key in _PAGE_KEYS if key in lower), None)


def _with_nested_film(row: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a row; if its only film is an object in it, as in Trakt's rows, with its columns."""
    if not isinstance(row, dict) or _is_film(row):
        return row
    nested = [value for value in row.values() if isinstance(value, dict) and _is_film(value)]
    return _joined(nested[0], row) if len(nested) == 1 else row


def _joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the values of two objects as one; an object with repeated keys stays as it is."""
    repeated = (one for one in (first, second) if isinstance(one, RepeatedKeys))
    return next(repeated, {**first, **second})


def _is_film(value: Mapping[str, Any]) -> bool:
    """Return whether an object has a plot or a title itself."""
    return _has_plot(value) or any(
        isinstance(cell, str) and is_title_name(key) for key, cell in value.items()
    )


def _has_plot(value: object) -> bool:
    """Return whether an object has a plot itself, which may be missing."""
    return isinstance(value, dict) and any(
        is_plot_name(key) and not isinstance(cell, dict) and not _is_rows(cell)
        for key, cell in value.items()
    )


def _is_split(document: Mapping[str, Any]) -> bool:
    """Return whether a document is pandas' ``orient="split"``: names, and lists of cells."""
    lists = [document["columns"], document["data"]]
    return all(isinstance(value, list) for value in lists) and all(
        isinstance(cells, list) for cells in document["data"]
    )


def _is_by_column(document: Mapping[str, Any]) -> bool:
    """Return whether a document is pandas' default form.

    Each column is then a mapping from row numbers to cells.
    """
    if not document or not all(isinstance(column, dict) for column in document.values()):
        return False
    first = next(iter(document.values()))
    return bool(first) and all(
        column.keys() == first.keys() and all(key.isdecimal() for key in column)
        for column in document.values()
    )


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
