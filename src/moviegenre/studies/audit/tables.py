"""The tables of an audit."""

import math
from collections import Counter

from moviegenre.evaluation.documents import Table
from moviegenre.studies.audit.findings import Audit
from moviegenre.studies.audit.pairs import count_by_splits


def pairs_table(audit: Audit) -> Table:
    """Return how many pairs lie within and across splits."""
    counts, differ = {}, {}
    for kind in ("plot", "poster"):
        pairs = [pair for pair in audit.pairs if pair.kind == kind]
        counts[kind] = count_by_splits(pairs, audit.movies.splits)
        unequal = [pair for pair in pairs if not audit.same_genres(pair)]
        differ[kind] = count_by_splits(unequal, audit.movies.splits)
    rows = []
    for name in counts["plot"]:
        first, second = name.split("-")
        title = f"within {first}" if first == second else f"{first} and {second}"
        numbers = [table[kind][name] for kind in counts for table in (counts, differ)]
        rows.append((title, *(f"{number:,}" for number in numbers)))
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
    denied = Counter(error.genre for error in audit.errors if error.labelled)
    added = Counter(error.genre for error in audit.errors if not error.labelled)
    support = audit.movies.labels.sum(axis=0)
    rows = [
        (name, f"{support[i]:,}", f"{denied[i]:,}", f"{added[i]:,}")
        for i, name in enumerate(audit.movies.genres)
    ]
    rows.append(("all", f"{support.sum():,}", f"{denied.total():,}", f"{added.total():,}"))
    return Table(("genre", "movies", "label there, denied", "label missing, insisted"), tuple(rows))


def _per_cent(share: float) -> str:
    return "undefined" if math.isnan(share) else f"{100 * share:.1f}"
