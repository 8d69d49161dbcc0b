"""The words of a plot for human readers, independent of a tokenizer's pieces."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_RUN = re.compile(r"\S+")
_INNER = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?\u2026]|\n\s*\n")
_MIN_SENTENCE_WORDS, _MAX_SENTENCE_WORDS = 4, 30


FUNCTION_WORDS = frozenset(
    """a about above after again against all also although always am an and another any are around
    as at away back be because been before behind being below between both but by can cannot could
    did do does doing done down during each either else even ever every few first for from further
    get gets go goes going had has have having he he's her here hers herself him himself his how i
    i'm if in into is isn't it it's its itself just last later let made make makes many may me might
    more most much must my myself never new no nor not nothing now of off often old on once one only
    onto or other others our ours out over own per rather s same shall she should since so some
    still such t than that that's the their theirs them themselves then there these they thing
    things this those though three through thus to together too toward towards two under until up
    upon us very was way we well were what when where whether which while who whom whose why will
    with within without would yet you your yours yourself""".split()  # noqa: SIM905 - a list literal would take ten times the lines
)
"""English words that carry grammar rather than meaning, in lower case.

Collected by hand for this package.
"""

_PRONOUNS = frozenset(
    f"{first}{last}"
    for first in ("any", "every", "no", "some")
    for last in ("body", "one", "thing", "where")
)
_CONTRACTION = re.compile(r"(n't|'(s|ll|re|ve|d|m))$")


@dataclass(frozen=True)
class Word:
    """A word of a text.

    Attributes:
        text: The word without the punctuation around it.
        start: The position of its first character in the text.
        end: The position after its last character: ``plot[start:end]`` is the word.
    """

    text: str
    start: int
    end: int


def plot_words(plot: str) -> list[Word]:
    """Return the words of a text: split at white space, without punctuation at both ends.

    Punctuation between white space, such as a dash, is a word.

    Example:
        >>> [word.text for word in plot_words('"It is her half-sister" - he says.')]
        ['It', 'is', 'her', 'half-sister', '-', 'he', 'says']
    """
    words = []
    for run in _RUN.finditer(plot):
        inner = _INNER.search(run.group())
        start, end = inner.span() if inner else (0, len(run.group()))
        words.append(Word(run.group()[start:end], run.start() + start, run.start() + end))
    return words


def is_function_word(text: str) -> bool:
    """Return whether a word carries no meaning alone: "the", "didn't", "she'll", a dash.

    Args:
        text: A word from ``plot_words``.
    """
    word = text.lower().replace("\u2019", "'")
    word = word if word in FUNCTION_WORDS else _CONTRACTION.sub("", word)
    is_mark = not any(char.isalnum() for char in word)
    return is_mark or word in FUNCTION_WORDS or word in _PRONOUNS


def sentences(plot: str, words: Sequence[Word]) -> list[range]:
    """Return the range of word indices of each sentence.

    Very short sentences are joined with the one before; very long ones are cut into equal parts.

    Example:
        >>> text = "The lamp is out. Anna goes down the old stairs alone. Who is there?"
        >>> sentences(text, plot_words(text))
        [range(0, 4), range(4, 14)]
    """
    starts = [0]
    for index, (word, next_word) in enumerate(pairwise(words), start=1):
        if _SENTENCE_END.search(plot[word.end : next_word.start]):
            starts.append(index)
    for start, end in reversed(list(pairwise([*starts, len(words)]))):
        if end - start < _MIN_SENTENCE_WORDS and start > 0:
            starts.remove(start)
    ranges: list[range] = []
    for start, end in pairwise([*starts, len(words)]):
        parts = -(-(end - start) // _MAX_SENTENCE_WORDS)
        bounds = [start + round(i * (end - start) / (parts or 1)) for i in range(parts + 1)]
        ranges += [range(*part) for part in pairwise(bounds)]
    return ranges


def word_places(cleaned: str) -> npt.NDArray[np.int64]:
    """Return for each character of a cleaned text the index of its word in ``plot_words``.

    Cleaning changes only white space, so the indices are also valid for the text before cleaning.
    A space belongs to the word before it.

    Args:
        cleaned: The result of ``text.clean_text``.
    """
    spaces = np.fromiter((char == " " for char in cleaned), dtype=bool, count=len(cleaned))
    word_indices: npt.NDArray[np.int64] = np.cumsum(spaces) - spaces
    return word_indices
