"""The operating point of a model: calibration and thresholds, in a file beside its weights.

All predictions take both from here, so that a fitted threshold is used everywhere.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moviegenre.core.decisions import (
    DEFAULT_THRESHOLD,
    BoolArray,
    FloatArray,
    decide,
    from_log_odds,
    log_odds,
)
from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import write_text
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Modality

THRESHOLDS_FILE = "thresholds.json"
"""The companion of a ``best.pth``, and a file of every exported folder."""


_DAMAGED = (
    *(ValueError, KeyError, TypeError, AttributeError),
    *(OSError, ArithmeticError, RecursionError),
)


@dataclass(frozen=True)
class OperatingPoint:
    """A calibration of the probabilities and a threshold for each genre.

    A probability p becomes ``sigmoid(scale * logit(p) + shift)``. A scale of 1 and a shift of 0
    leave it as it is. One scale for all genres is temperature scaling. A scale and a shift for
    each genre are Platt scaling, which also undoes the effect of a weighted loss.

    Reference: Guo et al., "On calibration of modern neural networks",
    https://arxiv.org/abs/1706.04599.

    Attributes:
        genres: The L columns.
        thresholds: The threshold of each genre (L,), on corrected probabilities, in [0, 1].
        scale: See above (L,), positive.
        shift: See above (L,).
        fitted: How it was fitted, as plain values for the reader; empty if it was not fitted.
        without: The points for films with a missing modality, by that modality. A fusion is less
            sure of these films, so thresholds fitted to complete films choose too little. Empty if
            none was fitted.
        by_length: The points for plots of a number of tokens, by that number. Between two numbers,
            a point changes linearly with the logarithm. Empty if length makes no difference.
    """

    genres: GenreVocabulary
    thresholds: FloatArray
    scale: FloatArray
    shift: FloatArray
    fitted: dict[str, Any]
    without: Mapping[Modality, "OperatingPoint"] = field(default_factory=dict)
    by_length: Mapping[int, "OperatingPoint"] = field(default_factory=dict)

    @classmethod
    def default(cls, genres: GenreVocabulary) -> "OperatingPoint":
        """Return the operating point of the reference: no calibration, threshold 0.5."""
        ones = np.ones(len(genres))
        return cls(genres, DEFAULT_THRESHOLD * ones, ones, 0 * ones, {})

    def of(
        self, modalities: Collection[Modality], num_tokens: int | None = None
    ) -> "OperatingPoint":
        """Return the operating point for a film.

        Args:
            modalities: The film's modalities.
            num_tokens: The tokens of its plot; None takes the point for plots of the usual length.
        """
        points = (point for missing, point in self.without.items() if missing not in modalities)
        return next(points, self)._for_length(num_tokens)

    def by_rows(
        self,
        films: Iterable[Collection[Modality]],
        lengths: Sequence[int] | None = None,
    ) -> list[tuple["OperatingPoint", list[int]]]:
        """Return the operating points of films, each with the rows of its films.

        Args:
            films: The modalities of each film.
            lengths: The tokens of each film's plot; see ``of``.
        """
        rows: dict[tuple[frozenset[Modality], int | None], list[int]] = {}
        for row, modalities in enumerate(films):
            length = None if lengths is None else lengths[row]
            rows.setdefault((frozenset(modalities), length), []).append(row)
        return [(self.of(*key), film_rows) for key, film_rows in rows.items()]

    def _for_length(self, num_tokens: int | None) -> "OperatingPoint":
        """Return the operating point for a plot of this many tokens."""
        if not self.by_length or not num_tokens:
            return self
        lengths = sorted(self.by_length)
        position = float(np.interp(np.log(num_tokens), np.log(lengths), np.arange(len(lengths))))
        shorter = self.by_length[lengths[int(position)]]
        longer = self.by_length[lengths[int(np.ceil(position))]]
        weight = position - int(position)

        def interpolate(name: str) -> FloatArray:
            low, high = getattr(shorter, name), getattr(longer, name)
            values: FloatArray = (1 - weight) * low + weight * high
            return values

        return replace(
            self,
            thresholds=interpolate("thresholds"),
            scale=interpolate("scale"),
            shift=interpolate("shift"),
            by_length={},
        )

    def calibrate(self, probs: FloatArray) -> FloatArray:
        """Return calibrated probabilities (..., L)."""
        if not self.changes_probabilities:
            return probs
        return from_log_odds(self.scale * log_odds(probs) + self.shift)

    @property
    def changes_probabilities(self) -> bool:
        """Whether a calibration was fitted."""
        return bool((self.scale != 1).any() or (self.shift != 0).any())

    def decide(self, calibrated: FloatArray) -> BoolArray:
        """Return which genres are chosen (..., L), given corrected probabilities (..., L)."""
        return decide(calibrated, self.thresholds)

    def centred(self, probs: FloatArray) -> FloatArray:
        """Return probabilities (..., L) shifted so that every threshold becomes 0.5.

        This compares decisions of several models at one threshold.
        """
        odds = log_odds(self.calibrate(probs)) - log_odds(self.thresholds)
        return from_log_odds(odds)

    def threshold_by_genre(self) -> dict[str, float]:
        """Return the threshold of each genre by name."""
        return {
            name: float(threshold)
            for name, threshold in zip(self.genres, self.thresholds, strict=True)
        }

    def write(self, path: Path) -> None:
        """Write it as JSON, in one step."""
        write_text(path, json.dumps(self._to_json_dict(), indent=1) + "\n")

    def _to_json_dict(self) -> dict[str, Any]:
        columns = {"threshold": self.thresholds, "scale": self.scale, "shift": self.shift}
        by_genre = {
            name: {key: float(values[row]) for key, values in columns.items()}
            for row, name in enumerate(self.genres)
        }
        content: dict[str, Any] = {"fitted": self.fitted, "genres": by_genre}
        parts: dict[str, Mapping[Any, OperatingPoint]] = {
            "without": self.without,
            "by_length": self.by_length,
        }
        for name, points in parts.items():
            if points:
                content[name] = {str(key): point._to_json_dict() for key, point in points.items()}
        return content

    @classmethod
    def read(cls, path: Path, genres: GenreVocabulary) -> "OperatingPoint":
        """Read a file of ``write``; the default if there is none.

        Args:
            path: The file.
            genres: The model's vocabulary, which gives the order of the columns.

        Raises:
            CheckpointError: The file is damaged, or made for other genres.
        """
        if not path.is_file():
            return cls.default(genres)
        step = "fit it again with: moviegenre evaluate --thresholds per-genre"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            point = cls._parse(content, genres)
        except _OtherGenres as error:
            raise CheckpointError(
                f"{path} is for the genres {error}; the model has {', '.join(genres)}; {step}"
            ) from None
        except _DAMAGED as error:
            raise CheckpointError(f"{path} is damaged ({error}); {step}") from None
        return point

    @classmethod
    def _parse(cls, content: dict[str, Any], genres: GenreVocabulary) -> "OperatingPoint":
        by_genre: dict[str, dict[str, float]] = content["genres"]
        fitted = dict(content["fitted"])
        if sorted(by_genre) != sorted(genres):
            raise _OtherGenres(", ".join(by_genre))
        thresholds, scale, shift = (
            _column(by_genre, genres, key) for key in ("threshold", "scale", "shift")
        )
        is_valid = (thresholds >= 0) & (thresholds <= 1) & (scale > 0)
        if not np.all(is_valid & np.isfinite(scale) & np.isfinite(shift)):
            raise ValueError("thresholds lie in [0, 1], scales are positive, all are finite")
        without = {
            Modality(missing): cls._parse(point, genres)
            for missing, point in content.get("without", {}).items()
        }
        by_length = {
            int(length): cls._parse(point, genres)
            for length, point in content.get("by_length", {}).items()
        }
        if any(length < 1 for length in by_length):
            raise ValueError("lengths are numbers of tokens")
        return cls(genres, thresholds, scale, shift, fitted, without, by_length)


class _OtherGenres(Exception):
    """The file has other genres; the message lists them."""


def _column(
    by_genre: dict[str, dict[str, float]], genres: GenreVocabulary, key: str
) -> npt.NDArray[np.float64]:
    values = [by_genre[name][key] for name in genres]
    if not all(isinstance(value, int | float) for value in values):
        raise TypeError(f"{key} is {values}, expected numbers")
    return np.array([float(value) for value in values])
