"""Movies that were left out: counted by reason, and listed in a file."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from moviegenre.core.errors import shortened
from moviegenre.core.files import write_text
from moviegenre.data.records import ExcludedMovie, Reason, whole_text
from moviegenre.data.schema import EXCLUDED_FILE

INCOMPLETE = frozenset({Reason.NO_PLOT, Reason.NO_POSTER, Reason.POSTER_DOES_NOT_DECODE})
"""Reasons that do not count with ``keep_incomplete``."""

EXAMPLES = 3
"""The number of reasons with an example in a message."""

_MAX_DETAIL_CHARS = 1_000  # in excluded.csv


def write_excluded(path: Path, excluded: Sequence[ExcludedMovie]) -> None:
    """Write a CSV with a row for each movie that was left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "reason", "detail"])
    writer.writerows(
        [
            whole_text(shortened(movie.id)),
            movie.reason.value,
            whole_text(shortened(movie.detail, _MAX_DETAIL_CHARS)),
        ]
        for movie in excluded
    )
    write_text(path, text.getvalue())


def by_reason(excluded: Sequence[ExcludedMovie]) -> dict[str, int]:
    """Return the number of excluded movies for each reason, the most frequent reason first."""
    return dict(Counter(movie.reason.value for movie in excluded).most_common())


def describe_reasons(excluded: Sequence[ExcludedMovie]) -> str:
    """Return the number of excluded movies for each reason, the first with examples, as text."""
    first = examples(excluded)
    reasons = []
    for rank, (reason, count) in enumerate(by_reason(excluded).items()):
        detail = first[reason].detail if rank < EXAMPLES else ""
        example = f", for example {shortened(detail)}" if detail else ""
        reasons.append(f"{reason}: {count:,}{example}")
    return "; ".join(reasons)


def examples(excluded: Sequence[ExcludedMovie]) -> dict[str, ExcludedMovie]:
    """Return the first movie that was left out, by reason."""
    first: dict[str, ExcludedMovie] = {}
    for movie in excluded:
        first.setdefault(movie.reason.value, movie)
    return first


def write_list(out: Path, excluded: Sequence[ExcludedMovie]) -> str:
    """List the excluded movies in a file beside a folder that is not written.

    Returns:
        The end of a message that names the file; empty if no movie was left out.
    """
    if not excluded:
        return ""
    path = out.with_name(f"{out.name}.{EXCLUDED_FILE}")
    write_excluded(path, excluded)
    return f"; all that were left out are listed in {path}"
