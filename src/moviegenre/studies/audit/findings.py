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
        plain_posters: Movies whose poster is too plain to be compared.
        short_plots: How many plots are too short to be compared.
        words: Genre names spelled out, by genre; the most telling first.
        sources: The models that judged the labels, by split; empty if none did.
        errors: Likely label errors, the worst first.
        dropped: By row, the movies of train and val that leak, with their near duplicates.
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
        """Sizes of the clusters that the pairs of both kinds form, the largest first."""
        sizes = Counter(clusters(self.pairs, len(self.movies)))
        return sorted((n for n in sizes.values() if n >= _SMALLEST_CLUSTER), reverse=True)

    def dropped_by_split(self) -> dict[str, int]:
        """Return how many movies of each split leak."""
        counts = Counter(self.movies.splits[row] for row in self.dropped)
        return {split.value: counts[split] for split in Split}
