"""The features of films as if each had its plot alone, or its poster alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from moviegenre.adapt.features import Floats, compute_features
from moviegenre.adapt.regression import Variant
from moviegenre.core.types import Modality
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor
from moviegenre.inference.wide_deep_parts import WideDeepParts

_FEWEST = 50  # films with plot and poster, from which on answers without one are calibrated
_MOST = 1_000  # films that they are calibrated on: more cost time and change little
_LARGEST_DIFFERENCE = 1e-3  # of a logit that is computed in parts

Bools = npt.NDArray[np.bool_]


def variants(
    predictor: Predictor,
    features: Floats,
    has: Mapping[Modality, Bools],
    films: Callable[[], Iterator[Film]],
) -> dict[Modality, Variant]:
    """Return the films without their plot and without their poster, by what they lack.

    Nothing is returned for a model of one modality, or if too few films have both.

    Args:
        predictor: The model.
        features: The films' features (N, F), see ``compute_features``.
        has: Which films have each modality (N,).
        films: Reads the films again, for a model that cannot be computed in parts.
    """
    both = np.logical_and.reduce([has[modality] for modality in Modality])
    if len(predictor.reader.modalities) < len(Modality) or both.sum() < _FEWEST:
        return {}
    parts = _Parts.open(predictor)
    found: dict[Modality, Variant] = {}
    for lacked, kept in ((Modality.PLOT, Modality.POSTER), (Modality.POSTER, Modality.PLOT)):
        rows = np.flatnonzero(has[kept])[:_MOST]
        changed = features[rows]
        if parts is None:
            again = set(rows[both[rows]].tolist())
            changed[both[rows]] = compute_features(
                predictor,
                (without(film, lacked) for row, film in enumerate(films()) if row in again),
            )
        else:
            changed[both[rows]] = parts.without(changed[both[rows]], lacked)
        found[lacked] = Variant(rows, changed)
    return found


def without(film: Film, lacked: Modality) -> Film:
    """Return a film as if it lacked a modality."""
    if lacked is Modality.POSTER:
        return replace(film, poster=None)
    return replace(film, plot="", tokens=film.tokens[:0])


@dataclass(frozen=True)
class _Parts:
    """A model in parts, and what stands in its embedding for a missing modality.

    Attributes:
        parts: The model.
        missing: By what is missing, the part of the embedding for it.
    """

    parts: WideDeepParts
    missing: Mapping[Modality, Floats]

    @classmethod
    def open(cls, predictor: Predictor) -> "_Parts | None":
        """Return the parts of a model; None if they do not come to the model's own answers."""
        parts = WideDeepParts.open(predictor.backend, predictor.reader)
        if parts is None:
            return None
        film = predictor.reader.form(["A film."], Image.new("RGB", (64, 96), "navy"))
        alone = {
            lacked: compute_features(predictor, [without(film, lacked)]) for lacked in Modality
        }
        dim = parts.plot_dim
        width = alone[Modality.PLOT].shape[1] - len(predictor.model.genres)
        missing = {
            Modality.PLOT: alone[Modality.PLOT][0, :dim],
            Modality.POSTER: alone[Modality.POSTER][0, dim:width],
        }
        opened = cls(parts, missing)
        whole = compute_features(predictor, [film])
        try:
            close = all(
                np.abs(opened.without(whole, lacked) - alone[lacked]).max() < _LARGEST_DIFFERENCE
                for lacked in Modality
            )
        except (KeyError, ValueError, IndexError):  # weights of another form
            return None
        return opened if close else None

    def without(self, features: Floats, lacked: Modality) -> Floats:
        """Return the features (N, F) of films with both modalities, as if they lacked one."""
        dim = self.parts.plot_dim
        width = dim + len(self.missing[Modality.POSTER])
        whole, logits = features[:, :width], features[:, width:]
        embeddings = whole.copy()
        if lacked is Modality.PLOT:
            embeddings[:, :dim] = self.missing[lacked]
            logits = self.parts.poster_head(whole[:, dim:])
        else:
            embeddings[:, dim:] = self.missing[lacked]
            logits = logits - self.parts.head(whole) + self.parts.head(embeddings)
        return np.concatenate([embeddings, logits], axis=1)
