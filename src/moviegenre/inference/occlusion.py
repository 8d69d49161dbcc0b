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
"""Indices of neighbouring words."""

MAX_TOKENS = 6000
"""The maximum number of tokens that a model reads to find the words of a plot that matter."""

MIN_VARIANTS, MAX_VARIANTS = 20, 96
"""The minimum and maximum number of variants of a plot before phrases are searched."""

_SENTENCE_SHARE = 3  # one in three variants is for sentences
_PHRASE_SHARE = 5  # after five variants, one more is for phrases
_FREE_PHRASES = 40  # phrases that cost next to nothing
_MAX_PHRASE_WORDS = 4
_MIN_JOINT_EFFECT = 0.1  # log-odds: the effect of a phrase beyond the sum of its words' effects

Ask = Callable[[Sequence[Film]], Floats]
"""Computes the logits (N, L) of N films."""


class Variants(Protocol):
    """A model that predicts variants of one film."""

    def num_tokens(self, film: Film) -> int:
        """Return how many tokens the model reads for a variant with other words; 0 is free."""

    def logits(self, films: Sequence[Film]) -> Floats:
        """Return the logits (N, L) of variants."""

    def estimates(self, films: Sequence[Film]) -> Floats | None:
        """Return cheap estimates of the logits (N, L) of variants with other words, or None."""


@dataclass(frozen=True)
class AnyModel:
    """A model that reads every variant as a new film.

    Attributes:
        ask: Computes the model's logits.
        slices: How its work is split and run.
    """

    ask: Ask
    slices: Slices = WHOLE

    def num_tokens(self, film: Film) -> int:
        """Return the number of tokens of a variant: all are read."""
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
        whole: Logits (L,) of the complete film.
        values: The decrease of some labels' logits without each word (G, W). Words that were not
            left out alone share the decrease of their sentence.
        without: Logits (L,) without a single word, or without neighbouring words.
    """

    whole: Floats
    values: Floats
    without: dict[Run, Floats]


def without_words(film: Film, places: Places, words: Collection[int]) -> Film:
    """Return a film without some words of its plot.

    Words beyond the model's limit stay cut off.

    Args:
        film: A film with a plot.
        places: The index of the word that each of its tokens belongs to (T,).
        words: The indices of the words to leave out.
    """
    return replace(film, tokens=film.tokens[~np.isin(places, list(words))])


def occlude_words(
    variants: Variants, film: Film, places: Places, labels: Sequence[int]
) -> WordEffects:
    """Leave out the words of a plot, one by one, and neighbours that may act together.

    Function words are not left out; their effect is 0. If ``MAX_TOKENS`` does not suffice for
    every word of a plot, sentences are left out first, then the words that seem to matter most.
    Words that cost nothing are always left out.

    Args:
        variants: The model.
        film: A film with a plot.
        places: The word index of each token (T,); W is the largest index plus one.
        labels: The G labels.
    """
    return _WordSearch(variants, film, places, labels).effects()


class _WordSearch:
    """A search for the words of one plot that matter; its arguments are ``occlude_words``'s."""

    def __init__(
        self, variants: Variants, film: Film, word_indices: Places, labels: Sequence[int]
    ) -> None:
        self._variants, self._film, self._word_indices = variants, film, word_indices
        self._labels = list(labels)
        self._whole = variants.logits([film])[0]
        words = plot_words(film.plot)
        self._sentences = sentences(film.plot, words)
        read_words = np.unique(word_indices[word_indices >= 0]).tolist()
        self._words = [word for word in read_words if not is_function_word(words[word].text)]
        self._without: dict[Run, Floats] = {}

    def effects(self) -> WordEffects:
        values = np.zeros((len(self._labels), int(self._word_indices.max(initial=-1)) + 1))
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
                values[:, run[0]] = self._decrease(without)
            self._find_phrases(values, -(-num_variants // _PHRASE_SHARE))
        return WordEffects(self._whole, values.astype(np.float32), self._without)

    def _film_without(self, run: Sequence[int]) -> Film:
        return without_words(self._film, self._word_indices, run)

    def _decrease(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return the decrease of the labels' logits (..., G) from the whole film's to these."""
        decrease: npt.NDArray[np.float64] = (self._whole - logits)[..., self._labels].astype(float)
        return decrease

    def _leave_out(self, runs: Sequence[Run]) -> None:
        if runs:
            answers = self._variants.logits([self._film_without(run) for run in runs])
            self._without.update(zip(runs, answers, strict=True))

    def _search(self, words: list[int], values: npt.NDArray[np.float64], num_variants: int) -> None:
        """Leave out each sentence, then the words that seem to matter most.

        Effects of words that are not left out alone are written into ``values`` (G, W).
        """
        groups = [[word for word in words if word in sentence] for sentence in self._sentences]
        groups = _merge_groups(
            [group for group in groups if group], num_variants // _SENTENCE_SHARE
        )
        logits = self._variants.logits([self._film_without(group) for group in groups])
        estimates = self._variants.estimates([self._film_without((word,)) for word in words])
        if estimates is not None:
            values[:, words] = self._decrease(estimates).T
        for group, decrease in zip(groups, self._decrease(logits), strict=True):
            values[:, group] += ((decrease - values[:, group].sum(axis=1)) / len(group))[:, None]
        order = np.argsort(-_strength(values[:, words]), kind="stable")
        self._leave_out([(words[index],) for index in sorted(order[: num_variants - len(groups)])])

    def _find_phrases(self, values: npt.NDArray[np.float64], num_variants: int) -> None:
        """Leave out neighbours, strongest ``values`` (G, W) first, and merge overlapping pairs."""
        alone = {run[0] for run in self._without}
        neighbours = {pair for sentence in self._sentences for pair in pairwise(sentence)}
        pairs = [pair for pair in sorted(neighbours) if alone.issuperset(pair)]
        strength = _strength(values)
        pairs.sort(key=lambda pair: -max(strength[list(pair)]))
        costs = {pair: self._variants.num_tokens(self._film_without(pair)) for pair in pairs}
        free = [pair for pair in pairs if not costs[pair]]
        costly = [pair for pair in pairs if costs[pair]]
        self._leave_out([*free[:_FREE_PHRASES], *costly[:num_variants]])
        joint = sorted(pair for pair in pairs if pair in self._without and self._is_joint(pair))
        runs = [run for run in _merge_pairs(joint) if 2 < len(run) <= _MAX_PHRASE_WORDS]
        self._leave_out(runs[:num_variants])

    def _is_joint(self, run: Run) -> bool:
        return any(acts_together(self._whole, self._without, run, label) for label in self._labels)


def acts_together(whole: Floats, without: dict[Run, Floats], run: Run, label: int) -> bool:
    """Return whether neighbours together change a label's logit more than the sum of each alone.

    Args:
        whole: Logits (L,) of the complete film.
        without: Logits (L,) without the neighbours, and without each of them.
        run: The neighbours.
        label: The label.
    """
    together = abs(whole[label] - without[run][label])
    alone = sum(abs(whole[label] - without[word,][label]) for word in run)
    return bool(together > alone + _MIN_JOINT_EFFECT)


def _merge_groups(groups: list[list[int]], max_groups: int) -> list[list[int]]:
    """Return at most ``max_groups`` groups of words: neighbouring groups are merged."""
    parts = np.array_split(np.arange(len(groups)), min(len(groups), max(1, max_groups)))
    return [[word for index in part for word in groups[index]] for part in parts]


def _merge_pairs(pairs: Sequence[Run]) -> list[Run]:
    """Return pairs that share a word as longer runs."""
    runs: list[Run] = []
    for pair in pairs:
        if runs and runs[-1][-1] == pair[0]:
            runs[-1] = (*runs[-1], *pair[1:])
        else:
            runs.append(pair)
    return runs


def _strength(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each word's strength (W,): its effect (G, W) relative to the label's strongest."""
    strongest = np.abs(values).max(axis=1, keepdims=True)
    strength: npt.NDArray[np.float64] = (np.abs(values) / np.maximum(strongest, 1e-9)).max(axis=0)
    return strength
