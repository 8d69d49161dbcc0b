"""Many forms of the same films as training texts: a sentence, an overview, a complete plot.

Users may have a sentence or ten pages about a film. A model that is trained on only one form
predicts worse for the others.
"""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from moviegenre.core.types import Part

Form = Literal["overview", "sentence", "piece", "longest", "joined", "heading"]

PIECE_WORDS = 95
"""Words of a piece, about 128 tokens."""

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Lt|Col|Gen|Capt|Sgt|No|vs))\.$")
_MIN_SENTENCE_WORDS = 5
_HEADINGS: tuple[tuple[Part, ...], ...] = (("title", "year"), ("title",), ("year",), ())
_HEADING_SHARES = (0.45, 0.1, 0.1, 0.35)


def first_sentence(text: str) -> str:
    """Return a text's first sentence, at least five words long if the text is.

    Example:
        >>> first_sentence("Dr. No lives on an island far away. He has plans.")
        'Dr. No lives on an island far away.'
    """
    for match in _SENTENCE_END.finditer(text):
        sentence = text[: match.start()].rstrip()
        if len(sentence.split()) >= _MIN_SENTENCE_WORDS and not _ABBREVIATION.search(sentence):
            return text[: match.end()].strip()
    return text.strip()


def text_in_form(plots: Sequence[str], form: Form, random: np.random.Generator) -> str | None:
    """Return a film's plot in one form; None if the form does not differ from another one.

    Args:
        plots: All plots of the film, the overview first.
        form: ``overview``: the first plot. ``sentence``: its first sentence, if it has several.
            ``longest``, ``joined``: if there are several plots. ``piece``: about 95 successive
            words, drawn from the plots after the first. ``heading``: only title and year.
        random: The generator that draws the piece.
    """
    if form == "heading":
        return ""
    if not plots:
        return None
    if form == "overview":
        return plots[0]
    if form == "sentence":
        sentence = first_sentence(plots[0])
        return sentence if len(sentence) < len(plots[0].strip()) else None
    if len(plots) < 2:
        return None
    if form == "longest":
        return max(plots, key=len)
    if form == "joined":
        return "\n".join(plots)
    words = " ".join(plots[1:]).split()
    start = PIECE_WORDS * int(random.integers(max(1, len(words) // PIECE_WORDS)))
    return " ".join(words[start : start + PIECE_WORDS]) or None


def draw_heading_parts(
    form: Form, reads: Sequence[Part], random: np.random.Generator
) -> tuple[Part, ...]:
    """Return the heading parts of a training text: title, year, both or none.

    Args:
        form: The form of the text; a ``heading`` has both parts.
        reads: The parts that the model reads.
        random: The generator that draws the parts.
    """
    index = 0
    if form != "heading":
        index = int(random.choice(len(_HEADINGS), p=_HEADING_SHARES))  # no secret # nosec B311
    return tuple(part for part in _HEADINGS[index] if part in reads)
