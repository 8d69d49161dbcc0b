"""scikit-learn's interface: ``predict_proba(X)`` and ``classes_`` for tables of films."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import Any, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import InputError
from moviegenre.data.tables.columns import PLOT_COLUMN, find_plot_column, plot_column_note
from moviegenre.inference.films import Plot, Poster
from moviegenre.inference.title_check import Title, Year

logger = logging.getLogger(__name__)

Row = tuple[Plot, Poster, Title, Year]
"""Plot, poster, title and year of a film, each None if it is missing."""


class Series(Protocol):
    """A column of pandas or polars."""

    def __len__(self) -> int:
        """Return the number of films."""

    def to_list(self) -> list[Any]:
        """Return the cells."""


Column = list[Any] | Iterator[Any] | ValuesView[Any] | npt.NDArray[Any] | Series
"""One part of several films, such as their plots; see ``as_column``."""

_POSTER = "poster"
_FURTHER_COLUMNS = ("title", "year")
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
    """Return plot, poster, title and year of every film of a table.

    Args:
        table: A pandas or polars data frame, an Arrow table or anything else with Arrow's
            ``__arrow_c_stream__``, with the columns ``plot``, ``poster`` or both, and ``title`` and
            ``year`` if it has them; a sequence of mappings with these keys, of (plot, poster)
            pairs, or of plots; a Series or an array of plots.
        errors: ``report`` returns an error in place of a row of another kind. Wrong columns of a
            data frame are always raised, because they concern the whole table.

    Without ``plot`` the only column with another usual name is read, see ``plot_column``.

    Raises:
        InputError: The table or a row is of another kind; the message names the first such row.
        DataError: Several columns may be the plot.
    """
    is_frame = True
    if hasattr(table, "to_pylist"):  # Arrow
        table = table.to_pylist()
    elif hasattr(table, "to_dicts"):  # polars
        table = table.to_dicts()
    elif hasattr(table, "columns") and hasattr(table, "to_dict"):  # pandas
        table = table.to_dict("records")
    elif hasattr(table, "__arrow_c_stream__") and not hasattr(table, "to_list"):  # no Series
        import pyarrow as pa

        table = pa.table(table).to_pylist()
    else:
        is_frame = False
    if isinstance(table, str | bytes | Mapping) or not isinstance(table, Iterable):
        raise InputError(
            f"found {type(table).__name__}, expected a table of films; "
            "for one film, use predict(plot=..., poster=...)"
        )
    films = list(table)
    plot_name = _plot_name(films)
    rows: list[Row | InputError] = []
    for number, film in enumerate(films):
        try:
            rows.append(_row(film, plot_name))
        except InputError as error:
            if is_frame or errors != "report":
                raise InputError(f"films[{number}]: {error}") from None
            rows.append(error)
    return rows


def _plot_name(films: Sequence[object]) -> str:
    """Return the key of the plot in the mappings of a table, and log it if it is not ``plot``.

    Raises:
        DataError: Several keys may be the plot.
    """
    keys = {name for film in films if isinstance(film, Mapping) for name in film}
    advice = "rename the one to read to 'plot'"
    name = find_plot_column(keys, table="the table", advice=advice) or PLOT_COLUMN
    if note := plot_column_note(name):
        logger.info("the table: %s", note)
    return name


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
        [cell_value(value) for value in columns.get(name, [None] * num_films)]
        for name in (PLOT_COLUMN, _POSTER, *_FURTHER_COLUMNS)
    )
    return list(zip(plots, map(_poster, posters), titles, years, strict=True))


def as_column(values: Any) -> Any:  # noqa: ANN401 - what predict takes
    """Return a column of films as a list; a value of a single film stays as it is.

    Args:
        values: A list, a generator or another iterator, the values of a mapping, a Series of
            pandas or polars, an Arrow array, an array with one axis, or pixels of several posters
            (N, H, W, 3 or 4). No library is imported for the checks.

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
    if isinstance(values, str | bytes | np.generic) or not hasattr(values, "__len__"):
        return values
    for method in ("to_pylist", "to_list"):  # Arrow; pandas and polars
        if hasattr(values, method):
            return getattr(values, method)()
    return values


def _row(film: Any, plot_name: str) -> Row:  # noqa: ANN401 - checked here
    film = cell_value(film)
    if film is None or isinstance(film, str):
        return film, None, None, None
    if isinstance(film, Mapping):
        columns = (plot_name, _POSTER)
        missing_names = [name for name in columns if name not in film]
        misspelt = [key for key in film if str(key).lower() in missing_names]
        if misspelt or not any(name in film for name in columns):
            raise InputError(
                f"found {', '.join(map(str, film)) or 'nothing'}; expected plot, poster or both"
            )
        plot, poster, title, year = (
            cell_value(film.get(name)) for name in (*columns, *_FURTHER_COLUMNS)
        )
        return plot, _poster(poster), title, year
    is_pair = isinstance(film, Sequence) or (isinstance(film, np.ndarray) and film.ndim == 1)
    if is_pair and not isinstance(film, bytes | bytearray | memoryview) and len(film) in (1, 2):
        plot, poster = (*map(cell_value, film), None)[:2]
        return plot, _poster(poster), None, None
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


def _poster(poster: Any) -> Any:  # noqa: ANN401 - a table's cell
    """Return a poster; from a struct of this package or of Hugging Face, its content."""
    if isinstance(poster, Mapping):
        return poster.get("bytes") or poster.get("path")
    return poster
