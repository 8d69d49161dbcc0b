"""A model's answers for films of a library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from moviegenre.core.errors import MovieGenreError
from moviegenre.inference.films import Film
from moviegenre.inference.prediction import Prediction
from moviegenre.inference.predictor import Predictor

_BATCH_SIZE = 32


@dataclass(frozen=True)
class FilmText:
    """The texts and the poster of a film.

    Attributes:
        plot: Its plot or outline.
        poster: The file of its poster.
        title: Its title.
        year: The year of its release.
    """

    plot: str | None = None
    poster: Path | None = None
    title: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class Answer:
    """A model's answer for a film.

    Attributes:
        genres: The chosen genres, the surest first.
        probabilities: Their probabilities.
        has_plot: Whether a plot was read; the title alone is none.
        has_poster: Whether a poster was read.
        warnings: Warnings for the reader, as sentences.
    """

    genres: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    has_plot: bool = False
    has_poster: bool = False
    warnings: tuple[str, ...] = ()


Answerer = Callable[[Sequence[FilmText]], list[Answer]]
"""Answers some films, in their order."""


Predict = Callable[[Sequence[Film]], Sequence[Prediction]]
"""Predicts films in the model's form, in their order."""


def no_answers(films: Sequence[FilmText]) -> list[Answer]:
    """Return empty answers, for a library without films to predict."""
    return [Answer() for _ in films]


def model_answers(predictor: Predictor, predict: Predict | None = None) -> Answerer:
    """Return an answerer that uses a model.

    Args:
        predictor: The model; its reader also reads the films.
        predict: Predicts films; None calls the model directly.
    """
    predict_films = predict or partial(predictor.predict_films, batch_size=_BATCH_SIZE)

    def answer(films: Sequence[FilmText]) -> list[Answer]:
        results = [_read(predictor, film) for film in films]
        usable = [film for film, _ in results if film is not None]
        predictions = iter(predict_films(usable))
        return [
            Answer(warnings=faults) if film is None else _answer(film, next(predictions), faults)
            for film, faults in results
        ]

    return answer


def _read(predictor: Predictor, film: FilmText) -> tuple[Film | None, tuple[str, ...]]:
    """Return a film in the model's form, and the error of the parts that could not be read."""
    faults: tuple[str, ...] = ()
    for poster in (film.poster, None):
        try:
            return predictor.reader.read(film.plot, poster, film.title, film.year), faults
        except MovieGenreError as error:
            faults = faults or (str(error),)
    return None, faults


def _answer(film: Film, prediction: Prediction, faults: tuple[str, ...]) -> Answer:
    return Answer(
        tuple(prediction.genres),
        tuple(prediction.probabilities[name] for name in prediction.genres),
        has_plot=bool(film.plot.strip()),
        has_poster=film.poster is not None,
        warnings=(*faults, *prediction.warnings),
    )
