"""Settings of an audit: near duplicates, leaks, and texts for the models."""

from dataclasses import dataclass
from typing import Literal

from moviegenre.core.types import TextRule

LeakRule = Literal["either", "plot", "poster", "both"]
"""The near duplicates that count as leaks."""


@dataclass(frozen=True)
class AuditSettings:
    """The limits of an audit.

    Attributes:
        poster_distance: Posters are a pair if at most so many of 256 hash bits differ.
        plot_similarity: Plots are a pair if the longer one has at least this share of the
            shorter one's sequences of four words.
        plot: The plot rule for genre words and label errors.
        leaks: The pairs that count as leaks.
        folds: The number of folds of the cross-fitted bag of words.
        top: The number of findings of each kind on the page.
    """

    poster_distance: int
    plot_similarity: float
    plot: TextRule = "joined"
    leaks: LeakRule = "either"
    folds: int = 5
    top: int = 30
