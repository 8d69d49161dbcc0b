"""The words of a plot and regions of a poster that matter for a genre, for every backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from moviegenre.artifacts.trained import TrainedModel
from moviegenre.core.decisions import FloatArray
from moviegenre.core.errors import ConfigError, InputError, did_you_mean
from moviegenre.core.extras import is_installed, require_training
from moviegenre.core.types import Modality
from moviegenre.data.words import FUNCTION_WORDS, plot_words
from moviegenre.inference.films import Film, FilmReader
from moviegenre.inference.occlusion import Ask, Floats, occlude_regions, occlude_words
from moviegenre.inference.prediction import Explanation, WordShare
from moviegenre.inference.slices import WHOLE, Slices

if TYPE_CHECKING:
    from moviegenre.models.base import GenreModel

Method = Literal["auto", "gradients", "occlusion"]
"""The attribution methods; ``auto`` uses gradients if the model has them."""

METHODS: tuple[Method, ...] = ("auto", "gradients", "occlusion")


@dataclass(frozen=True)
class Attribution:
    """The effect of each part of a film on some labels.

    Attributes:
        values: Of words (G, W), in the order of ``plot_words``, W being how many were read; or of
            regions (G, rows, columns). In logits, before calibration; positive spoke for the label.
        method: How they were found.
    """

    values: Floats
    method: str


class Attributor:
    """Attributes predictions to parts of films, by gradients or by occlusion.

    Args:
        backend: Computes the model.
        reader: The model's.
        ask: The model's logits of films.
    """

    def __init__(self, backend: TrainedModel, reader: FilmReader, ask: Ask) -> None:
        self._backend = backend
        self._reader = reader
        self._ask = ask

    def attribute(
        self,
        film: Film,
        labels: Sequence[int],
        method: Method = "auto",
        slices: Slices = WHOLE,
    ) -> dict[Modality, Attribution]:
        """Return the effects of the words and the regions of a film, for its modalities.

        Args:
            film: The film.
            labels: Which labels, G of them.
            method: How.
            slices: How the work is split and run; if it is split, ``auto`` means occlusion.

        Raises:
            ConfigError: There is no such method, or this model has no gradients.
            MissingExtraError: The method needs gradients and Captum is not installed.
        """
        if method == "auto" and slices.num_films is not None:
            method = "occlusion"
        look = {Modality.PLOT: self._words, Modality.POSTER: self._regions}
        return {
            modality: look[modality](film, labels, self._network(modality, method), slices)
            for modality in film.modalities
        }

    def _sliced(self, slices: Slices) -> Ask:
        """Return a function that computes the logits of films, slice by slice."""

        def ask(films: Sequence[Film]) -> Floats:
            logits: list[Floats] = []
            rest = films
            while rest:
                number = len(rest) if slices.num_films is None else slices.num_films()
                logits.append(slices.run(partial(self._ask, rest[:number])))
                rest = rest[number:]
            return np.concatenate(logits)

        return ask

    def _network(self, modality: Modality, method: Method) -> "GenreModel | None":
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
            f"there are no gradients to the {modality.value} in this model as "
            f"{self._backend.name} computes it; use the method occlusion, or `backend` torch"
        )

    def explained(
        self,
        explanation: Explanation,
        film: Film,
        labels: Mapping[str, int],
        scale: FloatArray,
        method: Method,
        slices: Slices,
    ) -> Explanation:
        """Return an explanation with what the words and regions of a film did to some genres.

        Args:
            explanation: What the modalities did.
            film: The film.
            labels: The genres and their columns; none leaves the explanation as it is.
            scale: What the calibration multiplies logits by (L,).
            method: See ``attribute``.
            slices: See ``attribute``.
        """
        if not labels:
            return explanation
        found = self.attribute(film, list(labels.values()), method, slices)
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

    def _words(
        self, film: Film, labels: Sequence[int], network: "GenreModel | None", slices: Slices
    ) -> Attribution:
        places = self._reader.token_words(film)
        if network is None:
            skipped = [
                place
                for place, word in enumerate(plot_words(film.plot))
                if word.text.lower() in FUNCTION_WORDS
            ]
            values = occlude_words(self._sliced(slices), film, places, labels, skipped)
            return Attribution(values, "leaving words out")
        from moviegenre.inference.gradients import integrated_gradients

        batch, pad_id = self._reader.batch([film]), self._reader.pad_id
        gradients = partial(integrated_gradients, network, batch, places, pad_id, labels)
        return Attribution(slices.run(gradients), "integrated gradients")

    def _regions(
        self, film: Film, labels: Sequence[int], network: "GenreModel | None", slices: Slices
    ) -> Attribution:
        if network is None:
            values = occlude_regions(self._sliced(slices), film, labels)
            return Attribution(values, "greying out regions")
        from moviegenre.inference.gradients import grad_cam

        gradients = partial(grad_cam, network, self._reader.batch([film]), labels)
        return Attribution(slices.run(gradients), "Grad-CAM")


def word_shares(plot: str, values: Floats) -> tuple[WordShare, ...]:
    """Return every word of a plot with its share.

    Args:
        plot: The text.
        values: Shares of the first W words (W,); the model read no further.
    """
    words = plot_words(plot)
    shares = [*(float(value) for value in values), *[None] * (len(words) - len(values))]
    return tuple(
        WordShare(word.text, word.start, word.end, share)
        for word, share in zip(words, shares, strict=True)
    )


def label_columns(genres: Sequence[str], known: Sequence[str]) -> dict[str, int]:
    """Return the column of each genre.

    Args:
        genres: Their names.
        known: The model's, in the order of its columns.

    Raises:
        InputError: The model does not know one; the message names all such.
    """
    names = [genres] if isinstance(genres, str) else list(genres)
    faults = [
        f"unknown genre {name!r}; {did_you_mean(name, known)}"
        for name in names
        if name not in known
    ]
    if faults:
        raise InputError("; ".join(faults))
    return {name: list(known).index(name) for name in names}
