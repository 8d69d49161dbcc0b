"""Attribution by occlusion: predict again without each part; works with every model.

Reference: Zeiler and Fergus, "Visualizing and understanding convolutional networks",
https://arxiv.org/abs/1311.2901, for posters; Li, Monroe and Jurafsky, "Understanding neural
networks through representation erasure", https://arxiv.org/abs/1612.08220, for words.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from moviegenre.data.words import is_function_word, plot_words, sentences
from moviegenre.inference.films import Film
from moviegenre.inference.slices import WHOLE, Slices

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
Run = tuple[int, ...]
"""Places of neighbouring words."""

MAX_TOKENS = 6000
"""The tokens a model reads, at most, to find the words of a plot that matter."""

MIN_VARIANTS, MAX_VARIANTS = 20, 96
"""Variants of a plot that are computed, at least and at most, before phrases are searched."""

_SENTENCES = 3  # one in so many variants is for sentences
_PHRASES = 5  # after so many variants, one more is for phrases
_FREE_PHRASES = 40  # phrases that cost next to nothing
_LONGEST_PHRASE = 4  # words
_TOGETHER = 0.1  # log-odds by which neighbours do more together than each alone

Ask = Callable[[Sequence[Film]], Floats]
"""Gives the logits (N, L) of N films."""


class Variants(Protocol):
    """A model that answers variants of one film."""

    def num_tokens(self, film: Film) -> int:
        """Return how many tokens it reads again for a variant with other words; 0 is free."""

    def logits(self, films: Sequence[Film]) -> Floats:
        """Return the logits (N, L) of variants."""

    def estimates(self, films: Sequence[Film]) -> Floats | None:
        """Return cheap estimates of the logits (N, L) of variants with other words, or None."""


@dataclass(frozen=True)
class AnyModel:
    """A model that reads every variant as a film of its own.

    Attributes:
        ask: The model.
        slices: How its work is split and run.
    """

    ask: Ask
    slices: Slices = WHOLE

    def num_tokens(self, film: Film) -> int:
        """Return the tokens of a variant: all are read."""
        return len(film.tokens)

    def logits(self, films: Sequence[Film]) -> Floats:
        """Return the logits (N, L) of variants."""
        return np.concatenate(self.slices.of_films(self.ask, films))

    def estimates(self, films: Sequence[Film]) -> Floats | None:
        """Return None: there is no cheap estimate."""
        return None


@dataclass(frozen=True)
class WordEffects:
    """The effects of leaving words of a plot out.

    Attributes:
        whole: Logits (L,) of the whole film.
        values: How far the logits of some labels fall without each word (G, W). Words that were
            not left out alone share the fall of their sentence.
        without: Logits (L,) without a word that was left out alone, or without neighbours.
    """

    whole: Floats
    values: Floats
    without: dict[Run, Floats]


def without_words(film: Film, places: Places, words: Collection[int]) -> Film:
    """Return a film without some words of its plot.

    The model reads no further than before: words beyond its limit stay cut off.

    Args:
        film: A film with a plot.
        places: The word that each of its tokens belongs to (T,).
        words: The places of the words to leave out.
    """
    return replace(film, tokens=film.tokens[~np.isin(places, list(words))])


def occlude_words(
    variants: Variants, film: Film, places: Places, labels: Sequence[int]
) -> WordEffects:
    """Leave out the words of a plot, one by one, and neighbours that may act together.

    Function words are not tried; their effect is 0. A plot of which not every word can be tried
    with ``MAX_TOKENS`` is first searched by sentences, and then by the words that seem to matter
    most. Words that cost nothing are all tried.

    Args:
        variants: The model.
        film: A film with a plot.
        places: The word that each of its tokens belongs to (T,); W is one more than the largest.
        labels: The G labels.
    """
    return _WordSearch(variants, film, places, labels).effects()


class _WordSearch:
    """A search for the words of one plot that matter; for arguments see ``occlude_words``."""

    def __init__(
        self, variants: Variants, film: Film, places: Places, labels: Sequence[int]
    ) -> None:
        self._variants, self._film, self._places = variants, film, places
        self._labels = list(labels)
        self._whole = variants.logits([film])[0]
        words = plot_words(film.plot)
        self._sentences = sentences(film.plot, words)
        read = np.unique(places[places >= 0]).tolist()
        self._words = [place for place in read if not is_function_word(words[place].text)]
        self._without: dict[Run, Floats] = {}

    def effects(self) -> WordEffects:
        values = np.zeros((len(self._labels), int(self._places.max(initial=-1)) + 1))
        if self._words:
            costs = {
                word: self._variants.num_tokens(self._film_without((word,))) for word in self._words
            }
            tokens = max(1, *costs.values(), 0)
            num_variants = min(max(MAX_TOKENS // tokens, MIN_VARIANTS), MAX_VARIANTS)
            self._leave_out([(word,) for word, cost in costs.items() if not cost])
            costly = [word for word, cost in costs.items() if cost]
            if len(costly) <= num_variants:
                self._leave_out([(word,) for word in costly])
            else:
                self._search(costly, values, num_variants)
            for run, without in self._without.items():
                values[:, run[0]] = self._fall(without)
            self._find_phrases(values, -(-num_variants // _PHRASES))
        return WordEffects(self._whole, values.astype(np.float32), self._without)

    def _film_without(self, run: Sequence[int]) -> Film:
        return without_words(self._film, self._places, run)

    def _fall(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return how far the labels' logits (..., G) fall, given the remaining logits (..., L)."""
        fallen: npt.NDArray[np.float64] = (self._whole - logits)[..., self._labels].astype(float)
        return fallen

    def _leave_out(self, runs: Sequence[Run]) -> None:
        if runs:
            answers = self._variants.logits([self._film_without(run) for run in runs])
            self._without.update(zip(runs, answers, strict=True))

    def _search(self, words: list[int], values: npt.NDArray[np.float64], num_variants: int) -> None:
        """Leave out each sentence, then the words that seem to matter most.

        Effects of words that are not left out alone are written into ``values`` (G, W).
        """
        groups = [[word for word in words if word in part] for part in self._sentences]
        groups = _fewer([group for group in groups if group], num_variants // _SENTENCES)
        fallen = self._fall(self._variants.logits([self._film_without(group) for group in groups]))
        guesses = self._variants.estimates([self._film_without((word,)) for word in words])
        if guesses is not None:
            values[:, words] = self._fall(guesses).T
        for group, fall in zip(groups, fallen, strict=True):
            values[:, group] += ((fall - values[:, group].sum(axis=1)) / len(group))[:, None]
        best = np.argsort(-_largest(values[:, words]), kind="stable")
        self._leave_out([(words[place],) for place in sorted(best[: num_variants - len(groups)])])

    def _find_phrases(self, values: npt.NDArray[np.float64], num_variants: int) -> None:
        """Leave out neighbours, those with the strongest ``values`` (G, W) first, and join them."""
        alone = {run[0] for run in self._without}
        neighbours = {pair for part in self._sentences for pair in pairwise(part)}
        pairs = [pair for pair in sorted(neighbours) if alone.issuperset(pair)]
        strength = _largest(values)
        pairs.sort(key=lambda pair: -max(strength[list(pair)]))
        costs = {pair: self._variants.num_tokens(self._film_without(pair)) for pair in pairs}
        free = [pair for pair in pairs if not costs[pair]]
        costly = [pair for pair in pairs if costs[pair]]
        self._leave_out([*free[:_FREE_PHRASES], *costly[:num_variants]])
        joint = sorted(pair for pair in pairs if pair in self._without and self._is_joint(pair))
        runs = [run for run in _joined(joint) if 2 < len(run) <= _LONGEST_PHRASE]
        self._leave_out(runs[:num_variants])

    def _is_joint(self, run: Run) -> bool:
        return any(acts_together(self._whole, self._without, run, label) for label in self._labels)


def acts_together(whole: Floats, without: dict[Run, Floats], run: Run, label: int) -> bool:
    """Return whether neighbours change a label's logit more together than all of them alone.

    Args:
        whole: Logits (L,) of the whole film.
        without: Logits (L,) without the neighbours, and without each of them.
        run: The neighbours.
        label: The label.
    """
    together = abs(whole[label] - without[run][label])
    alone = sum(abs(whole[label] - without[word,][label]) for word in run)
    return bool(together > alone + _TOGETHER)


def _fewer(groups: list[list[int]], number: int) -> list[list[int]]:
    """Return at most ``number`` groups of words, joined from neighbouring groups."""
    parts = np.array_split(np.arange(len(groups)), min(len(groups), max(1, number)))
    return [[word for place in part for word in groups[place]] for part in parts]


def _joined(pairs: Sequence[Run]) -> list[Run]:
    """Return pairs that share a word as longer runs."""
    runs: list[Run] = []
    for pair in pairs:
        if runs and runs[-1][-1] == pair[0]:
            runs[-1] = (*runs[-1], *pair[1:])
        else:
            runs.append(pair)
    return runs


def _largest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the largest part (W,) of a label's strongest effect that each of (G, W) is."""
    strongest = np.abs(values).max(axis=1, keepdims=True)
    largest: npt.NDArray[np.float64] = (np.abs(values) / np.maximum(strongest, 1e-9)).max(axis=0)
    return largest
