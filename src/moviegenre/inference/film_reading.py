"""Reading many films for a model: stop at what cannot be read, or report it film by film."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from moviegenre.core.errors import ConfigError, InputError, MovieGenreError, did_you_mean
from moviegenre.inference.classifier import Row
from moviegenre.inference.films import Film, FilmReader

logger = logging.getLogger(__name__)

Errors = Literal["raise", "report"]
"""What to do about films that cannot be read: stop with one error, or go on and report them."""

_SHOWN = 3  # faults that a message names one by one


@dataclass(frozen=True)
class ReadFilm:
    """A film, or why there is none.

    Attributes:
        film: As the model reads it; None where nothing can be read.
        error: What could not be read of it; None where all could.
    """

    film: Film | None
    error: str | None = None


def read_films(
    reader: FilmReader, rows: Sequence[Row | InputError], errors: Errors
) -> list[ReadFilm]:
    """Return films in the form a model reads them, in their order.

    Args:
        reader: The model's.
        rows: What is known of each film, or why nothing is.
        errors: ``raise`` stops if a film cannot be read in full; ``report`` reads the rest of a
            film whose poster is broken, and goes on where nothing is left.

    Raises:
        ConfigError: ``errors`` is something else.
        InputError: Films cannot be read; the message names the first of them.
    """
    known = get_args(Errors)
    if errors not in known:
        raise ConfigError(f"unknown errors={errors!r}; {did_you_mean(str(errors), known)}")
    films = [_read(reader, row, errors) for row in rows]
    if errors == "raise" and (faults := _faults(films)):
        raise InputError(faults)
    return films


def log_faults(films: Sequence[ReadFilm], consequence: str) -> None:
    """Log a warning that names the films that could not be read, if any.

    Args:
        films: What ``read_films`` returned.
        consequence: What the table of answers has for a film that is None.
    """
    if faults := _faults(films):
        logger.warning("not read in full: %s; %s", faults, consequence)


def _read(reader: FilmReader, row: Row | InputError, errors: Errors) -> ReadFilm:
    if isinstance(row, InputError):
        return ReadFilm(None, str(row))
    plot, poster, title, year = row
    try:
        return ReadFilm(reader.read(plot, poster, title, year))
    except MovieGenreError as error:
        fault = str(error)
    if errors == "raise" or poster is None:
        return ReadFilm(None, fault)
    try:
        film = reader.read(plot, None, title, year)
    except MovieGenreError:
        return ReadFilm(None, fault)
    return ReadFilm(film, f"{fault}{used_instead(film.parts if film.modalities else ())}")


def used_instead(parts: Sequence[str]) -> str:
    """Return the end of a sentence on a broken poster: what was used instead.

    Args:
        parts: What was read of the film; empty if nothing was, and then so is the result.
    """
    return f"; the {parts[0]} alone was used" if parts else ""


def _faults(films: Sequence[ReadFilm]) -> str:
    """Return the first faults and how many more there are; empty where there are none."""
    faults = [f"film {number}: {film.error}" for number, film in enumerate(films) if film.error]
    named = "; ".join(faults[:_SHOWN])
    more = len(faults) - _SHOWN
    return f"{named}; and {more:,} more films" if more > 0 else named
