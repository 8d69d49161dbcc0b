"""Settings of an audit: near duplicates, leaks, and texts for the models."""

from dataclasses import dataclass

from moviegenre.data.plots import PlotRule
from moviegenre.studies.audit.pairs import LeakRule


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
    plot: PlotRule = "joined"
    leaks: LeakRule = "either"
    folds: int = 5
    top: int = 30
