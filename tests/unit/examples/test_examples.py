"""The example films are there, of many kinds, and small."""

from PIL import Image

from moviegenre.examples import FOLDER, example_films

MAX_BYTES = 30_000


def test_there_are_films_with_and_without_each_part() -> None:
    films = example_films()
    assert len(films) == 7
    assert [film.title for film in films if film.poster is None] == ["The Salt Road"]
    assert [film.title for film in films if film.plot is None] == ["Hop, the Brave Kettle"]
    assert max(len(film.plot or "") for film in films) > 1500, "one is longer than models read"


def test_posters_are_small_and_upright() -> None:
    posters = [film.poster for film in example_films() if film.poster is not None]
    assert sorted(posters) == sorted(FOLDER.glob("*.webp"))
    for path in posters:
        assert path.stat().st_size < MAX_BYTES
        with Image.open(path) as image:
            assert image.size == (400, 600)
