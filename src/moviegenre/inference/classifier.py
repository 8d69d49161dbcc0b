"""scikit-learn's way of asking: ``predict_proba(X)`` and ``classes_`` over tables of films."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import InputError
from moviegenre.data.records import parse_year
from moviegenre.data.tables.plot_column import PLOT_COLUMN, find_plot_column, plot_column_note
from moviegenre.inference.films import Plot, Poster

logger = logging.getLogger(__name__)

Row = tuple[Plot, Poster, str | None, int | None]
"""Plot, poster, title and year of a film, each None where it is missing."""

_POSTER = "poster"
_FURTHER_COLUMNS = ("title", "year")


class TableClassifier(ABC):
    """A trained multi-label classifier in the form scikit-learn's pipelines take as a last step.

    Nothing of it imports scikit-learn but the method that only scikit-learn calls.
    """

    @property
    @abstractmethod
    def classes_(self) -> npt.NDArray[np.str_]:
        """The genres, in the order of the answers' columns (L,)."""

    @abstractmethod
    def predict_proba(self, X: object) -> npt.NDArray[np.float64]:
        """Return probabilities (N, L) for a table of N films."""

    def fit(self, X: object, y: object = None) -> Self:
        """Do nothing: the model is trained already. Pipelines ask for it."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return self  # nothing in it changes, and its weights are large

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


def table_rows(table: object) -> list[Row]:
    """Return what every film of a table has.

    Args:
        table: A pandas or polars data frame or an Arrow table with the columns ``plot``, ``poster``
            or both, and ``title`` and ``year`` where it has them; a sequence of mappings with these
            keys, of (plot, poster) pairs, or of plots.

    Without ``plot`` the only column with another usual name is read, see ``plot_column``.

    Raises:
        InputError: It is something else; the message names the first row that is.
        DataError: Several columns may be the plot.
    """
    if hasattr(table, "to_pylist"):  # Arrow
        table = table.to_pylist()
    elif hasattr(table, "to_dicts"):  # polars
        table = table.to_dicts()
    elif hasattr(table, "columns") and hasattr(table, "to_dict"):  # pandas
        table = table.to_dict("records")
    if isinstance(table, str | bytes | Mapping) or not isinstance(table, Iterable):
        raise InputError(
            f"found {type(table).__name__}, expected a table of films; "
            "of one film ask predict(plot=..., poster=...)"
        )
    films = list(table)
    plot_name = _plot_name(films)
    return [_row(number, film, plot_name) for number, film in enumerate(films)]


def _plot_name(films: Sequence[object]) -> str:
    """Return the key of the plot in the mappings of a table, and log it where it is not ``plot``.

    Raises:
        DataError: Several may be the plot.
    """
    keys = {name for film in films if isinstance(film, Mapping) for name in film}
    advice = "rename the one to read to 'plot'"
    name = find_plot_column(keys, table="the table", advice=advice) or PLOT_COLUMN
    if note := plot_column_note(name):
        logger.info("the table: %s", note)
    return name


def film_rows(**parts: Any) -> list[Row]:  # noqa: ANN401 - lists as predict takes them
    """Return films from lists of their parts, some of which may be missing.

    Args:
        parts: Lists for ``plot``, ``poster``, ``title`` and ``year``, or None.

    Raises:
        InputError: One is a list and another a single film's, or they differ in length.
    """
    for name, value in parts.items():
        if value is not None and not isinstance(value, list):
            raise InputError(f"{name} is {type(value).__name__} beside a list; expected two lists")
    given = {name: values for name, values in parts.items() if values is not None}
    lengths = {name: len(values) for name, values in given.items()}
    number = max(lengths.values(), default=0)
    if set(lengths.values()) - {number}:
        told = " and ".join(f"{length} {name}s" for name, length in lengths.items())
        raise InputError(f"found {told}; expected as many")
    columns = [
        given.get(name, [None] * number) for name in (PLOT_COLUMN, _POSTER, *_FURTHER_COLUMNS)
    ]
    return list(zip(*columns, strict=True))


def _row(number: int, film: Any, plot_name: str) -> Row:  # noqa: ANN401 - checked here
    if isinstance(film, str):
        return film, None, None, None
    if isinstance(film, Mapping):
        columns = (plot_name, _POSTER)
        absent = [name for name in columns if name not in film]
        near = [key for key in film if str(key).lower() in absent]
        if near or not any(name in film for name in columns):
            raise InputError(
                f"row {number} has {', '.join(map(str, film)) or 'nothing'}; "
                "expected plot, poster or both"
            )
        plot, poster, title, year = (
            _value(film.get(name)) for name in (*columns, *_FURTHER_COLUMNS)
        )
        return plot, poster, title, parse_year(year)
    if isinstance(film, Sequence | np.ndarray) and len(film) == 2:
        plot, poster = (_value(value) for value in film)
        return plot, poster, None, None
    raise InputError(
        f"row {number} is {type(film).__name__}; expected a mapping with plot and poster, or a "
        "(plot, poster) pair"
    )


def _value(value: Any) -> Any:  # noqa: ANN401 - a table's cell
    """Return a cell; None where pandas has its not-a-number."""
    return None if isinstance(value, float) and np.isnan(value) else value
