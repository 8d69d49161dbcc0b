"""The predictor: films in, genres out, the same way for every model and backend."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.trained import Answer, TrainedModel
from moviegenre.core.decisions import BoolArray, FloatArray, probabilities
from moviegenre.core.errors import ConfigError, InputError
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import AttributionMethod
from moviegenre.data.batches import ordered_batches
from moviegenre.inference.attribution import Attributor, label_columns
from moviegenre.inference.classifier import (
    Column,
    Posters,
    Row,
    TableClassifier,
    as_column,
    cell_value,
    film_rows,
)
from moviegenre.inference.ensemble_films import film_reader
from moviegenre.inference.film_reading import Errors, read_films, read_table
from moviegenre.inference.films import Film, distinct_films
from moviegenre.inference.modality_effects import explain_modalities
from moviegenre.inference.model_source import ModelSource, Request, no_index_message, reopen
from moviegenre.inference.poster_input import Poster
from moviegenre.inference.prediction import Explanation, Prediction
from moviegenre.inference.similar import SimilarIndex, SimilarMovie
from moviegenre.inference.slices import WHOLE, Slices
from moviegenre.inference.title_check import Title, Year

_BATCH_SIZE = 32


class Predictor(TableClassifier):
    """A trained model that predicts films; made by ``moviegenre.load``.

    It is also a scikit-learn classifier: ``predict(X)`` and ``predict_proba(X)`` take a table of
    films as their one positional argument, see ``classifier.table_rows``; ``classes_`` names the
    columns. It can be pickled: the other process opens the same model again.

    Args:
        backend: The opened model.
        point: Its calibration and thresholds.
        files: The files that determine its predictions; some may be missing.
        similar: The index of similar movies, if any.
        source: The model's source; without it a predictor cannot be pickled.

    Attributes:
        reader: Converts films to the form the model reads.
    """

    def __init__(
        self,
        backend: TrainedModel,
        point: OperatingPoint,
        files: Sequence[Path] = (),
        similar: SimilarIndex | None = None,
        source: ModelSource | None = None,
    ) -> None:
        self.backend = backend
        self.point = point
        self.files = tuple(files)
        self.similar = similar
        self.source = source
        self.reader = film_reader(backend.info)
        self._attributor = Attributor(
            backend, self.reader, point, lambda films: self.answer(films).logits
        )

    def __repr__(self) -> str:
        included = "the included " if self.source is not None and self.source.is_included else ""
        return (
            f"Predictor({included}{self.model.model_name}, {len(self.model.genres)} genres, "
            f"{self.backend.name}, reads {' + '.join(self.model.parts)})"
        )

    def __copy__(self) -> Self:
        return self._with_point(self.point)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._with_point(deepcopy(self.point, memo))  # the other parts never change

    def _with_point(self, point: OperatingPoint) -> Self:
        parts = (self.files, self.similar, self.source)
        return type(self)(self.backend, point, *parts)

    def __reduce__(self) -> tuple[Callable[[Request], "Predictor"], tuple[Request]]:
        if self.source is None:
            raise ConfigError(
                "this predictor was not opened by moviegenre.load, so no other process can open it"
            )
        return reopen, (self.source.request(),)

    @property
    def model(self) -> ModelInfo:
        """The model's information: everything except its weights."""
        return self.backend.info

    @property
    def classes_(self) -> npt.NDArray[np.str_]:
        """The genres, in the order of the columns of ``predict_proba`` (L,)."""
        return np.array(self.model.genres.names)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self,
        films: str,
        /,
        *,
        poster: Poster = ...,
        title: Title = ...,
        year: Year = ...,
        errors: Errors = ...,
    ) -> Prediction: ...
    @overload
    def predict(self, films: object, /, *, errors: Errors = ...) -> npt.NDArray[np.int64]: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: str | tuple[str, ...] | None = ...,
        poster: Poster = ...,
        title: Title = ...,
        year: Year = ...,
        errors: Errors = ...,
    ) -> Prediction: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: Column,
        poster: Column | None = ...,
        title: Column | None = ...,
        year: Column | None = ...,
        errors: Errors = ...,
    ) -> list[Prediction]: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: None = ...,
        poster: Posters,
        title: Column | None = ...,
        year: Column | None = ...,
        errors: Errors = ...,
    ) -> list[Prediction]: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: None = ...,
        poster: None = ...,
        title: Column,
        year: Column | None = ...,
        errors: Errors = ...,
    ) -> list[Prediction]: ...
    def predict(
        self,
        films: object = None,
        /,
        *,
        plot: Any = None,
        poster: Any = None,
        title: Any = None,
        year: Any = None,
        errors: Errors = "raise",
    ) -> Prediction | list[Prediction] | npt.NDArray[np.int64]:
        """Predict the genres of a film, of several films, or of a table.

        Args:
            films: A text is the plot of one film. Anything else is a table, as in scikit-learn,
                see ``classifier.table_rows``; a table allows no other arguments than ``errors``.
            plot: A text; a tuple of several texts about one film; a list, Series or array for
                several films.
            poster: A path, encoded bytes, a PIL image or pixels; a list for several films. Plot or
                poster may be missing, and single films of a list may have None.
            title: The film's title, if known; a list for several films.
            year: The year of its release, likewise; also a text or a date. Parts that the model
                does not read are ignored with a warning.
            errors: ``raise``: one error for all films that cannot be read. ``report``: such a film
                has no genres and a reason in ``error``; a broken poster is left out. A table has
                no column for the reason: a warning is logged.

        Returns:
            A prediction, or a list of predictions; for a table, 1 for each chosen genre (N, L).

        Raises:
            InputError: Films have nothing that the model reads; the message names them.
            PosterError: The poster is no image.
            ConfigError: ``errors`` has another value.
        """
        parts: list[Any] = [plot, poster, title, year]
        if isinstance(films, str) and plot is None:
            parts[0] = films
        elif films is not None:
            if any(part is not None for part in parts):
                raise InputError("found a table beside plot or poster; expected one or the other")
            return self._predict_table(films, errors)
        parts = [cell_value(as_column(part)) for part in parts]
        given = [part for part in parts[:2] if part is not None] or parts[2:]
        if any(isinstance(part, list) for part in given):
            rows = film_rows(**dict(zip(("plot", "poster", "title", "year"), parts, strict=True)))
            return self._predict_rows(rows, errors)
        if errors == "raise":
            return self.predict_films([self.reader.read(*parts, warn_unread=True)])[0]
        return self._predict_rows([Row(*parts)], errors)[0]

    def predict_proba(self, X: object, *, errors: Errors = "raise") -> npt.NDArray[np.float64]:
        """Return probabilities (N, L) for a table of N films, see ``classifier.table_rows``.

        Args:
            X: The table.
            errors: ``raise``: one error for all films that cannot be read. ``report``: their rows
                are not-a-number, and a warning is logged.

        Raises:
            InputError: X is no table, or films have nothing that the model reads.
            ConfigError: ``errors`` has another value.
        """
        consequence = "a film without anything to read has not-a-number"
        num_films, rows, films = self._read_table(X, errors, consequence)
        probs = np.full((num_films, len(self.model.genres)), np.nan)
        probs[rows] = self.probabilities(films)
        return probs

    def predict_films(
        self, films: Sequence[Film], batch_size: int = _BATCH_SIZE
    ) -> list[Prediction]:
        """Predict films in the model's form, in their order.

        Args:
            films: The result of ``reader.read``.
            batch_size: Films that are computed together.
        """
        logits = self.answer(films, batch_size).logits
        probs = self._calibrated(films, logits)
        chosen = self.decide(films, probs)
        return [
            self._prediction(*parts) for parts in zip(films, probs, chosen, logits, strict=True)
        ]

    def probabilities(self, films: Sequence[Film], batch_size: int = _BATCH_SIZE) -> FloatArray:
        """Return calibrated probabilities (N, L) of N films, in their order.

        Args:
            films: The result of ``reader.read``.
            batch_size: Films that are computed together.
        """
        return self._calibrated(films, self.answer(films, batch_size).logits)

    def _calibrated(self, films: Sequence[Film], logits: npt.NDArray[np.float32]) -> FloatArray:
        probs: FloatArray = probabilities(logits).astype(np.float64)
        for point, rows in self._points(films):
            probs[rows] = point.calibrate(probs[rows])
        return probs

    def decide(self, films: Sequence[Film], probs: FloatArray) -> BoolArray:
        """Return the chosen genres (N, L), by the thresholds for each film's modalities.

        No genre is chosen for a film with nothing to read: its probabilities are the prior's.

        Args:
            films: The result of ``reader.read``.
            probs: Their calibrated probabilities (N, L).
        """
        chosen = np.zeros(probs.shape, dtype=np.bool_)
        for point, rows in self._points(films):
            chosen[rows] = point.decide(probs[rows])
        chosen[[not film.modalities for film in films]] = False  # the prior is no answer
        return chosen

    def _points(self, films: Sequence[Film]) -> list[tuple[OperatingPoint, list[int]]]:
        """Return the operating points of films, each with the rows of its films."""
        lengths = [len(film.tokens) for film in films]
        return self.point.by_rows((film.modalities for film in films), lengths)

    def answer(self, films: Sequence[Film], batch_size: int = _BATCH_SIZE) -> Answer:
        """Return logits (N, L) and gate weights of N films, batched by similar length."""
        films, index = distinct_films(films)
        lengths = np.array([len(film.tokens) for film in films], dtype=np.int64)
        logits = np.zeros((len(films), len(self.model.genres)), dtype=np.float32)
        gate: npt.NDArray[np.float32] | None = None
        for rows in ordered_batches(lengths, batch_size):
            answer = self.backend.answer(self.reader.batch([films[row] for row in rows]))
            logits[rows] = answer.logits
            if answer.gate is not None:
                gate = np.zeros((len(films), 2), dtype=np.float32) if gate is None else gate
                gate[rows] = answer.gate
        return Answer(logits[index], None if gate is None else gate[index])

    def explain(
        self,
        film: Film,
        attribute: Sequence[str] = (),
        method: AttributionMethod = "auto",
        slices: Slices = WHOLE,
    ) -> Explanation:
        """Return the effect of each modality on each genre, and of words and regions on some.

        Each modality in turn is left out. A film without any modality gets the label prior.

        Args:
            film: The result of ``reader.read``.
            attribute: Genres for which words and regions are attributed.
            method: ``gradients``; ``occlusion``, which leaves parts out; or ``auto``, which uses
                gradients if the model has them.
            slices: How the work is split and run. If it is split, ``auto`` uses occlusion, because
                gradients cannot be split.

        Raises:
            ConfigError: There is no such method, or the model has no gradients.
            InputError: The model does not know such a genre.
            MissingExtraError: The method needs gradients and Captum is not installed.
        """
        labels = label_columns(attribute, self.model.genres.names)
        point = self.point.of(film.modalities, len(film.tokens))
        batch = self.reader.batch([film])
        explanation, logits = explain_modalities(self.backend, film, batch, point, slices)
        return self._attributor.explained(
            explanation, film, logits, labels, method=method, slices=slices
        )

    def _nearest(self, logits: npt.NDArray[np.float32], count: int) -> list[SimilarMovie]:
        if self.similar is None:
            raise InputError(no_index_message(self.model.model_name, self.source))
        return self.similar.nearest(logits, count)

    def _predict_table(self, table: object, errors: Errors) -> npt.NDArray[np.int64]:
        consequence = "a film without anything to read has no genre"
        num_films, rows, films = self._read_table(table, errors, consequence)
        chosen = np.zeros((num_films, len(self.model.genres)), dtype=np.int64)
        chosen[rows] = self.decide(films, self.probabilities(films))
        return chosen

    def _read_table(
        self, table: object, errors: Errors, consequence: str
    ) -> tuple[int, list[int], list[Film]]:
        """Return the number of films in a table, and the readable films with their rows."""
        results = read_table(self.reader, table, errors, consequence)
        rows = [row for row, result in enumerate(results) if result.film is not None]
        return len(results), rows, [result.film for result in results if result.film is not None]

    def _predict_rows(self, rows: Sequence[Row], errors: Errors) -> list[Prediction]:
        results = read_films(self.reader, rows, errors, warn_unread=True)
        films = [result.film for result in results if result.film is not None]
        answers = iter(self.predict_films(films))
        return [
            Prediction.unreadable(result.error or "")
            if result.film is None
            else replace(next(answers), error=result.error)
            for result in results
        ]

    def _prediction(
        self,
        film: Film,
        probs: FloatArray,
        chosen: npt.NDArray[np.bool_],
        logits: npt.NDArray[np.float32],
    ) -> Prediction:
        names = self.model.genres.names
        thresholds = self.point.of(film.modalities, len(film.tokens)).thresholds
        order = np.argsort(-probs, kind="stable")
        return Prediction(
            genres=[names[i] for i in order if chosen[i]],
            probabilities={names[i]: float(probs[i]) for i in order},
            thresholds={names[i]: float(thresholds[i]) for i in order},
            modalities=list(film.parts),
            warnings=list(film.warnings),
            _explain=partial(self.explain, film),
            _similar=partial(self._nearest, logits),
        )
