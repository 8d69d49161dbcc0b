"""From films to answers: what is read of a film, predicted, and explained."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moviegenre.apps.service.jobs import GoneError
from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.pace import Pace
from moviegenre.core.errors import MovieGenreError

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.prediction import Prediction
    from moviegenre.inference.predictor import Predictor
    from moviegenre.inference.slices import Slices

Answer = dict[str, Any] | Exception
"""A prediction as plain values, or why there is none; a ``MovieGenreError`` is the film's fault."""

_CHARS_PER_COST = 1000  # a plot of so many costs as much again as a film without one
_MOST_CHARS = 4000  # models read no more than the beginning of a plot


@dataclass(frozen=True)
class Question:
    """A film as it was sent.

    Attributes:
        plot: The text, if any.
        poster: The encoded image, if any.
        explain: Also say what plot and poster had to do with it.
        attribute: Genres of which to say as well which words and regions spoke for them.
        title: Its title, where it is known.
        year: The year of its release, where it is known.
    """

    plot: str | None
    poster: bytes | None
    explain: bool = False
    attribute: tuple[str, ...] = ()
    title: str | None = None
    year: int | None = None

    @property
    def cost(self) -> float:
        """About how much work one answer to it is for the model; 1 for a film without a plot."""
        return 1 + min(len(self.plot or ""), _MOST_CHARS) / _CHARS_PER_COST


@dataclass(frozen=True)
class Work:
    """A question for the model.

    Attributes:
        question: The film as it was sent.
        film: The film as the model reads it, where it was read already.
    """

    question: Question
    film: "Film | None" = None


@dataclass(frozen=True)
class Predicted:
    """What the model says of a film.

    Attributes:
        film: The film as it was read.
        prediction: The prediction.
    """

    film: "Film"
    prediction: "Prediction"


class FilmAnswerer:
    """Answers questions about films; raises nothing.

    ``predict`` is called in the one thread that touches the model, ``read`` and ``explain`` in any
    other as well.

    Args:
        predictor: What predicts.
        metrics: Where slices and errors are counted.
        pace: Where it is noted how long the model takes.
    """

    def __init__(self, predictor: "Predictor", metrics: ServiceMetrics, pace: Pace) -> None:
        self._predictor = predictor
        self._metrics = metrics
        self._pace = pace

    def read(self, question: Question) -> "Film | Exception":
        """Return a film as the model reads it, its poster decoded; or why it cannot be read."""
        try:
            return self._predictor.reader.read(
                question.plot, question.poster, question.title, question.year
            )
        except BaseException as error:
            return self._failed(error)

    def predict(self, works: Sequence[Work]) -> list[Predicted | Exception]:
        """Return what the model says of every film, in their order."""
        start = time.perf_counter()
        answers: dict[int, Predicted | Exception] = {}
        films: dict[int, Film] = {}
        for number, work in enumerate(works):
            film = work.film if work.film is not None else self.read(work.question)
            if isinstance(film, Exception):
                answers[number] = film
            else:
                films[number] = film
        if films:
            begin = time.perf_counter()
            answers.update(zip(films, self._predict(list(films.values())), strict=True))
            end = time.perf_counter()
            self._metrics.count_batch(len(films), end - start)
            # Films that could not be read took no time, and must not make the model seem fast.
            self._pace.note(sum(works[number].question.cost for number in films), end - begin)
        return [answers[number] for number in range(len(works))]

    def _predict(self, films: "Sequence[Film]") -> list[Predicted | Exception]:
        try:
            predictions = self._predictor.predict_films(films, batch_size=len(films))
        except BaseException as error:
            if len(films) == 1:
                return [self._failed(error)]
            # One of them may be to blame, and the others are not to suffer for it.
            return [self._predict([film])[0] for film in films]
        return [Predicted(*pair) for pair in zip(films, predictions, strict=True)]

    def explain(self, predicted: Predicted, question: Question, slices: "Slices") -> Answer:
        """Return a prediction as plain values, with what spoke for it.

        Args:
            predicted: What the model said.
            question: What was asked.
            slices: How the model's work on it is cut and run.
        """
        try:
            answer = predicted.prediction.to_json_dict()
            explanation = self._predictor.explain(predicted.film, question.attribute, slices=slices)
            answer["explanation"] = explanation.to_json_dict()
            if self._predictor.similar is not None:
                answer["similar"] = [vars(movie) for movie in predicted.prediction.similar()]
        except BaseException as error:
            return self._failed(error)
        return answer

    def _failed(self, error: BaseException) -> Exception:
        """Count or log why a film has no answer, and return it as an ordinary exception."""
        if isinstance(error, MovieGenreError):
            self._metrics.count_error("film")
            return error
        failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
        if not isinstance(error, GoneError):
            log_event(logging.ERROR, "prediction failed", error=failure)
        return failure
