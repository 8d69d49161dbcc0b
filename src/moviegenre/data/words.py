"""The words of a plot as readers see them, whatever pieces a tokenizer makes of them."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RUN = re.compile(r"\S+")
_INNER = re.compile(r"\w(?:.*\w)?", re.DOTALL)


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
"""English words that carry grammar rather than meaning, in lower case."""


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
