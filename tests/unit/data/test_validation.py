"""Every reason for leaving a movie out, and the choice of genres."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from moviegenre.core.errors import MovieGenreError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.types import Split
from moviegenre.data.poster_formats import kinds_text
from moviegenre.data.records import ExcludedMovie, RawMovie, Reason
from moviegenre.data.validation import (
    DROPPED_GENRES,
    KeptMovie,
    Validation,
    choose_genres,
    with_genres,
)
from tests.unit.data.raw_movies import poster


def raw(
    movie: str = "1",
    *,
    genres: tuple[str, ...] = ("Drama",),
    plots: tuple[str, ...] = ("A plot.", "A longer plot."),
    image: bytes | None = b"default",
    split: Split | None = Split.TRAIN,
    split_text: str = "",
    fault: str | None = None,
) -> RawMovie:
    image = poster() if image == b"default" else image
    return RawMovie(
        movie, "A title", 1999, genres, plots, image, f"{movie}.jpg", split, split_text, fault
    )


def validation(*, keep_incomplete: bool = False, need_split: bool = True) -> Validation:
    return Validation(keep_incomplete=keep_incomplete, need_split=need_split)


def excluded(*movies: RawMovie, keep_incomplete: bool = False) -> list[ExcludedMovie]:
    """Return what is left out when these movies are checked."""
    checks = validation(keep_incomplete=keep_incomplete)
    list(checks.check(movies))
    return checks.excluded


def kept(*movies: RawMovie) -> list[KeptMovie]:
    return list(validation().check(movies))


def test_a_complete_movie_is_kept_as_it_is() -> None:
    checks = validation()
    (movie,) = checks.check([raw(genres=("Drama", "War", "Drama"))])
    assert (movie.id, movie.title, movie.year) == ("1", "A title", 1999)
    assert (movie.genres, movie.split) == (("Drama", "War"), Split.TRAIN)
    assert checks.plots(movie) == ["A plot.", "A longer plot."]
    assert movie.poster is not None
    assert (movie.poster.name, movie.poster.width, movie.poster.height) == ("1.jpg", 8, 12)
    assert checks.poster_bytes(movie.poster) == poster()
    assert checks.excluded == []
    assert dict(checks.notes) == {}


@pytest.mark.parametrize(
    ("movie", "reason", "detail"),
    [
        (raw(plots=()), Reason.NO_PLOT, ""),
        (raw(image=None), Reason.NO_POSTER, ""),
        (
            raw(image=b"no image"),
            Reason.POSTER_DOES_NOT_DECODE,
            f"the file is no image of a kind that is read; expected {kinds_text()}",
        ),
        (raw(genres=()), Reason.NO_GENRE_LEFT, "the source names none"),
        (raw(split=None), Reason.IN_NO_SPLIT, ""),
        (raw(split=None, split_text="part is 'x'"), Reason.IN_NO_SPLIT, "part is 'x'"),
        (raw(fault="its JSON is damaged"), Reason.BROKEN_RECORD, "its JSON is damaged"),
    ],
    ids=["plot", "poster", "damaged poster", "genres", "split", "told split", "record"],
)
def test_a_movie_is_left_out_with_its_reason(movie: RawMovie, reason: Reason, detail: str) -> None:
    assert excluded(movie) == [ExcludedMovie("1", reason, detail)]


def test_the_second_movie_of_an_id_is_left_out() -> None:
    assert excluded(raw("1"), raw("2"), raw("1")) == [ExcludedMovie("1", Reason.DUPLICATE_ID)]


@pytest.mark.parametrize(
    ("movie", "note"),
    [
        (raw(plots=()), "kept although: no plot"),
        (raw(image=None), "kept although: no poster"),
        (raw(image=b"no image"), "kept although: poster does not decode"),
    ],
    ids=["plot", "poster", "damaged poster"],
)
def test_an_incomplete_movie_can_be_kept(movie: RawMovie, note: str) -> None:
    checks = validation(keep_incomplete=True)
    (found,) = checks.check([movie])
    assert (checks.plots(found) == []) == ("plot" in note)
    assert (found.poster is None) == ("poster" in note)
    assert checks.notes == {note: 1}


def test_a_series_is_kept_with_a_note() -> None:
    checks = validation()
    assert len(list(checks.check([replace(raw(), series="column 'type' says so")]))) == 1
    assert checks.notes == {"kept although: column 'type' says so": 1}


@pytest.mark.parametrize("image", [None, b"no image"])
def test_a_movie_with_neither_plot_nor_poster_is_never_kept(image: bytes | None) -> None:
    movie = raw(plots=(), image=image)
    assert excluded(movie, keep_incomplete=True) == [ExcludedMovie("1", Reason.NO_PLOT)]


def test_a_large_poster_is_stored_smaller_but_told_as_it_was() -> None:
    checks = validation()
    (movie,) = checks.check([raw(image=poster(size=(800, 1600)))])
    assert movie.poster is not None
    assert (movie.poster.width, movie.poster.height) == (800, 1600)
    stored = Image.open(io.BytesIO(checks.poster_bytes(movie.poster)))
    assert (stored.format, stored.size) == ("JPEG", (256, 512))
    assert checks.notes == {"poster stored as JPEG of at most 512 px": 1}


@pytest.mark.parametrize(("image_format", "stored"), [("PNG", "PNG"), ("BMP", "JPEG")])
def test_only_common_formats_are_stored_as_they_are(image_format: str, stored: str) -> None:
    checks = validation()
    (movie,) = checks.check([raw(image=poster(image_format=image_format))])
    assert movie.poster is not None
    assert Image.open(io.BytesIO(checks.poster_bytes(movie.poster))).format == stored


def test_frequent_genres_are_taken_by_name_and_named_ones_in_their_order() -> None:
    names = [("War", "Drama"), ("Drama",), ("War", "Comedy"), *[(name,) for name in DROPPED_GENRES]]
    movies = kept(*(raw(str(n), genres=genres) for n, genres in enumerate(names)))
    assert choose_genres(movies, None, 2).names == ("Drama", "War")
    assert choose_genres(movies, None, 1).names == ("Comedy", "Drama", "War")
    assert choose_genres(movies, ["War", "News"], 50).names == ("War", "News")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["Darma", "Noir"],
            "`genres`: no movie has 'Darma', did you mean \"Drama\"? (known: Drama, War); "
            "no movie has 'Noir', known: Drama, War",
        ),
        (
            None,
            "no genre has 50 movies (Drama has 2); lower it with `min_movies`, or name the genres "
            "with `genres`",
        ),
    ],
)
def test_unknown_and_rare_genres_are_refused(names: list[str] | None, message: str) -> None:
    movies = kept(raw("1"), raw("2"), raw("3", genres=("War",)))
    with pytest.raises(MovieGenreError) as error:
        choose_genres(movies, names, 50)
    assert str(error.value) == message


def test_a_movie_left_without_a_genre_is_left_out() -> None:
    movies = kept(raw("1", genres=("Drama", "War")), raw("2", genres=("News", "Short")))
    left_out: list[ExcludedMovie] = []
    chosen = with_genres(movies, GenreVocabulary(("War", "Horror")), left_out)
    assert chosen == [(movies[0], ("War",))]
    assert left_out == [ExcludedMovie("2", Reason.NO_GENRE_LEFT, "only News, Short")]
