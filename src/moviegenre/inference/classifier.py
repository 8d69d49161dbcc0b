"""scikit-learn's interface: ``predict_proba(X)`` and ``classes_`` for tables of films."""

import logging
from collections import Counter, UserList, deque
from collections.abc import (
    Iterable,
    Iterator,
    Mapping,
    MutableSequence,
    Sequence,
    ValuesView,
)
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import InputError, shortened
from moviegenre.data.tables.cells import cell_text, picture_cell
from moviegenre.data.tables.columns import FoundColumns, find_columns, require_single
from moviegenre.data.tables.series import kind_column, kind_warning
from moviegenre.data.titles import end_with_years
from moviegenre.inference.films import Plot
from moviegenre.inference.poster_input import Poster, find_poster
from moviegenre.inference.title_check import Title, Year, title_cell, year_cell

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """A film of a table; parts that it lacks are None.

    Attributes:
        warning: A warning about the row itself, as a sentence.
    """

    plot: Plot = None
    poster: Poster = None
    title: Title = None
    year: Year = None
    warning: str | None = None


class Series(Protocol):
    """A column of pandas or polars."""

    def __len__(self) -> int:
        """Return the number of films."""

    def to_list(self) -> list[Any]:
        """Return the cells."""


Column = MutableSequence[Any] | Iterator[Any] | ValuesView[Any] | npt.NDArray[Any] | Series
"""One part of several films, such as their plots; see ``as_column``."""

Posters = list[Any] | deque[Any] | UserList[Any] | Iterator[Any] | ValuesView[Any] | Series
"""A column of posters alone; an array may also be the pixels of a single one."""

_PARTS = ("plot", "poster", "title", "year")
_TABLE = "the table"
_SEARCHED_ROWS = 50  # for an existing poster
_MISSING = frozenset({"NAType", "NaTType"})  # pandas' types, by name: pandas is not imported


class TableClassifier:
    """A base class that makes a trained classifier the last step of a scikit-learn pipeline.

    scikit-learn is imported only in ``__sklearn_tags__``, which only scikit-learn calls.
    """

    def fit(self, X: object, y: object = None) -> Self:
        """Do nothing: the model is trained already. Pipelines call it."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return self  # immutable, and its weights are large

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - scikit-learn's own class
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=False, multi_output=True, single_output=False),
            classifier_tags=ClassifierTags(multi_label=True),
            input_tags=InputTags(two_d_array=False, string=True),
            requires_fit=False,
            no_validation=True,
        )


def table_rows(
    table: object, errors: Literal["raise", "report"] = "raise"
) -> list[Row | InputError]:
    """Return every film of a table.

    Args:
        table: A pandas or polars data frame, an Arrow table or anything else with Arrow's
            ``__arrow_c_stream__``, a mapping from names to columns, or a sequence of mappings, with
            a plot, a poster or both, and title and year if it has them; a sequence of (plot,
            poster) pairs, or of plots; a Series or an array of plots.
        errors: ``report`` returns an error in place of a row of another kind. Wrong columns of a
            data frame are always raised, because they concern the whole table.

    Columns are found by their usual names, as in a catalogue, see ``columns.find_columns``; a note
    on them is logged. A row with nothing but a title and a year is a film, too.

    Raises:
        InputError: The table or a row is of another kind; the message names the first such row.
        DataError: Several columns may be the plot, or several have the same name.
    """
    rows_or_frame = _frame_rows(table)
    is_frame = rows_or_frame is not None
    table = table if rows_or_frame is None else rows_or_frame
    if isinstance(table, str | bytes | Mapping) or not isinstance(table, Iterable):
        raise InputError(
            f"found {type(table).__name__}, expected a table of films; "
            "for one film, use predict(plot=..., poster=...)"
        )
    films = list(table)
    mappings = [film for film in films if isinstance(film, Mapping)]
    keys = dict.fromkeys(name for film in mappings for name in film)
    names = [name for name in keys if isinstance(name, str)]
    columns, kind_name = _usual_columns(mappings, names), kind_column(names)
    rows: list[Row | InputError] = []
    for number, film in enumerate(films):
        try:
            rows.append(_row(film, columns, kind_name))
        except InputError as error:
            if is_frame or errors != "report":
                raise InputError(f"films[{number}]: {error}") from None
            rows.append(error)
    return rows


def _frame_rows(table: Any) -> list[Any] | None:  # noqa: ANN401 - a frame of any library
    """Return the rows of a data frame as mappings; None for anything else.

    Raises:
        InputError: The columns of a mapping differ in length.
        DataError: Several columns of pandas have the name of a column that is read.
    """
    if hasattr(table, "to_pylist"):  # Arrow
        return list(table.to_pylist())
    if hasattr(table, "to_dicts"):  # polars
        return list(table.to_dicts())
    if hasattr(table, "columns") and hasattr(table, "to_dict"):  # pandas
        names = [name for name in table.columns if isinstance(name, str)]
        if twice := [name for name, number in Counter(names).items() if number > 1]:
            found = _found(list(dict.fromkeys(names)))
            require_single(filter(None, (getattr(found, part) for part in _PARTS)), twice, _TABLE)
            table = table.loc[:, ~table.columns.duplicated()]
        return list(table.to_dict("records"))
    if hasattr(table, "__arrow_c_stream__") and not hasattr(table, "to_list"):  # no Series
        import pyarrow as pa

        return list(pa.table(table).to_pylist())
    if not isinstance(table, Mapping):
        return None
    columns = {name: as_column(values) for name, values in table.items()}
    if not columns or not all(isinstance(values, list) for values in columns.values()):
        return None
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = shortened(", ".join(f"{name} {length}" for name, length in lengths.items()))
        raise InputError(f"found columns of different lengths ({listed}); expected the same")
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _usual_columns(films: Sequence[Mapping[Any, Any]], names: Sequence[str]) -> FoundColumns:
    """Return the keys of films by their content, and log a note on unusual ones.

    Args:
        films: The films.
        names: All their keys.

    Raises:
        DataError: Several keys may be the plot.
    """
    columns = _found(names)
    notes: list[str] = []
    if columns.poster not in (None, "poster"):
        cells = (film.get(columns.poster) for film in films[:_SEARCHED_ROWS])
        if not any(map(_may_be_poster, cells)):
            notes.append(f"column {columns.poster!r} is not read, since it names no files here")
            columns = replace(columns, poster=None)
    other_plots = columns.other_plots
    notes += [f"column {name!r} is left out; add its text to the plot" for name in other_plots]
    if note := replace(columns, other_plots=()).note({"id", "genres"}):
        notes.insert(0, note)
    titles = [cell_text(cell_value(film.get(columns.title))) for film in films[:_SEARCHED_ROWS]]
    if columns.title and not columns.year and end_with_years(titles):
        notes.append(f"year from the end of the titles in column {columns.title!r}")
    if notes:
        logger.info("%s: %s", _TABLE, "; ".join(notes))
    return columns


def _found(names: Sequence[str]) -> FoundColumns:
    if not names:
        return FoundColumns()
    return find_columns(names, table=_TABLE, advice="rename the one to read to 'plot'")


def _may_be_poster(cell: object) -> bool:
    """Return whether a cell is a picture, or names a file."""
    cell = picture_cell(cell_value(cell))
    if isinstance(cell, str | Path):
        return bool(str(cell).strip()) and find_poster(str(cell)) is not None
    return cell is not None and not isinstance(cell, bool | int | float)


def film_rows(**parts: Any) -> list[Row]:  # noqa: ANN401 - lists as predict takes them
    """Return films from columns of their parts, some of which may be missing.

    Args:
        parts: The result of ``as_column`` for ``plot``, ``poster``, ``title`` and ``year``.

    Raises:
        InputError: One part is a list and another a single value, or lists differ in length.
    """
    for name, value in parts.items():
        if value is not None and not isinstance(value, list):
            raise InputError(f"{name} is {type(value).__name__} beside a list; expected two lists")
    columns = {name: values for name, values in parts.items() if values is not None}
    lengths = {name: len(values) for name, values in columns.items()}
    num_films = max(lengths.values(), default=0)
    if set(lengths.values()) - {num_films}:
        listed = " and ".join(f"{length} {name}s" for name, length in lengths.items())
        raise InputError(f"found {listed}; expected as many")
    plots, posters, titles, years = (
        [cell_value(value) for value in columns.get(name, [None] * num_films)] for name in _PARTS
    )
    return list(map(Row, plots, posters, titles, years))


def as_column(values: Any) -> Any:  # noqa: ANN401 - what predict takes
    """Return a column of films as a list; a value of a single film stays as it is.

    Args:
        values: A list or another sequence except texts, bytes and tuples; a generator or another
            iterator; the values of a mapping; a Series of pandas or polars; an Arrow array; an
            array with one axis, or pixels of several posters (N, H, W, 3 or 4). No library is
            imported for the checks.

    Raises:
        InputError: The value is ``frame.plot``, pandas' drawing, not a column.
    """
    if type(values).__name__ == "PlotAccessor":
        raise InputError(
            "found frame.plot, which is a method of pandas and not a column; write frame['plot']"
        )
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim in (1, 4) else values
    if isinstance(values, Iterator | ValuesView) and not hasattr(values, "read"):  # no open file
        return list(values)
    for method in ("to_pylist", "to_list"):  # Arrow; pandas and polars
        if hasattr(values, method) and hasattr(values, "__len__"):
            return getattr(values, method)()
    is_single = isinstance(values, str | bytes | bytearray | memoryview | tuple)
    return list(values) if isinstance(values, Sequence) and not is_single else values


def _row(film: Any, columns: FoundColumns, kind_name: str | None) -> Row:  # noqa: ANN401 - checked here
    film = cell_value(film)
    if film is None or isinstance(film, str):
        return Row(film)
    if isinstance(film, Mapping):
        parts = {part: getattr(columns, part) for part in _PARTS}
        known = {parts["title"], parts["year"], columns.id}
        if parts["plot"] not in film and parts["poster"] not in film:
            is_title_alone = parts["title"] in film and known.issuperset(film)
            if not is_title_alone:
                raise InputError(
                    f"found {shortened(', '.join(map(str, film))) or 'nothing'}; expected plot, "
                    "poster or both; rename the column of plots to 'plot'; to predict from titles "
                    "alone, which is less certain, leave out all columns but title and year"
                )
        plot, poster, title, year = (
            cell_value(film.get(name)) if name else None for name in parts.values()
        )
        warning = kind_warning(cell_value(film.get(kind_name)))
        return Row(plot, poster, title_cell(title), year_cell(year), warning)
    is_pair = isinstance(film, Sequence) or (isinstance(film, np.ndarray) and film.ndim == 1)
    if is_pair and not isinstance(film, bytes | bytearray | memoryview) and len(film) in (1, 2):
        plot, poster = (*map(cell_value, film), None)[:2]
        return Row(plot, poster)
    raise InputError(
        f"found {type(film).__name__}; expected a mapping with plot and poster, or a "
        "(plot, poster) pair"
    )


def cell_value(value: Any) -> Any:  # noqa: ANN401 - a table's cell
    """Return a cell; None for not-a-number and pandas' NA, a tuple for an array of texts."""
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else value
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "OUT":
        return tuple(value.tolist())
    return None if type(value).__name__ in _MISSING else value
