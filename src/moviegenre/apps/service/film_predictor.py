"""Reading, predicting and explaining films."""

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
"""A prediction as plain values, or an error; a ``MovieGenreError`` is the film's fault."""

_CHARS_PER_COST = 1000  # a plot of this length doubles the cost of a film
_MAX_CHARS = 4000  # models read only the beginning of a plot


@dataclass(frozen=True)
class FilmInput:
    """A film as it was sent.

    Attributes:
        plot: The text, or several texts about the film, if any.
        poster: The encoded image, if any.
        explain: Also explain the prediction.
        attribute: Genres to explain by words and regions as well.
        title: Its title, if it is known.
        year: The year of its release, if it is known.
        warn_unread: Whether parts that the model does not read have a warning.
    """

    plot: str | tuple[str, ...] | None
    poster: bytes | None
    explain: bool = False
    attribute: tuple[str, ...] = ()
    title: str | None = None
    year: str | float | None = None
    warn_unread: bool = True

    @property
    def plot_chars(self) -> int:
        """The number of characters of its texts."""
        texts = (self.plot,) if isinstance(self.plot, str) else self.plot or ()
        return sum(map(len, texts))

    @property
    def cost(self) -> float:
        """The approximate work of its prediction; 1 for a film without a plot."""
        return 1 + min(self.plot_chars, _MAX_CHARS) / _CHARS_PER_COST


@dataclass(frozen=True)
class PredictionTask:
    """A film for the model: as it was sent and, if it was read already, in the model's form."""

    input: FilmInput
    film: "Film | None" = None


@dataclass(frozen=True)
class Predicted:
    """A film in the model's form, and its prediction."""

    film: "Film"
    prediction: "Prediction"


class FilmPredictor:
    """Reads, predicts and explains films; raises nothing.

    Only the thread of the model may call ``predict``; any thread may call ``read`` and
    ``explain``.
    """

    def __init__(
        self, predictor: "Predictor", metrics: ServiceMetrics, speed: SpeedEstimate
    ) -> None:
        self._predictor = predictor
        self._metrics = metrics
        self._speed = speed

    def read(self, film: FilmInput) -> "Film | Exception":
        """Return a film in the model's form, with its poster decoded, or the error."""
        try:
            return self._predictor.reader.read(
                *(film.plot, film.poster, film.title, film.year), warn_unread=film.warn_unread
            )
        except BaseException as error:
            return self._failure(error)

    def predict(self, tasks: Sequence[PredictionTask]) -> list[Predicted | Exception]:
        """Return the prediction of every film, in their order."""
        start = time.perf_counter()
        results: dict[int, Predicted | Exception] = {}
        films: dict[int, Film] = {}
        for index, task in enumerate(tasks):
            film = task.film if task.film is not None else self.read(task.input)
            if isinstance(film, Exception):
                results[index] = film
            else:
                films[index] = film
        if films:
            predict_start = time.perf_counter()
            results.update(zip(films, self._predict(list(films.values())), strict=True))
            end = time.perf_counter()
            self._metrics.count_batch(len(films), end - start)
            # Unreadable films took no time; they must not make the model seem fast.
            self._speed.record(sum(tasks[index].input.cost for index in films), end - predict_start)
        return [results[index] for index in range(len(tasks))]

    def _predict(self, films: "Sequence[Film]") -> list[Predicted | Exception]:
        try:
            predictions = self._predictor.predict_films(films, batch_size=len(films))
        except BaseException as error:
            if len(films) == 1:
                return [self._failure(error)]
            # One film may be the cause; the others get their predictions.
            return [self._predict([film])[0] for film in films]
        return [
            Predicted(film, prediction) for film, prediction in zip(films, predictions, strict=True)
        ]

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
        """Count or log the error of a film, and return it as an ``Exception``."""
        if isinstance(error, MovieGenreError):
            self._metrics.count_error("film")
            return error
        failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
        if not isinstance(error, AbandonedError):
            log_event(logging.ERROR, "prediction failed", error=failure)
        return failure
