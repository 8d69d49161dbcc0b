"""Features of films as if their plot, or their poster, were missing."""

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

_MIN_FILMS = 50  # with plot and poster; fewer are not enough for a calibration
_MAX_FILMS = 1_000  # of the calibration; more cost time and change little
_MAX_DIFFERENCE = 1e-3  # of a logit that is computed in parts

_OTHER = {Modality.PLOT: Modality.POSTER, Modality.POSTER: Modality.PLOT}


def missing_modality_variants(
    predictor: Predictor,
    features: Floats,
    has: Mapping[Modality, npt.NDArray[np.bool_]],
    films: Callable[[], Iterator[Film]],
) -> dict[Modality, Variant]:
    """Return films as if a modality were missing, by the missing modality.

    The result is empty for a model of one modality, or if too few films have both.

    Args:
        predictor: The model.
        features: The films' features (N, F), see ``compute_features``.
        has: For each modality, whether the films have it (N,).
        films: Reads the films again, for a model that cannot be computed in parts.
    """
    both = has[Modality.PLOT] & has[Modality.POSTER]
    if len(predictor.reader.modalities) < len(Modality) or both.sum() < _MIN_FILMS:
        return {}
    parts = _Parts.open(predictor)
    variants: dict[Modality, Variant] = {}
    for missing, available in _OTHER.items():
        rows = np.flatnonzero(has[available])[:_MAX_FILMS]
        variant_features, has_both = features[rows], both[rows]
        if parts is None:
            rows_with_both = set(rows[has_both].tolist())
            reduced = (
                without_modality(film, missing)
                for row, film in enumerate(films())
                if row in rows_with_both
            )
            variant_features[has_both] = compute_features(predictor, reduced)
        else:
            variant_features[has_both] = parts.without(variant_features[has_both], missing)
        variants[missing] = Variant(rows, variant_features)
    return variants


def without_modality(film: Film, missing: Modality) -> Film:
    """Return a film as if a modality were missing."""
    if missing is Modality.POSTER:
        return replace(film, poster=None)
    return replace(film, plot="", tokens=film.tokens[:0])


@dataclass(frozen=True)
class _Parts:
    """A model in parts, with its embeddings of a missing plot and a missing poster."""

    parts: WideDeepParts
    missing: Mapping[Modality, Floats]

    @classmethod
    def open(cls, predictor: Predictor) -> "_Parts | None":
        """Return the parts of a model; None if their logits differ from the model's logits."""
        parts = WideDeepParts.open(predictor.backend, predictor.reader)
        if parts is None:
            return None
        film = predictor.reader.form(["A film."], Image.new("RGB", (64, 96), "navy"))
        complete = compute_features(predictor, [film])
        reduced = {
            missing: compute_features(predictor, [without_modality(film, missing)])
            for missing in Modality
        }
        dim, width = parts.plot_dim, complete.shape[1] - len(predictor.model.genres)
        model = cls(
            parts,
            {
                Modality.PLOT: reduced[Modality.PLOT][0, :dim],
                Modality.POSTER: reduced[Modality.POSTER][0, dim:width],
            },
        )
        try:
            is_close = all(
                np.abs(model.without(complete, missing) - expected).max() < _MAX_DIFFERENCE
                for missing, expected in reduced.items()
            )
        except (KeyError, ValueError, IndexError):  # unexpected names or shapes of weights
            return None
        return model if is_close else None

    def without(self, features: Floats, missing: Modality) -> Floats:
        """Return the features (N, F) of films with both modalities as if one were missing."""
        dim = self.parts.plot_dim
        width = dim + len(self.missing[Modality.POSTER])
        complete, logits = features[:, :width], features[:, width:]
        embeddings = complete.copy()
        if missing is Modality.PLOT:
            embeddings[:, :dim] = self.missing[missing]
            logits = self.parts.poster_head(complete[:, dim:])
        else:
            embeddings[:, dim:] = self.missing[missing]
            logits = logits - self.parts.head(complete) + self.parts.head(embeddings)
        return np.concatenate([embeddings, logits], axis=1)
