"""From films to answers: what the worker thread does with a batch."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.core.errors import MovieGenreError

if TYPE_CHECKING:
    from moviegenre.inference.films import Film
    from moviegenre.inference.predictor import Predictor

Answer = dict[str, Any] | Exception
"""A prediction as plain values, or why there is none; a ``MovieGenreError`` is the film's fault."""


@dataclass(frozen=True)
class Question:
    """A film as it was sent.

    Attributes:
        plot: The text, if any.
        poster: The encoded image, if any.
        explain: Also say what plot and poster had to do with it.
        attribute: Genres of which to say as well which words and regions spoke for them.
    """

    plot: str | None
    poster: bytes | None
    explain: bool = False
    attribute: tuple[str, ...] = ()


class FilmAnswerer:
    """Answers questions about films, in the one thread that touches the model.

    Posters are decoded here and not when a request arrives: one at a time, so that the memory they
    take is bounded, and only when an answer is still awaited.

    Args:
        predictor: What predicts.
        metrics: Where batches and errors are counted.
    """

    def __init__(self, predictor: "Predictor", metrics: ServiceMetrics) -> None:
        self._predictor = predictor
        self._metrics = metrics

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Return an answer to every question, in their order; raises nothing."""
        start = time.perf_counter()
        answers: dict[int, Answer] = {}
        films: dict[int, Film] = {}
        for number, question in enumerate(questions):
            try:
                films[number] = self._predictor.reader.read(question.plot, question.poster)
            except Exception as error:
                answers[number] = error
        if films:
            numbers = list(films)
            asked = [questions[number] for number in numbers]
            found = self._predict(list(films.values()), asked)
            answers.update(zip(numbers, found, strict=True))
            self._metrics.count_batch(len(films), time.perf_counter() - start)
        for answer in answers.values():
            if isinstance(answer, MovieGenreError):
                self._metrics.count_error("film")
            elif isinstance(answer, Exception):
                log_event(logging.ERROR, "prediction failed", error=answer)
        return [answers[number] for number in range(len(questions))]

    def _predict(self, films: "Sequence[Film]", questions: Sequence[Question]) -> list[Answer]:
        try:
            predictions = self._predictor.predict_films(films, batch_size=len(films))
        except Exception as error:
            if len(films) == 1:
                return [error]
            # One of them may be to blame, and the others are not to suffer for it.
            pairs = zip(films, questions, strict=True)
            return [self._predict([film], [question])[0] for film, question in pairs]
        answers: list[Answer] = []
        for prediction, question in zip(predictions, questions, strict=True):
            try:
                answer = prediction.to_json_dict()
                if question.explain:
                    explanation = prediction.explain(attribute=question.attribute)
                    answer["explanation"] = explanation.to_json_dict()
                    if self._predictor.similar is not None:
                        answer["similar"] = [vars(movie) for movie in prediction.similar()]
                answers.append(answer)
            except Exception as error:
                answers.append(error)
        return answers
