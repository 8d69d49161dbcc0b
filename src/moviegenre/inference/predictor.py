"""The predictor: films in, genres out, the same way for every model and backend."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import BoolArray, FloatArray, probabilities
from moviegenre.core.errors import InputError, MovieGenreError, did_you_mean
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import Modality
from moviegenre.data.batches import ordered_batches
from moviegenre.inference.attribution import Attributor, Method, word_shares
from moviegenre.inference.backends import Answer, Backend
from moviegenre.inference.classifier import Row, TableClassifier, film_rows, table_rows
from moviegenre.inference.ensemble_films import film_reader
from moviegenre.inference.films import Film, Plot, Poster
from moviegenre.inference.prediction import Explanation, Prediction
from moviegenre.inference.similar import SimilarIndex, SimilarMovie
from moviegenre.inference.slices import WHOLE, Slices
from moviegenre.models.exported import Description

_BATCH_SIZE = 32
_FAULTS = 3  # of a batch that are told one by one


class Predictor(TableClassifier):
    """A trained model, ready to answer; made by ``moviegenre.load``.

    It also speaks scikit-learn's way: ``predict(X)`` and ``predict_proba(X)`` take a table of films
    as their one positional argument, see ``classifier.table_rows``; ``classes_`` names the columns.

    Args:
        model: What the model's checkpoint says.
        backend: What computes its logits.
        point: Its calibration and thresholds.
        files: The files that decide what it predicts; some may be missing.
        similar: The movies that a film is compared with, if any.

    Attributes:
        model: As given.
        backend: As given.
        point: As given.
        files: As given.
        similar: As given.
        reader: Brings films into the form the model reads.
    """

    def __init__(
        self,
        model: Description,
        backend: Backend,
        point: OperatingPoint,
        files: Sequence[Path] = (),
        similar: SimilarIndex | None = None,
    ) -> None:
        self.model = model
        self.backend = backend
        self.point = point
        self.files = tuple(files)
        self.similar = similar
        self.reader = film_reader(model)
        self._attributor = Attributor(backend, self.reader, lambda films: self.answer(films).logits)

    @property
    def classes_(self) -> npt.NDArray[np.str_]:
        """The genres, in the order of the columns of ``predict_proba`` (L,)."""
        return np.array(self.model.genres.names)

    @overload
    def predict(self, films: object, /) -> npt.NDArray[np.int64]: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: list[Plot] | list[str],
        poster: list[Any] | None = ...,
        title: list[str | None] | list[str] | None = ...,
        year: list[int | None] | list[int] | None = ...,
    ) -> list[Prediction]: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: None = ...,
        poster: list[Any],
        title: list[str | None] | list[str] | None = ...,
        year: list[int | None] | list[int] | None = ...,
    ) -> list[Prediction]: ...
    @overload
    def predict(
        self,
        /,
        *,
        plot: str | tuple[str, ...] | None = ...,
        poster: Poster = ...,
        title: str | None = ...,
        year: int | None = ...,
    ) -> Prediction: ...
    def predict(
        self,
        films: object = None,
        /,
        *,
        plot: Any = None,
        poster: Any = None,
        title: Any = None,
        year: Any = None,
    ) -> Prediction | list[Prediction] | npt.NDArray[np.int64]:
        """Return what the model says of a film, of several, or of a table.

        Args:
            films: scikit-learn's way: a table, see ``classifier.table_rows``; nothing else then.
            plot: A text; a tuple of several texts about one film; a list for several films.
            poster: A path, encoded bytes, a PIL image or pixels; a list for several films. Either
                of the two may be missing, and single films of a list may have None.
            title: The film's title, where it is known; a list for several films.
            year: The year of its release, likewise. A model that does not read them ignores both.

        Returns:
            A prediction, or a list of them; for a table, ones where a genre is chosen (N, L).

        Raises:
            InputError: A film has nothing that the model reads; the message names all such.
            PosterError: The poster is no image.
        """
        if films is not None:
            if any(part is not None for part in (plot, poster, title, year)):
                raise InputError("found a table beside plot or poster; expected one or the other")
            read = self._read_all(table_rows(films))
            return self.decide(read, self.probabilities(read)).astype(np.int64)
        if isinstance(plot, list) or isinstance(poster, list):
            rows = film_rows(plot=plot, poster=poster, title=title, year=year)
            return self.predict_films(self._read_all(rows))
        return self.predict_films([self.reader.read(plot, poster, title, year)])[0]

    def predict_proba(self, X: object) -> npt.NDArray[np.float64]:
        """Return probabilities (N, L) for a table of N films, see ``classifier.table_rows``.

        Raises:
            InputError: It is no table, or films have nothing that the model reads.
        """
        probs = self.probabilities(self._read_all(table_rows(X)))
        return np.asarray(probs, dtype=np.float64)

    def predict_films(
        self, films: Sequence[Film], batch_size: int = _BATCH_SIZE
    ) -> list[Prediction]:
        """Return what the model says of films that were read already, in their order.

        Args:
            films: What ``reader.read`` returned.
            batch_size: Films that are computed together.
        """
        logits = self.answer(films, batch_size).logits
        probs = self._calibrated(films, logits)
        chosen = self.decide(films, probs)
        return [
            self._prediction(film, row, picks, said)
            for film, row, picks, said in zip(films, probs, chosen, logits, strict=True)
        ]

    def probabilities(self, films: Sequence[Film], batch_size: int = _BATCH_SIZE) -> FloatArray:
        """Return calibrated probabilities (N, L) of N films, in their order.

        Args:
            films: What ``reader.read`` returned.
            batch_size: Films that are computed together.
        """
        return self._calibrated(films, self.answer(films, batch_size).logits)

    def _calibrated(self, films: Sequence[Film], logits: npt.NDArray[np.float32]) -> FloatArray:
        probs: FloatArray = probabilities(logits).astype(np.float64)
        for point, rows in self._points(films):
            probs[rows] = point.calibrate(probs[rows])
        return probs

    def decide(self, films: Sequence[Film], probs: FloatArray) -> BoolArray:
        """Return which genres are chosen (N, L), by the thresholds for what each film has.

        None is for a film in which there was nothing to read: its probabilities are the prior's.

        Args:
            films: What ``reader.read`` returned.
            probs: Their calibrated probabilities (N, L).
        """
        chosen = np.zeros(probs.shape, dtype=np.bool_)
        for point, rows in self._points(films):
            chosen[rows] = point.decide(probs[rows])
        chosen[[not film.modalities for film in films]] = False  # the prior is no answer
        return chosen

    def _points(self, films: Sequence[Film]) -> list[tuple[OperatingPoint, list[int]]]:
        """Return the operating points for what films have and how much, with their rows."""
        lengths = [len(film.tokens) for film in films]
        return self.point.by_rows((film.modalities for film in films), lengths)

    def answer(self, films: Sequence[Film], batch_size: int = _BATCH_SIZE) -> Answer:
        """Return logits (N, L) and gate weights of N films, computed in batches of like length."""
        lengths = np.array([len(film.tokens) for film in films], dtype=np.int64)
        logits = np.zeros((len(films), len(self.model.genres)), dtype=np.float32)
        gate: npt.NDArray[np.float32] | None = None
        for rows in ordered_batches(lengths, batch_size):
            answer = self.backend.answer(self.reader.batch([films[row] for row in rows]))
            logits[rows] = answer.logits
            if answer.gate is not None:
                gate = np.zeros((len(films), 2), dtype=np.float32) if gate is None else gate
                gate[rows] = answer.gate
        return Answer(logits, gate)

    def explain(
        self,
        film: Film,
        attribute: Sequence[str] = (),
        method: Method = "auto",
        slices: Slices = WHOLE,
    ) -> Explanation:
        """Return how much each modality of a film moved each genre, and each word and region some.

        Each modality in turn is left out, as if the film had never had it; the model's label
        prior answers where nothing else is left.

        Args:
            film: What ``reader.read`` returned.
            attribute: Genres for which words and regions are looked at.
            method: How they are: by ``gradients``, by ``occlusion``, which is leaving them out, or
                ``auto``, which takes gradients where they can be had.
            slices: How the work is cut and run. Cut, ``auto`` takes occlusion, since gradients
                are computed in one go.

        Raises:
            ConfigError: There is no such method, or no gradients can be had.
            InputError: The model does not know such a genre.
            MissingExtraError: Gradients were asked for and Captum is not installed.
        """
        labels = self._labels(attribute)
        point = self.point.of(film.modalities, len(film.tokens))
        batch = self.reader.batch([film])
        whole = slices.run(lambda: self.backend.answer(batch))
        effects: dict[str, dict[Modality, float]] = {name: {} for name in self.model.genres}
        for modality in film.modalities:
            without = slices.run(partial(self.backend.answer, batch.without(modality)))
            # The shift of the calibration falls out of the difference; its scale does not.
            moved = point.scale * (whole.logits[0] - without.logits[0])
            for name, effect in zip(self.model.genres, moved, strict=True):
                effects[name][modality] = float(effect)
        gate = None
        if whole.gate is not None:
            gate = dict(zip(Modality, map(float, whole.gate[0]), strict=True))
        explanation = Explanation(effects, gate, film.plot)
        return self._attributed(film, labels, method, explanation, slices)

    def _labels(self, genres: Sequence[str]) -> dict[str, int]:
        """Return the column of each genre.

        Raises:
            InputError: The model does not know one; the message names all such.
        """
        names = [genres] if isinstance(genres, str) else list(genres)
        known = self.model.genres.names
        faults = [
            f"unknown genre {name!r}; {did_you_mean(name, known)}"
            for name in names
            if name not in known
        ]
        if faults:
            raise InputError("; ".join(faults))
        return {name: known.index(name) for name in names}

    def _attributed(
        self,
        film: Film,
        labels: dict[str, int],
        method: Method,
        explanation: Explanation,
        slices: Slices,
    ) -> Explanation:
        """Return an explanation with what the words and regions of a film did to some genres."""
        if not labels:
            return explanation
        scale = self.point.of(film.modalities, len(film.tokens)).scale
        found = self._attributor.attribute(film, list(labels.values()), method, slices)
        scaled = {
            modality: {
                name: (scale[column] * values).astype(np.float32)
                for (name, column), values in zip(labels.items(), one.values, strict=True)
            }
            for modality, one in found.items()
        }
        shares = scaled.get(Modality.PLOT, {})
        return replace(
            explanation,
            words={name: word_shares(film.plot, values) for name, values in shares.items()},
            regions=scaled.get(Modality.POSTER, {}),
            attribution_method={modality: one.method for modality, one in found.items()},
        )

    def _nearest(self, logits: npt.NDArray[np.float32], count: int) -> list[SimilarMovie]:
        if self.similar is None:
            raise InputError(
                f"{self.model.model_name} has no index of similar movies; "
                "export it with one: moviegenre export --index"
            )
        return self.similar.nearest(logits, count)

    def _read_all(self, rows: Sequence[Row]) -> list[Film]:
        films, faults = [], []
        for number, row in enumerate(rows):
            try:
                films.append(self.reader.read(*row))
            except MovieGenreError as error:
                faults.append(f"film {number}: {error}")
        if faults:
            told = "; ".join(faults[:_FAULTS])
            more = len(faults) - _FAULTS
            raise InputError(f"{told}; and {more:,} more films" if more > 0 else told)
        return films

    def _prediction(
        self,
        film: Film,
        probs: FloatArray,
        chosen: npt.NDArray[np.bool_],
        logits: npt.NDArray[np.float32],
    ) -> Prediction:
        names, cuts = (
            self.model.genres.names,
            self.point.of(film.modalities, len(film.tokens)).thresholds,
        )
        order = np.argsort(-probs, kind="stable")
        return Prediction(
            genres=[names[i] for i in order if chosen[i]],
            probabilities={names[i]: float(probs[i]) for i in order},
            thresholds={names[i]: float(cuts[i]) for i in order},
            modalities=[modality.value for modality in film.modalities],
            warnings=list(film.warnings),
            _explain=partial(self.explain, film),
            _similar=partial(self._nearest, logits),
        )
