"""Predictions: genres with their probabilities, and explanations."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from moviegenre.core.errors import InputError
from moviegenre.core.types import Modality
from moviegenre.data.words import Word
from moviegenre.inference.prediction_html import prediction_html
from moviegenre.inference.similar import SimilarMovie

_NUM_LIKELIEST = 3  # genres that are shown if none is chosen
_LEAST_LIKELY = 0.005  # a smaller probability would be printed as 0 %


@dataclass(frozen=True)
class WordShare(Word):
    """The effect of a word of the plot on a genre.

    Attributes:
        share: The word's part of the genre's log-odds: positive is evidence for the genre, negative
            against it; None if the model did not read the word.
        without: The genre's probability without this word; None if it was not left out alone.
    """

    share: float | None
    without: float | None = None


@dataclass(frozen=True)
class Phrase(Word):
    """A word, or neighbours that act together, whose absence changes a genre's probability.

    Attributes:
        share: The decrease of the genre's log-odds without it; positive is evidence for the genre.
        without: The genre's probability without it.
    """

    share: float
    without: float


@dataclass(frozen=True)
class Explanation:
    """The effects of a film's parts on the prediction.

    Attributes:
        effects: By genre and part (``plot``, ``poster``, or ``title`` if there is no plot), the
            decrease of the genre's log-odds without that part: positive is evidence for the genre,
            negative against it.
        attention: The weights of the model's own gate for each part, adding up to 1; None if
            the model has no gate.
        plot: The text that the model read: the plot, or from several plots the chosen one or all
            joined. The ``start`` and ``end`` of words are positions in it.
        words: By requested genre, every word of ``plot`` in order; empty if there is no plot, or
            the model does not read plots.
        regions: By requested genre, a grid (rows, columns) over the whole poster, the first row at
            its top: each region's part of the genre's log-odds, with the same signs; empty if there
            is no poster. If regions are greyed out, 0 stands for an effect no larger than chance.
        attribution_method: The method for ``words`` and ``regions``, by modality.
        probability: By requested genre, its probability.
        phrases: By requested genre, the words and phrases that change its probability by a point or
            more, the strongest evidence for it first; only if words are left out.
        regions_without: Like ``regions``: the probability without each region; NaN for regions
            that do not matter; only if regions are greyed out.
        notes: By requested genre, sentences for the reader: that no single word, or no region,
            matters.
    """

    effects: dict[str, dict[str, float]]
    attention: dict[str, float] | None = None
    plot: str = ""
    words: dict[str, tuple[WordShare, ...]] = field(default_factory=dict)
    regions: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict, compare=False)
    attribution_method: dict[Modality, str] = field(default_factory=dict)
    probability: dict[str, float] = field(default_factory=dict)
    phrases: dict[str, tuple[Phrase, ...]] = field(default_factory=dict)
    regions_without: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict, compare=False)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def share(self, genre: str | None = None) -> dict[str, float]:
        """Return each part's share of the effects, regardless of their sign, adding up to 1.

        Args:
            genre: One genre; None takes all of them together.
        """
        rows = list(self.effects.values()) if genre is None else [self.effects[genre]]
        totals: dict[str, float] = {}
        for row in rows:
            for part, effect in row.items():
                totals[part] = totals.get(part, 0.0) + abs(effect)
        sum_of_totals = sum(totals.values())
        return {
            part: total / sum_of_totals if sum_of_totals else 0.0 for part, total in totals.items()
        }

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; words and regions only if they were requested."""
        plain: dict[str, Any] = {
            "modality_share": _plain(self.share()),
            "modality_effects": {genre: _plain(row) for genre, row in self.effects.items()},
            "modality_attention": None if self.attention is None else _plain(self.attention),
        }
        if self.attribution_method:
            plain["attribution_method"] = _plain(self.attribution_method)
            for name, words in (("words", self.words), ("phrases", self.phrases)):
                plain[name] = {genre: list(map(vars, row)) for genre, row in words.items()}
            plain["regions"] = {genre: grid.tolist() for genre, grid in self.regions.items()}
            plain["regions_without"] = {
                genre: [
                    [None if value != value else value for value in row] for row in grid.tolist()
                ]
                for genre, grid in self.regions_without.items()
            }
            plain["probability"] = dict(self.probability)
            plain["notes"] = {genre: list(notes) for genre, notes in self.notes.items()}
        return plain


@dataclass(frozen=True)
class Prediction:
    """The prediction for a film. Jupyter shows it with bars.

    A pickled prediction has no model, so it cannot explain itself.

    Attributes:
        genres: The chosen genres, most probable first.
        probabilities: Every genre's probability, calibrated with ``thresholds.json``, most
            probable first.
        thresholds: The probability from which each genre is chosen, in the same order.
        modalities: The parts of the film that the model read: ``plot``, ``poster``, both, or
            ``title`` alone. Empty if nothing was read; then no genre is chosen, and the
            probabilities are the label prior's.
        warnings: Warnings as sentences: that the plot is a placeholder, not in English or very
            short, the poster blank, or that the model does not read a part. Empty if nothing is
            wrong.
        error: Why the film could not be read in full, if ``predict`` was called with
            ``errors="report"``; if nothing could be read, there are no probabilities either.
    """

    genres: list[str]
    probabilities: dict[str, float]
    thresholds: dict[str, float]
    modalities: list[str]
    warnings: list[str] = field(default_factory=list, kw_only=True)
    error: str | None = field(default=None, kw_only=True)
    _explain: Callable[[Sequence[str]], Explanation] = field(repr=False, compare=False)
    _similar: Callable[[int], list[SimilarMovie]] = field(repr=False, compare=False)

    @classmethod
    def unreadable(cls, error: str) -> Self:
        """Return the prediction for a film that cannot be read.

        Args:
            error: Why.
        """

        def refuse(_: object) -> NoReturn:
            raise InputError(f"there is no answer to explain: {error}")

        return cls([], {}, {}, [], error=error, _explain=refuse, _similar=refuse)

    @property
    def likeliest(self) -> dict[str, float]:
        """The most probable genres, at most three, if none is chosen; none is below 0.5 per cent.

        Empty if genres are chosen or nothing was read.
        """
        if self.genres or not self.modalities:
            return {}
        first = list(self.probabilities.items())[:_NUM_LIKELIEST]
        return {genre: value for genre, value in first if value > _LEAST_LIKELY}

    def explain(self, *, attribute: Sequence[str] | None = ()) -> Explanation:
        """Compute an explanation.

        Args:
            attribute: Genres for which the effects of single words and poster regions are computed
                too; this takes far longer than the effects of plot and poster as a whole.

        Raises:
            InputError: The model does not know such a genre.
        """
        return self._explain(attribute or ())

    def similar(self, count: int = 5) -> list[SimilarMovie]:
        """Return the training movies with the most similar predictions, the most similar first.

        Args:
            count: How many.

        Raises:
            InputError: The model was exported without an index of similar movies.
        """
        return self._similar(count)

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values, as ``moviegenre predict --json`` writes them; ``error`` if any."""
        error = {} if self.error is None else {"error": self.error}
        return {
            "genres": list(self.genres),
            "probabilities": dict(self.probabilities),
            "thresholds": dict(self.thresholds),
            "modalities": list(self.modalities),
            "warnings": list(self.warnings),
            **error,
        }

    def _repr_html_(self) -> str:
        return prediction_html(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_explain": _without_model, "_similar": _without_model}

    def __copy__(self) -> Self:
        return replace(self)  # with its model, which __getstate__ leaves out

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        shared = ("_explain", "_similar")
        parts = {name: part for name, part in self.__dict__.items() if name not in shared}
        return replace(self, **deepcopy(parts, memo))


def _without_model(_: object) -> NoReturn:
    """Refuse to explain a prediction that was pickled.

    Raises:
        InputError: Always.
    """
    raise InputError(
        "this prediction was pickled without its model; to explain it, predict "
        "again: predictor.predict(...).explain()"
    )


def _plain(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(part): value for part, value in values.items()}
