"""Made-up libraries on disk, and a model that answers by what is in the plot."""

from collections.abc import Sequence
from pathlib import Path

from moviegenre.library.answers import Answer, FilmText

GENRES = ("Crime", "Sci-Fi", "Film-Noir", "Drama")


def nfo(plot: str = "", *genres: str, title: str = "A film") -> bytes:
    """Return an .nfo file."""
    tags = "".join(f"  <genre>{name}</genre>\n" for name in genres)
    return f"<movie>\n  <title>{title}</title>\n  <plot>{plot}</plot>\n{tags}</movie>\n".encode()


def put(root: Path, path: str, content: bytes = b"") -> Path:
    """Write a file of a library."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def answer(films: Sequence[FilmText]) -> list[Answer]:
    """Answer the genres that a plot names, in its order; all from a poster, one from a title."""
    answers = []
    for film in films:
        words = (film.plot or "").split()
        genres = tuple(word for word in words if word in GENRES)
        if not film.plot and film.poster:
            genres = GENRES
        elif not film.plot and film.title == "Crime":
            genres = ("Crime",)
        shares = tuple(0.9 - 0.1 * place for place in range(len(genres)))
        answers.append(Answer(genres, shares, bool(film.plot), film.poster is not None))
    return answers


def contents(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
