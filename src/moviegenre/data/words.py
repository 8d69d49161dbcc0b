"""The words of a plot as readers see them, whatever pieces a tokenizer makes of them."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RUN = re.compile(r"\S+")
_INNER = re.compile(r"\w(?:.*\w)?", re.DOTALL)


@dataclass(frozen=True)
class Word:
    """A word of a text.

    Attributes:
        text: The word without the punctuation around it.
        start: Where it begins in the text, in characters.
        end: Where it ends, exclusive: ``plot[start:end]`` is the word.
    """

    text: str
    start: int
    end: int


def plot_words(plot: str) -> list[Word]:
    """Return the words of a text: what stands between white space, less punctuation at its ends.

    A run of punctuation alone, such as a dash, is a word of its own.

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


def words_at(cleaned: str) -> npt.NDArray[np.int64]:
    """Return for each character of a cleaned text the place of its word among ``plot_words``.

    Cleaning makes every run of white space one space and leaves the words in their places, so the
    places hold for the text as it was before, too. A space counts to the word before it.

    Args:
        cleaned: What ``text.clean_text`` returned.
    """
    spaces = np.fromiter((char == " " for char in cleaned), dtype=bool, count=len(cleaned))
    places: npt.NDArray[np.int64] = np.cumsum(spaces) - spaces
    return places
