"""The words of a plot and regions of a poster that matter for a genre, for every backend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from moviegenre.artifacts.trained import TrainedModel
from moviegenre.core.decisions import FloatArray, probabilities
from moviegenre.core.errors import ConfigError, InputError, did_you_mean
from moviegenre.core.extras import is_installed, require_training
from moviegenre.core.operating_point import OperatingPoint
from moviegenre.core.types import AttributionMethod, Modality
from moviegenre.inference.evidence import (
    LEAST_CHANGE,
    note_of_regions,
    note_of_words,
    phrases,
    word_shares,
)
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.occlusion import AnyModel, Ask, Floats, Variants, occlude_words
from moviegenre.inference.prediction import Explanation
from moviegenre.inference.region_occlusion import occlude_regions
from moviegenre.inference.slices import WHOLE, Slices
from moviegenre.inference.wide_deep_parts import WideDeepParts

if TYPE_CHECKING:
    from moviegenre.models.base import GenreModel

METHODS: tuple[AttributionMethod, ...] = get_args(AttributionMethod)
"""``auto`` uses gradients if the model has them."""


@dataclass(frozen=True)
class _Explained:
    """A film that is explained.

    Attributes:
        film: The film.
        labels: The genres and their columns, G of them.
        variants: The model that answers variants of the film.
        points: The model's calibration and thresholds.
    """

    film: Film
    labels: Mapping[str, int]
    variants: Variants
    points: OperatingPoint

    @cached_property
    def point(self) -> OperatingPoint:
        """The calibration and thresholds for the film."""
        return self.points.of(self.film.modalities, len(self.film.tokens))

    def probabilities(self, lengths: Sequence[int], logits: Floats) -> FloatArray:
        """Return calibrated probabilities (N, L) of variants with these token numbers."""
        probs: FloatArray = probabilities(logits).astype(np.float64)
        for point, rows in self.points.by_rows([self.film.modalities] * len(lengths), lengths):
            probs[rows] = point.calibrate(probs[rows])
        return probs


class Attributor:
    """Attributes predictions to parts of films, by gradients or by occlusion.

    Args:
        backend: The model.
        reader: The model's reader of films.
        point: The model's calibration and thresholds.
        ask: Computes the model's logits of films.
    """

    def __init__(
        self,
        backend: TrainedModel,
        reader: FilmReader,
        point: OperatingPoint,
        ask: Ask,
    ) -> None:
        self._backend = backend
        self._reader = reader
        self._point = point
        self._ask = ask

    def explained(
        self,
        explanation: Explanation,
        film: Film,
        logits: Floats,
        labels: Mapping[str, int],
        *,
        method: AttributionMethod = "auto",
        slices: Slices = WHOLE,
    ) -> Explanation:
        """Return an explanation with the effects of a film's words and regions on some genres.

        Args:
            explanation: The effects of the modalities.
            film: The film.
            logits: Its logits (L,).
            labels: The genres and their columns; if empty, the explanation stays as it is.
            method: How words and regions are attributed.
            slices: How the work is split and run; if it is split, ``auto`` means occlusion.

        Raises:
            ConfigError: There is no such method, or this model has no gradients.
            MissingExtraError: The method needs gradients and Captum is not installed.
        """
        if not labels:
            return explanation
        if method == "auto" and slices.num_films is not None:
            method = "occlusion"
        networks = {modality: self._network(modality, method) for modality in film.modalities}
        explained = _Explained(film, labels, self._variants(film, logits, slices), self._point)
        probs = explained.probabilities([len(film.tokens)], logits[None])[0]
        probability = {name: float(probs[column]) for name, column in labels.items()}
        explanation = replace(explanation, probability=probability, notes=dict.fromkeys(labels, ()))
        for modality, network in networks.items():
            if film.part_of(modality) == "title":
                continue  # its words are not attributed
            if network is not None:
                explanation = self._by_gradients(explanation, explained, modality, network, slices)
            elif modality is Modality.PLOT:
                explanation = self._with_words(explanation, explained)
            else:
                explanation = _with_regions(explanation, explained)
        return explanation

    @cached_property
    def _parts(self) -> WideDeepParts | None:
        return WideDeepParts.open(self._backend, self._reader)

    def _variants(self, film: Film, logits: Floats, slices: Slices) -> Variants:
        """Return the model that answers variants of a film, in parts if that is exact."""
        parts = None if self._parts is None else self._parts.film_parts(film, logits, slices)
        return AnyModel(self._ask, slices) if parts is None else parts

    def _network(self, modality: Modality, method: AttributionMethod) -> "GenreModel | None":
        """Return the network for gradients; None for occlusion."""
        if method not in METHODS:
            raise ConfigError(f"unknown method {method!r}; {did_you_mean(method, METHODS)}")
        if method == "occlusion" or (method == "auto" and not is_installed("captum")):
            return None
        network = self._backend.network
        if network is not None and network.inner_layer(modality) is not None:
            return network
        if method == "auto":
            return None
        require_training("attribution by gradients")
        raise ConfigError(
            f"there are no gradients to the {modality.value} in this model with "
            f"the backend {self._backend.name}; use the method occlusion, or `backend` torch"
        )

    def _by_gradients(
        self,
        explanation: Explanation,
        explained: _Explained,
        modality: Modality,
        network: "GenreModel",
        slices: Slices,
    ) -> Explanation:
        """Return an explanation with the shares of words or regions by gradients."""
        from moviegenre.inference.gradients import grad_cam, integrated_gradients

        film, labels = explained.film, list(explained.labels.values())
        batch = self._reader.batch([film])
        if modality is Modality.PLOT:
            word_indices, pad_id = self._reader.token_words(film), self._reader.pad_id
            gradients = partial(integrated_gradients, network, batch, word_indices, pad_id, labels)
            scaled = _scaled(explained, slices.run(gradients))
            words = {name: word_shares(film.plot, values) for name, values in scaled.items()}
            return _with_parts(explanation, modality, "integrated gradients", words=words)
        regions = _scaled(explained, slices.run(partial(grad_cam, network, batch, labels)))
        return _with_parts(explanation, modality, "Grad-CAM", regions=regions)

    def _with_words(self, explanation: Explanation, explained: _Explained) -> Explanation:
        """Return an explanation with the plot's words and phrases, by leaving them out."""
        film = explained.film
        word_indices = self._reader.token_words(film)
        effects = occlude_words(
            explained.variants, film, word_indices, list(explained.labels.values())
        )
        scaled = _scaled(explained, effects.values)
        lengths = [int((~np.isin(word_indices, run)).sum()) for run in effects.without]
        answers = np.stack([*effects.without.values(), effects.whole])
        probs = explained.probabilities([*lengths, len(film.tokens)], answers)
        words, top_phrases, notes = {}, {}, dict(explanation.notes)
        for name, label in explained.labels.items():
            column = map(float, probs[:-1, label])
            without = dict(zip(effects.without, column, strict=True))
            words[name] = word_shares(film.plot, scaled[name], without)
            top_phrases[name] = phrases(
                film.plot,
                effects,
                label,
                whole=float(probs[-1, label]),
                without=without,
                scale=float(explained.point.scale[label]),
            )
            notes[name] += note_of_words(name, top_phrases[name])
        return _with_parts(
            explanation,
            Modality.PLOT,
            "leaving words out",
            words=words,
            phrases=top_phrases,
            notes=notes,
        )


def _with_regions(explanation: Explanation, explained: _Explained) -> Explanation:
    """Return an explanation with the poster's regions that matter, by greying them out."""
    film, labels = explained.film, list(explained.labels.values())
    effects = occlude_regions(explained.variants, film, labels)
    rows, columns = effects.values.shape[1:]
    lengths = [len(film.tokens)] * (rows * columns)
    probs = explained.probabilities(lengths, effects.without)
    scaled = _scaled(explained, effects.values)
    regions, without, notes = {}, {}, dict(explanation.notes)
    for row, (name, label) in enumerate(explained.labels.items()):
        remaining_probs = probs[:, label].reshape(rows, columns)
        is_changed = np.abs(explanation.probability[name] - remaining_probs) >= LEAST_CHANGE
        holds = effects.holds[row] & is_changed
        regions[name] = np.where(holds, scaled[name], np.float32(0))
        without[name] = np.where(holds, remaining_probs, np.nan).astype(np.float32)
        notes[name] += note_of_regions(name, regions[name])
    return _with_parts(
        explanation,
        Modality.POSTER,
        "greying out regions",
        regions=regions,
        regions_without=without,
        notes=notes,
    )


def _scaled(explained: _Explained, values: Floats) -> dict[str, Floats]:
    """Return effects (G, ...) by genre, in calibrated log-odds."""
    return {
        name: (explained.point.scale[column] * row).astype(np.float32)
        for (name, column), row in zip(explained.labels.items(), values, strict=True)
    }


def _with_parts(
    explanation: Explanation,
    modality: Modality,
    method: str,
    **parts: Any,  # noqa: ANN401 - the fields of an explanation
) -> Explanation:
    """Return an explanation with more parts and the method that computed them."""
    methods = {**explanation.attribution_method, modality: method}
    return replace(explanation, attribution_method=methods, **parts)


def label_columns(genres: Sequence[str], known: Sequence[str]) -> dict[str, int]:
    """Return the column of each genre.

    Args:
        genres: Their names.
        known: The model's genres, in the order of its columns.

    Raises:
        InputError: The model does not have a genre; the message names all such genres.
    """
    if not isinstance(genres, Iterable):
        raise InputError(f"found {genres!r}; expected a list of genres")
    names = [genres] if isinstance(genres, str) else list(genres)
    unknown = [name for name in names if name not in known]
    if unknown:
        hints = (f"unknown genre {name!r}; {did_you_mean(name, known)}" for name in unknown)
        raise InputError("; ".join(hints))
    return {name: list(known).index(name) for name in names}
