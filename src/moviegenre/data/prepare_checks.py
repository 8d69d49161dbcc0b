"""Checks of ``data prepare``, and messages that say what was left out."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sized
from contextlib import contextmanager
from pathlib import Path

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split, SplitKind
from moviegenre.data.excluded import INCOMPLETE, describe_reasons, write_list
from moviegenre.data.prepared import PreparedData
from moviegenre.data.records import MovieSource
from moviegenre.data.schema import (
    CACHE_DIR,
    DATASHEET_FILE,
    DATASHEET_PAGE,
    EXCLUDED_FILE,
    GENRES_FILE,
    split_file,
)
from moviegenre.data.sources.mmimdb import PUBLISHED
from moviegenre.data.sources.split_json import SPLIT_FILE
from moviegenre.data.sources.table import MovieTable
from moviegenre.data.validation import Validation

logger = logging.getLogger(__name__)

_LAYOUT = {
    *(split_file(part) for part in Split),
    *(GENRES_FILE, DATASHEET_FILE, DATASHEET_PAGE, EXCLUDED_FILE, CACHE_DIR),
    SPLIT_FILE,  # of a cleaned split
}
_WITHOUT_GENRE = {
    Split.TRAIN: "no model can learn it",
    Split.VAL: "its threshold cannot be fitted",
    Split.TEST: "its F1 on test is undefined",
}
_MAX_NAMES = 10  # of genres in a warning


def check_target(out: Path, overwrite: bool) -> None:
    """Refuse a folder that may not be written or replaced.

    Raises:
        DataError: The folder holds other files, or prepared data without ``overwrite``.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / DATASHEET_FILE).is_file():
        raise DataError(f"{out} exists and is no prepared data set; choose another `out`")
    if not overwrite:
        raise DataError(f"{out} holds prepared data already; replace them with `overwrite`")
    foreign = sorted(entry.name for entry in out.iterdir() if entry.name not in _LAYOUT)
    if foreign:
        raise DataError(
            f"{out} holds {', '.join(foreign)} besides prepared data; move it away first, since "
            "`overwrite` replaces the whole folder"
        )


def log_form(source: str, movies: MovieSource, kind: SplitKind) -> None:
    """Log an unusual form of MM-IMDb, or which column of a table gives the split."""
    if not isinstance(movies, MovieTable):
        note = "" if movies.form == PUBLISHED else f"recognised as {movies.form}"
    elif movies.split_name and kind != "official":
        note = f"column {movies.split_name!r} is not read, since `split` is {kind}"
    else:
        note = movies.split_note
    if note:
        logger.info("%s: %s", source, note)


def split_kind(source: str, movies: MovieSource, chosen: SplitKind | None) -> SplitKind:
    """Return the kind of split; the source's own must have all three parts.

    Raises:
        DataError: The source's own split is wanted and has no movie for a part.
    """
    if movies.has_split:
        return chosen or "official"
    if movies.lacks and chosen != "stratified":
        raise DataError(
            f"{source}: {movies.form}; it has no films for {movies.lacks}; get these, or make a "
            "split of your own with `split` stratified"
        )
    if chosen == "official":
        raise DataError(f"{source} has no split of its own; use `split` stratified")
    return "stratified"


def require_plots(source: str, movies: MovieSource, keep_incomplete: bool) -> None:
    """Refuse a source that has no plots, unless incomplete movies are kept.

    Raises:
        DataError: The source has no plots.
    """
    if not movies.has_plots and not keep_incomplete:
        raise DataError(f"{source}: {movies.form}; to prepare posters alone, set `keep_incomplete`")


def require_movies(kept: Sized, excluded: Sized) -> None:
    """Refuse a source of which no movie is kept.

    Raises:
        DataError: There is no movie.
    """
    if not kept:
        raise DataError("no movie can be kept" if excluded else "it is empty; expected movies")


def require_every_split(parts: Mapping[Split, Sized]) -> None:
    """Refuse a split without a movie.

    Raises:
        DataError: A split has no movie.
    """
    if empty := [part.value for part, chosen in parts.items() if not chosen]:
        raise DataError(
            f"no movie is left for {', '.join(empty)}; give it some, or use `split` stratified"
        )


@contextmanager
def left_out_named(source: str, out: Path, validation: Validation) -> Iterator[None]:
    """Add to an error which movies were left out, why, and how to keep them.

    Raises:
        DataError: The same error, with more.
    """
    try:
        yield
    except DataError as error:
        excluded = validation.excluded
        parts = [f"{source}: {error}"]
        if excluded:
            parts.append(f"left out: {describe_reasons(excluded)}")
        if not validation.keep_incomplete and {movie.reason for movie in excluded} & INCOMPLETE:
            parts.append("keep movies without a poster or without a plot with `keep_incomplete`")
        raise DataError("; ".join(parts) + write_list(out, excluded)) from None


def warn_of_missing_genres(data: PreparedData, splits: Collection[Split] = tuple(Split)) -> None:
    """Log a warning of the genres that no movie of a split has.

    Args:
        data: The prepared data.
        splits: The splits to look at.
    """
    counts = data.datasheet.get("genres", {})
    for split in splits:
        names = [name for name in data.genres if counts.get(name, {}).get(split.value) == 0]
        if names:
            more = len(names) - _MAX_NAMES
            listed = ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
            logger.warning(
                "warning: no %s movie has %s, so %s; add such movies, or name the other genres "
                "with `genres` of moviegenre data prepare",
                "training" if split is Split.TRAIN else split.value,
                listed,
                _WITHOUT_GENRE[split],
            )
