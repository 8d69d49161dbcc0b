"""Example films: made up for this package, plots and posters alike; none of them exists.

The texts are in ``examples.json``; ``scripts/draw_examples.py`` draws the posters.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ExampleFilm:
    """A film that does not exist.

    Attributes:
        title: What it is called.
        plot: What happens; None for a film of which only a poster is known.
        poster: File of its poster; None for a film of which only a plot is known.
    """

    title: str
    plot: str | None
    poster: Path | None


@cache
def example_films() -> tuple[ExampleFilm, ...]:
    """Return the films that ship with the package.

    Example:
        >>> [film.title for film in example_films()][:2]
        ['The Lamp Below the Stairs', 'Nine Minutes to Callisto']
    """
    rows = json.loads((FOLDER / "examples.json").read_text(encoding="utf-8"))
    return tuple(
        ExampleFilm(row["title"], row["plot"], FOLDER / row["poster"] if row["poster"] else None)
        for row in rows
    )
