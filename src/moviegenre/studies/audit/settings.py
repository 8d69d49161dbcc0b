"""Settings of an audit: near duplicates, leaks, and texts for the models."""

from dataclasses import dataclass
from typing import Literal

from moviegenre.core.types import TextRule

LeakRule = Literal["either", "plot", "poster", "both"]
"""Which near duplicates count as leaks."""


@dataclass(frozen=True)
class AuditSettings:
    """The limits of an audit.

    Attributes:
        poster_distance: Posters are a pair if at most so many of 256 hash bits differ.
        plot_similarity: Plots are a pair if the longer one has at least this share of the
            shorter one's sequences of four words.
        plot: Which text is searched for genre words and judged against the labels.
        leaks: Which pairs make a movie leak.
        folds: Of the cross-fitted bag of words.
        top: How many of each kind the page shows.
    """

    poster_distance: int
    plot_similarity: float
    plot: TextRule = "joined"
    leaks: LeakRule = "either"
    folds: int = 5
    top: int = 30
