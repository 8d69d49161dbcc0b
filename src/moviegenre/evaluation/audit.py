"""What an audit found, and its tables."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moviegenre.core.types import Split
from moviegenre.data.audit.genre_words import GenreWord
from moviegenre.data.audit.movies import AuditMovies
from moviegenre.data.audit.pairs import LeakRule, Pair, clusters, count_by_splits
from moviegenre.data.plots import PlotRule
from moviegenre.evaluation.documents import Table
from moviegenre.evaluation.label_errors import LabelError

_SMALLEST_CLUSTER = 2


@dataclass(frozen=True)
class AuditSettings:
    """What counts as what.

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


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        movies: All movies.
        settings: What counted as what.
        pairs: Near duplicates of both kinds, the most similar first.
        plain_posters: Movies whose poster is too plain to be compared.
        short_plots: How many plots are too short to be compared.
        words: Genre names spelled out, by genre; the most telling first.
        sources: What the labels were judged by, by split; empty where they were not.
        errors: Likely label errors, the worst first.
        dropped: By row, the movies of train and val that leak, with those that they are like.
        synthetic: Whether the movies are made up.
        seconds: How long each part took.
    """

    movies: AuditMovies
    settings: AuditSettings
    pairs: Sequence[Pair]
    plain_posters: Sequence[int]
    short_plots: int
    words: Sequence[GenreWord]
    sources: Mapping[str, str]
    errors: Sequence[LabelError]
    dropped: Mapping[int, Sequence[int]]
    synthetic: bool
    seconds: Mapping[str, float] = field(default_factory=dict)

    def pairs_of(self, kind: str) -> list[Pair]:
        """Return the pairs of one kind, those across splits first, then the most similar."""
        splits = self.movies.splits
        own = [pair for pair in self.pairs if pair.kind == kind]
        return sorted(own, key=lambda p: (splits[p.first] is splits[p.second], -p.similarity))

    def same_genres(self, pair: Pair) -> bool:
        """Return whether the two movies of a pair have the same genres."""
        labels = self.movies.labels
        return bool((labels[pair.first] == labels[pair.second]).all())

    @property
    def cluster_sizes(self) -> list[int]:
        """Sizes of the clusters that the pairs of both kinds form, the largest first."""
        sizes = Counter(clusters(self.pairs, len(self.movies)))
        return sorted((n for n in sizes.values() if n >= _SMALLEST_CLUSTER), reverse=True)

    def dropped_by_split(self) -> dict[str, int]:
        """Return how many movies of each split leak."""
        found = Counter(self.movies.splits[row] for row in self.dropped)
        return {split.value: found[split] for split in Split}


def pairs_table(audit: Audit) -> Table:
    """Return how many pairs lie within and across splits."""
    counts, differ = {}, {}
    for kind in ("plot", "poster"):
        pairs = [pair for pair in audit.pairs if pair.kind == kind]
        counts[kind] = count_by_splits(pairs, audit.movies.splits)
        unequal = [pair for pair in pairs if not audit.same_genres(pair)]
        differ[kind] = count_by_splits(unequal, audit.movies.splits)
    rows = [
        (
            name.replace("-", " and ") if len(set(name.split("-"))) > 1 else f"within {first}",
            *(
                f"{table[kind][name]:,}"
                for kind in ("plot", "poster")
                for table in (counts, differ)
            ),
        )
        for name in counts["plot"]
        for first in [name.split("-")[0]]
    ]
    headings = ("pairs", "plots", "plots, genres differ", "posters", "posters, genres differ")
    return Table(headings, tuple(rows))


def words_table(audit: Audit) -> Table:
    """Return how often plots spell out their genre."""
    rows = [
        (
            word.genre,
            " | ".join(word.words),
            _per_cent(word.with_label),
            _per_cent(word.without_label),
            _per_cent(word.precision),
            f"{word.num_movies:,}",
        )
        for word in audit.words
    ]
    headings = ("genre", "word", "of those with it", "of those without", "right", "movies")
    return Table(headings, tuple(rows), num_text_columns=2)


def errors_table(audit: Audit) -> Table:
    """Return how many labels of each genre are contradicted, and in which direction."""
    deny = Counter(error.genre for error in audit.errors if error.labelled)
    insist = Counter(error.genre for error in audit.errors if not error.labelled)
    support = audit.movies.labels.sum(axis=0)
    rows = [
        (name, f"{support[i]:,}", f"{deny[i]:,}", f"{insist[i]:,}")
        for i, name in enumerate(audit.movies.genres)
    ]
    total = (f"{int(support.sum()):,}", f"{deny.total():,}", f"{insist.total():,}")
    rows.append(("all", *total))
    return Table(("genre", "movies", "label there, denied", "label missing, insisted"), tuple(rows))


def _per_cent(share: float) -> str:
    return "undefined" if math.isnan(share) else f"{100 * share:.1f}"
