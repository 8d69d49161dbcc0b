"""The tables of an audit."""

import math
from collections import Counter

from moviegenre.evaluation.documents import Table
from moviegenre.studies.audit.findings import Audit
from moviegenre.studies.audit.pairs import count_by_splits


def pairs_table(audit: Audit) -> Table:
    """Return the number of pairs within and across splits."""
    counts, unequal_counts = {}, {}
    for kind in ("plot", "poster"):
        pairs = [pair for pair in audit.pairs if pair.kind == kind]
        counts[kind] = count_by_splits(pairs, audit.movies.splits)
        unequal = [pair for pair in pairs if not audit.same_genres(pair)]
        unequal_counts[kind] = count_by_splits(unequal, audit.movies.splits)
    rows = []
    for name in counts["plot"]:
        first, second = name.split("-")
        title = f"within {first}" if first == second else f"{first} and {second}"
        numbers = [table[kind][name] for kind in counts for table in (counts, unequal_counts)]
        rows.append((title, *(f"{number:,}" for number in numbers)))
    headings = ("pairs", "plots", "plots, genres differ", "posters", "posters, genres differ")
    return Table(headings, tuple(rows))


def words_table(audit: Audit) -> Table:
    """Return how often plots contain the name of their genre."""
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
    """Return the number of contradicted labels of each genre, in both directions."""
    false_labels = Counter(error.genre for error in audit.errors if error.labelled)
    missing_labels = Counter(error.genre for error in audit.errors if not error.labelled)
    support = audit.movies.labels.sum(axis=0)
    rows = [
        (name, f"{support[column]:,}", f"{false_labels[column]:,}", f"{missing_labels[column]:,}")
        for column, name in enumerate(audit.movies.genres)
    ]
    rows.append(
        ("all", f"{support.sum():,}", f"{false_labels.total():,}", f"{missing_labels.total():,}")
    )
    return Table(("genre", "movies", "label there, denied", "label missing, insisted"), tuple(rows))


def _per_cent(share: float) -> str:
    return "undefined" if math.isnan(share) else f"{100 * share:.1f}"
