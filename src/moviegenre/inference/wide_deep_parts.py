"""The included model in parts, so that many variants of one film are computed quickly.

An ONNX file of ``wide_deep`` computes the embeddings of plot and poster. This module computes the
rest, the head and the n-grams, with numpy, because they are small. If only the plot changes, the
poster is not encoded again, and vice versa. If only words beyond the plot encoder's limit change,
nothing is encoded again. ``models.wide_deep`` defines the model.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Self

import numpy as np
import numpy.typing as npt

from moviegenre.artifacts.trained import TrainedModel
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.ngram_logits import NgramText, NgramWeights
from moviegenre.inference.onnx_weights import Array, read_weights
from moviegenre.inference.slices import WHOLE, Slices

Floats = npt.NDArray[np.float32]

_MAX_DIFFERENCE = 1e-3  # of a logit that is computed in parts
_HEADS = ("head", "poster_head")
_HEAD = ("hidden.1.weight", "hidden.1.bias", "output.weight", "output.bias")
_PLAIN = ("features.word_columns", "features.pair_keys", "features.idf", "plot_norm.weight")
_WIDE = ("wide_bias", "wide_scale", "wide_slope")
_FORMS = ("", "_whole", "_row_scale", "_half")  # the forms in which ``quantise`` stores a matrix

_erf = np.vectorize(math.erf, otypes=[np.float64])


@dataclass(frozen=True)
class WideDeepParts:
    """The parts of a ``wide_deep`` file after the embeddings.

    Attributes:
        backend: The file.
        reader: The model's reader.
        weights: By name in the file, without ``model.``; matrices in their stored form.
        unknown_id: The token of unknown words.
        read_tokens: The number of tokens that the plot encoder reads; None for all.
    """

    backend: TrainedModel
    reader: FilmReader
    weights: Mapping[str, Array]
    unknown_id: int
    read_tokens: int | None

    @classmethod
    def open(cls, backend: TrainedModel, reader: FilmReader) -> Self | None:
        """Return the parts of a model; None for another model or another form of its file.

        Args:
            backend: The model.
            reader: The model's reader.
        """
        model = backend.info
        if model.model_name != "wide_deep" or not backend.only_answers:
            return None
        matrices = ["wide", *(f"{head}.{name}" for head in _HEADS for name in _HEAD)]
        names = [f"{name}{form}" for name in matrices for form in _FORMS]
        prefixed = [f"model.{name}" for name in (*names, *_PLAIN, *_WIDE)]
        try:
            stored = read_weights(backend.file, prefixed)
        except (OSError, ValueError):
            return None
        weights = {name.removeprefix("model."): values for name, values in stored.items()}
        needed = {*_PLAIN, "wide_bias", "wide_scale", "head.hidden.1.bias", "head.output.bias"}
        if model.tokenizer is None or not needed <= weights.keys():
            return None
        encoder = model.config.get("model", {}).get("plot_encoder", {})
        unknown_id = model.tokenizer.unknown_id
        return cls(backend, reader, weights, unknown_id, encoder.get("read_tokens"))

    def film_parts(self, film: Film, logits: Floats, slices: Slices = WHOLE) -> "FilmParts | None":
        """Return a film in parts; None if the parts give other logits than the model.

        Args:
            film: A film with a plot.
            logits: The model's logits of the film (L,).
            slices: How the file's work is split and run.
        """
        if not len(film.tokens):
            return None
        try:
            parts = FilmParts(self, film, slices)
            (parts_logits,) = parts.logits([film])
        except (KeyError, ValueError, IndexError):  # weights of another form
            return None
        is_close = (
            parts_logits.shape == logits.shape
            and np.abs(parts_logits - logits).max() < _MAX_DIFFERENCE
        )
        return parts if is_close else None

    def embed(self, films: Sequence[Film]) -> Floats:
        """Return the embeddings of films (N, D), the plot's part first."""
        _, embeddings = self.backend.embed(self.reader.batch(films))
        return embeddings

    @property
    def plot_dim(self) -> int:
        """The size of the plot's part of an embedding."""
        return len(self.weights["plot_norm.weight"])

    def head(self, embeddings: Floats) -> Floats:
        """Return the deep logits (N, L) of embeddings (N, D)."""
        return self._layers("head", *self._head, embeddings)

    def poster_head(self, embeddings: Floats) -> Floats:
        """Return the logits (N, L) of films with only a poster, from its embedding (N, E)."""
        return self._layers("poster_head", *self._matrices("poster_head"), embeddings)

    def _layers(self, head: str, first: Array, last: Array, inputs: Floats) -> Floats:
        """Return the output (N, L) of a head with one hidden layer."""
        hidden = inputs @ first.T + self.weights[f"{head}.hidden.1.bias"]
        active = hidden * 0.5 * (1 + _erf(hidden / math.sqrt(2)))  # GELU
        outputs = active @ last.T + self.weights[f"{head}.output.bias"]
        return np.asarray(outputs, dtype=np.float32)

    def encoder_input(self, film: Film) -> bytes:
        """Return the tokens that the plot encoder reads, as a key for comparing films."""
        tokens = film.tokens
        if self.read_tokens is not None and len(tokens) > self.read_tokens:
            tokens = np.append(tokens[: self.read_tokens - 1], tokens[-1])
        return tokens.tobytes()

    @cached_property
    def ngrams(self) -> NgramWeights:
        """The features and weights of n-grams."""
        scale = self.weights["wide_scale"]
        return NgramWeights(
            word_columns=self.weights["features.word_columns"],
            pair_keys=self.weights["features.pair_keys"],
            idf=self.weights["features.idf"],
            wide=self.weights["wide_half"] if "wide_half" in self.weights else self.weights["wide"],
            bias=self.weights["wide_bias"],
            scale=scale,
            slope=self.weights.get("wide_slope", np.zeros_like(scale)),
            unknown_id=self.unknown_id,
        )

    @cached_property
    def _head(self) -> tuple[Array, Array]:
        """The matrices of the head."""
        return self._matrices("head")

    def _matrices(self, head: str) -> tuple[Array, Array]:
        first, last = (f"{head}.{layer}.weight" for layer in ("hidden.1", "output"))
        return self._rows(first, slice(None)), self._rows(last, slice(None))

    def _rows(self, name: str, rows: Array | slice) -> Array:
        """Return rows of a matrix, from any stored form."""
        for float_name in (name, f"{name}_half"):
            if float_name in self.weights:
                return self.weights[float_name][rows].astype(np.float32)
        scale = self.weights[f"{name}_row_scale"][rows]
        restored: Array = self.weights[f"{name}_whole"][rows].astype(np.float32) * scale
        return restored


class FilmParts:
    """A film whose variants are computed in parts; each part is computed once.

    Args:
        parts: The model.
        film: The complete film, with a plot.
        slices: How the file's work is split and run.
    """

    def __init__(self, parts: WideDeepParts, film: Film, slices: Slices = WHOLE) -> None:
        self._parts = parts
        self._film = film
        self._slices = slices
        (embedding,) = slices.run(partial(parts.embed, [film]))
        self._ngrams = NgramText(parts.ngrams, film.tokens)
        self._plot = parts.encoder_input(film)
        self._plots = {self._plot: embedding[: parts.plot_dim]}
        self._posters = {self._poster_key(film): embedding[parts.plot_dim :]}
        self._deep: dict[tuple[bytes, bytes], Floats] = {}

    def num_tokens(self, film: Film) -> int:
        """Return how many tokens the plot encoder reads again for a variant."""
        plot = self._parts.encoder_input(film)
        return 0 if plot in self._plots else len(plot) // film.tokens.itemsize

    def logits(self, films: Sequence[Film]) -> Floats:
        """Return the logits (N, L) of variants of the film: other words, or another poster."""
        self._slices.of_films(self._embed, [film for film in films if not self._is_known(film)])
        return self._sums(films, [self._parts.encoder_input(film) for film in films])

    def _is_known(self, film: Film) -> bool:
        has_poster = self._poster_key(film) in self._posters
        return has_poster and self._parts.encoder_input(film) in self._plots

    def _embed(self, films: Sequence[Film]) -> None:
        """Compute the embeddings of new plots and posters."""
        plots = {self._parts.encoder_input(film): film for film in films}
        posters = {self._poster_key(film): film for film in films}
        new_plots = [plot for plot in plots if plot not in self._plots]
        new_posters = [poster for poster in posters if poster not in self._posters]
        if not new_plots and not new_posters:
            return
        embeddings = self._parts.embed(
            [replace(plots[plot], poster=None) for plot in new_plots]
            + [replace(posters[key], tokens=posters[key].tokens[:0]) for key in new_posters]
        )
        num_plots, plot_dim = len(new_plots), self._parts.plot_dim
        self._plots.update(zip(new_plots, embeddings[:num_plots, :plot_dim], strict=True))
        self._posters.update(zip(new_posters, embeddings[num_plots:, plot_dim:], strict=True))

    def estimates(self, films: Sequence[Film]) -> Floats:
        """Return logits (N, L) as if the plot encoder had read the whole plot, at no cost.

        The difference between the whole plot and a variant is the n-grams' share of the effect.

        Args:
            films: Variants with other words.
        """
        return self._sums(films, [self._plot] * len(films))

    def _sums(self, films: Sequence[Film], plots: Sequence[bytes]) -> Floats:
        """Return the logits (N, L) of variants, from the plot encoder's input for each."""
        keys = [(plot, self._poster_key(film)) for film, plot in zip(films, plots, strict=True)]
        missing = [key for key in dict.fromkeys(keys) if key not in self._deep]
        if missing:
            pairs = [(self._plots[plot], self._posters[poster]) for plot, poster in missing]
            deep = self._parts.head(np.stack([np.concatenate(pair) for pair in pairs]))
            self._deep.update(zip(missing, deep, strict=True))
        wide = [self._ngrams.logits(film.tokens) for film in films]
        sums = [self._deep[key] + row for key, row in zip(keys, wide, strict=True)]
        return np.stack(sums).astype(np.float32)

    def _poster_key(self, film: Film) -> bytes:
        if film.poster is None or film.poster is self._film.poster:
            return b""
        return film.poster.tobytes()
