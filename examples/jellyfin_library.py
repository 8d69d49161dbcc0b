"""Fill in missing genres of a Jellyfin library.

It does what `moviegenre library PATH --write --lock --most 2 --names tmdb` does.

python examples/jellyfin_library.py ~/Movies
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import moviegenre
from moviegenre.core.genre_mapping import read_names
from moviegenre.library.answers import model_answers
from moviegenre.library.plan import FilmChange, Options, Outcome, plan_changes
from moviegenre.library.walk import scan_library
from moviegenre.library.write import writing

OPTIONS = Options(most=2, names=read_names("tmdb"), lock=True)


def fill_genres(root: Path) -> Iterator[FilmChange]:
    """Write genres and yield the films that have new ones."""
    answer = model_answers(moviegenre.load())
    library = scan_library(root)
    with writing(root) as writer:
        for planned in plan_changes(library, answer, OPTIONS):
            for change in writer.write(planned):
                if change.outcome == Outcome.CHANGE:
                    yield change


if __name__ == "__main__":
    for film in fill_genres(Path(sys.argv[1]).expanduser()):
        print(f"{film.title}: {', '.join(film.after)}")
