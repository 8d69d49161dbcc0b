"""Read many films for a model: stop at unreadable films, or report them one by one."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from moviegenre.core.errors import ConfigError, InputError, MovieGenreError, counted, did_you_mean
from moviegenre.inference.classifier import Row, table_rows
from moviegenre.inference.films import Film, FilmReader, Plot
from moviegenre.inference.title_check import Title, Year
from moviegenre.inference.unread_parts import given_parts, unread_note

logger = logging.getLogger(__name__)

Errors = Literal["raise", "report"]
"""Stop with one error if films cannot be read, or continue and report the errors."""

_MAX_NAMED = 3  # faults in a message


@dataclass(frozen=True)
class ReadFilm:
    """A film, or why there is none.

    Attributes:
        film: The film in the model's form; None if nothing can be read.
        error: The error of the parts that could not be read; None if there is none.
    """

    film: Film | None
    error: str | None = None


def read_films(
    reader: FilmReader,
    rows: Sequence[Row | InputError],
    errors: Errors,
    *,
    warn_unread: bool = False,
) -> list[ReadFilm]:
    """Return films in a model's form, in their order.

    Args:
        reader: The model's reader.
        rows: The films, or the errors of reading them.
        errors: ``raise`` stops if a film cannot be read in full; ``report`` reads a film with a
            broken poster without it, and never stops.
        warn_unread: See ``FilmReader.read``.

    Raises:
        ConfigError: ``errors`` has another value.
        InputError: Films cannot be read; the message names the first of these films.
    """
    known = get_args(Errors)
    if errors not in known:
        raise ConfigError(f"unknown errors={errors!r}; {did_you_mean(str(errors), known)}")
    films = [_read(reader, row, errors, warn_unread=warn_unread) for row in rows]
    if errors == "raise" and (faults := _faults(films)):
        raise InputError(faults)
    return films


def read_table(
    reader: FilmReader, table: object, errors: Errors, consequence: str
) -> list[ReadFilm]:
    """Return the films of a table, see ``read_films``; what they lack is logged.

    Args:
        reader: The model's reader.
        table: See ``classifier.table_rows``.
        errors: See ``read_films``.
        consequence: How the table of answers shows a film that is None.

    Raises:
        ConfigError: ``errors`` has another value.
        InputError: The table is of another kind, or films cannot be read.
        DataError: Several columns may be the plot, or several have the same name.
    """
    rows = table_rows(table, errors)
    _log_unread(reader, rows)
    films = read_films(reader, rows, errors)
    _log_faults(films, consequence)
    return films


def _log_unread(reader: FilmReader, rows: Sequence[Row | InputError]) -> None:
    """Log a warning, once for all films, if a model does not read parts that some films have."""
    films = [row for row in rows if isinstance(row, Row)]
    given = {part for film in films for part in given_parts(*film[:4])}
    if note := unread_note(given, reader.parts):
        logger.warning("the table: %s", note)


def _log_faults(films: Sequence[ReadFilm], consequence: str) -> None:
    """Log a warning that names films that could not be read, and one of films with warnings.

    Args:
        films: The result of ``read_films``.
        consequence: See ``read_table``.
    """
    if faults := _faults(films):
        logger.warning("not read in full: %s; %s", faults, consequence)
    read = [(number, found.film) for number, found in enumerate(films) if found.film is not None]
    noted = [(number, film) for number, film in read if film.warnings]
    noted.sort(key=lambda item: bool(item[1].modalities))  # films without an answer first
    if noted:
        lines = [
            f"films[{number}]: {' '.join(film.warnings).removesuffix('.')}"
            for number, film in noted
        ]
        num_unanswered = sum(not film.modalities for _, film in noted)
        unanswered = (
            f", {num_unanswered} of them with nothing to read (no genre is chosen, and their "
            "probabilities are the genres' frequencies)"
        )
        logger.warning(
            "films with a warning: %d of %d%s: %s",
            *(len(noted), len(films), unanswered if num_unanswered else "", _first(lines)),
        )


def _read(
    reader: FilmReader, row: Row | InputError, errors: Errors, *, warn_unread: bool
) -> ReadFilm:
    if isinstance(row, InputError):
        return ReadFilm(None, str(row))
    plot, poster, title, year, warning = row
    film: Film | None = None
    fault: str | None = None
    try:
        film = reader.read(plot, poster, title, year, warn_unread=warn_unread)
    except MovieGenreError as error:
        fault = str(error)
        if errors == "report" and poster is not None:
            film = film_without_poster(reader, plot, title, year)
            fault += used_instead(film.parts if film and film.modalities else ())
    if film is not None and warning is not None:
        film = replace(film, warnings=(*film.warnings, warning))
    return ReadFilm(film, fault)


def film_without_poster(reader: FilmReader, plot: Plot, title: Title, year: Year) -> Film | None:
    """Return a film without its broken poster; None if nothing else can be read."""
    try:
        return reader.read(plot, None, title, year)
    except MovieGenreError:
        return None


def used_instead(parts: Sequence[str]) -> str:
    """Return the end of a message on a broken poster: the part that was used instead.

    Args:
        parts: The parts of the film that were read; if empty, the result is empty too.
    """
    return f"; the {parts[0]} alone was used" if parts else ""


def _faults(films: Sequence[ReadFilm]) -> str:
    """Return the first faults and the number of others; empty if there are none."""
    faults = [f"films[{number}]: {film.error}" for number, film in enumerate(films) if film.error]
    return _first(faults)


def _first(faults: Sequence[str]) -> str:
    named = "; ".join(faults[:_MAX_NAMED])
    more = len(faults) - _MAX_NAMED
    return f"{named}; and {counted(more, 'more film')}" if more > 0 else named
