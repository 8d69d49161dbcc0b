"""The findings of an audit."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moviegenre.core.types import Split
from moviegenre.studies.audit.genre_words import GenreWord
from moviegenre.studies.audit.label_errors import LabelError
from moviegenre.studies.audit.movies import AuditMovies
from moviegenre.studies.audit.pairs import Pair, clusters
from moviegenre.studies.audit.settings import AuditSettings

_SMALLEST_CLUSTER = 2


@dataclass(frozen=True)
class Audit:
    """The findings of an audit.

    Attributes:
        movies: All movies.
        settings: The limits of the audit.
        pairs: Near duplicates of both kinds, the most similar first.
        plain_posters: Movies whose poster is too plain for a comparison.
        short_plots: The number of plots that are too short for a comparison.
        words: Genre names in plots, by genre; the most informative first.
        sources: The models that judged the labels, by split; empty if labels were not judged.
        errors: Likely label errors, the worst first.
        dropped: By row, the movies of train and val that leak, with their near duplicates.
        synthetic: Whether the movies are synthetic.
        seconds: The time of each part.
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
        """Return the pairs of one kind: first those across splits, each by similarity."""
        splits = self.movies.splits
        pairs_of_kind = [pair for pair in self.pairs if pair.kind == kind]
        return sorted(
            pairs_of_kind, key=lambda p: (splits[p.first] is splits[p.second], -p.similarity)
        )

    def same_genres(self, pair: Pair) -> bool:
        """Return whether the two movies of a pair have the same genres."""
        labels = self.movies.labels
        return bool((labels[pair.first] == labels[pair.second]).all())

    @property
    def cluster_sizes(self) -> list[int]:
        """Sizes of the clusters of pairs of both kinds, the largest first."""
        sizes = Counter(clusters(self.pairs, len(self.movies)))
        return sorted((n for n in sizes.values() if n >= _SMALLEST_CLUSTER), reverse=True)

    def dropped_by_split(self) -> dict[str, int]:
        """Return the number of leaking movies of each split."""
        counts = Counter(self.movies.splits[row] for row in self.dropped)
        return {split.value: counts[split] for split in Split}
