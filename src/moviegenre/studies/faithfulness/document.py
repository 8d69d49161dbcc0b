"""The table of a faithfulness study."""

from collections.abc import Sequence

from moviegenre.evaluation.documents import Table
from moviegenre.studies.faithfulness.computation import Faithfulness


def faithfulness_table(results: Sequence[Faithfulness]) -> Table:
    """Return how far the probability of the likeliest genre fell, in points."""
    headings = (
        *("parts of", "found by", "films", "first ones", "random ones"),
        *("difference (95 %)", "films above"),
    )
    rows = tuple(
        (
            one.modality.value,
            one.method,
            f"{one.num_films:,}",
            f"{one.without_top:.2f}",
            f"{one.without_random:.2f}",
            f"{one.difference[0]:.2f} to {one.difference[1]:.2f}",
            f"{one.share_above:.1%}",
        )
        for one in results
    )
    return Table(headings, rows, num_text_columns=2)
