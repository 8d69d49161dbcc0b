"""From films to answers: a film is read, predicted, and explained."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moviegenre.apps.service.batching import SpeedEstimate
from moviegenre.apps.service.jobs import AbandonedError
from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.core.errors import MovieGenreError

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.prediction import Prediction
    from moviegenre.inference.predictor import Predictor
    from moviegenre.inference.slices import Slices

Answer = dict[str, Any] | Exception
"""A prediction as plain values, or why there is none; a ``MovieGenreError`` is the film's fault."""

_CHARS_PER_COST = 1000  # a plot of so many costs as much again as a film without one
_MAX_CHARS = 4000  # models read no more than the beginning of a plot


@dataclass(frozen=True)
class FilmInput:
    """A film as it was sent.

    Attributes:
        plot: The text, if any.
        poster: The encoded image, if any.
        explain: Also explain the prediction.
        attribute: Genres to explain by words and regions as well.
        title: Its title, if it is known.
        year: The year of its release, if it is known.
    """

    plot: str | None
    poster: bytes | None
    explain: bool = False
    attribute: tuple[str, ...] = ()
    title: str | None = None
    year: int | None = None

    @property
    def cost(self) -> float:
        """About how much work its prediction is for the model; 1 for a film without a plot."""
        return 1 + min(len(self.plot or ""), _MAX_CHARS) / _CHARS_PER_COST


@dataclass(frozen=True)
class PredictionTask:
    """A film for the model: as it was sent, and as the model reads it, if it was read already."""

    input: FilmInput
    film: "Film | None" = None


@dataclass(frozen=True)
class Predicted:
    """A film as it was read, and its prediction."""

    film: "Film"
    prediction: "Prediction"


class FilmPredictor:
    """Reads, predicts and explains films; raises nothing.

    ``predict`` is called in the one thread that touches the model, ``read`` and ``explain`` in any
    other as well.
    """

    def __init__(
        self, predictor: "Predictor", metrics: ServiceMetrics, speed: SpeedEstimate
    ) -> None:
        self._predictor = predictor
        self._metrics = metrics
        self._speed = speed

    def read(self, film: FilmInput) -> "Film | Exception":
        """Return a film as the model reads it, its poster decoded; or why it cannot be read."""
        try:
            return self._predictor.reader.read(film.plot, film.poster, film.title, film.year)
        except BaseException as error:
            return self._failure(error)

    def predict(self, tasks: Sequence[PredictionTask]) -> list[Predicted | Exception]:
        """Return the prediction of every film, in their order."""
        start = time.perf_counter()
        results: dict[int, Predicted | Exception] = {}
        films: dict[int, Film] = {}
        for number, task in enumerate(tasks):
            film = task.film if task.film is not None else self.read(task.input)
            if isinstance(film, Exception):
                results[number] = film
            else:
                films[number] = film
        if films:
            begin = time.perf_counter()
            results.update(zip(films, self._predict(list(films.values())), strict=True))
            end = time.perf_counter()
            self._metrics.count_batch(len(films), end - start)
            # Films that could not be read took no time, and must not make the model seem fast.
            self._speed.record(sum(tasks[number].input.cost for number in films), end - begin)
        return [results[number] for number in range(len(tasks))]

    def _predict(self, films: "Sequence[Film]") -> list[Predicted | Exception]:
        try:
            predictions = self._predictor.predict_films(films, batch_size=len(films))
        except BaseException as error:
            if len(films) == 1:
                return [self._failure(error)]
            # One film may be the cause; the others get their predictions.
            return [self._predict([film])[0] for film in films]
        return [Predicted(*pair) for pair in zip(films, predictions, strict=True)]

    def explain(self, predicted: Predicted, film: FilmInput, slices: "Slices") -> Answer:
        """Return a prediction with its explanation, computed in slices, as plain values."""
        try:
            answer = predicted.prediction.to_json_dict()
            explanation = self._predictor.explain(predicted.film, film.attribute, slices=slices)
            answer["explanation"] = explanation.to_json_dict()
            if self._predictor.similar is not None:
                answer["similar"] = [vars(movie) for movie in predicted.prediction.similar()]
        except BaseException as error:
            return self._failure(error)
        return answer

    def _failure(self, error: BaseException) -> Exception:
        """Count or log why a film has no answer, and return it as an ordinary exception."""
        if isinstance(error, MovieGenreError):
            self._metrics.count_error("film")
            return error
        failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
        if not isinstance(error, AbandonedError):
            log_event(logging.ERROR, "prediction failed", error=failure)
        return failure
