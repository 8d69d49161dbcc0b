"""The genres of made-up movies: how often they occur, in plots and in posters."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class SyntheticGenre:
    """A genre of made-up movies.

    Attributes:
        name: MM-IMDb's name.
        frequency: Its relative frequency; a long tail, as in MM-IMDb.
        in_plot: Probability that a movie's first plot shows it; a longer plot shows it more often.
        in_poster: Probability that its poster shows it.
    """

    name: str
    frequency: float
    in_plot: float
    in_poster: float


# Plots show most genres, and posters complement them: four genres are rare in plots and frequent in
# posters; the most frequent genres are the other way round.
GENRES = (
    SyntheticGenre("Drama", 0.52, 0.80, 0.35),
    SyntheticGenre("Comedy", 0.33, 0.85, 0.60),
    SyntheticGenre("Romance", 0.20, 0.50, 0.85),
    SyntheticGenre("Thriller", 0.19, 0.85, 0.30),
    SyntheticGenre("Action", 0.16, 0.85, 0.50),
    SyntheticGenre("Crime", 0.13, 0.90, 0.30),
    SyntheticGenre("Horror", 0.11, 0.50, 0.90),
    SyntheticGenre("Adventure", 0.10, 0.85, 0.55),
    SyntheticGenre("Sci-Fi", 0.08, 0.55, 0.90),
    SyntheticGenre("Fantasy", 0.065, 0.85, 0.55),
    SyntheticGenre("War", 0.045, 0.90, 0.40),
    SyntheticGenre("Western", 0.03, 0.60, 0.90),
)

_NUM_GENRES = (1, 2, 3, 4)
_NUM_GENRES_WEIGHTS = (0.15, 0.42, 0.32, 0.11)  # 2.4 genres a movie on average, as in MM-IMDb
_CONFUSION = 0.06  # probability that something shows a genre the movie does not have


def draw_genres(rng: random.Random) -> tuple[SyntheticGenre, ...]:
    """Return the genres of one movie."""
    remaining = list(GENRES)
    chosen: list[SyntheticGenre] = []
    for _ in range(rng.choices(_NUM_GENRES, _NUM_GENRES_WEIGHTS)[0]):
        genre = rng.choices(remaining, [item.frequency for item in remaining])[0]
        remaining.remove(genre)
        chosen.append(genre)
    return tuple(chosen)


def shown_in_plot(
    genres: tuple[SyntheticGenre, ...], rng: random.Random, *, long: bool
) -> list[str]:
    """Return the names of the genres that a plot shows; a long plot shows each more often."""
    shown = [
        genre.name
        for genre in genres
        if rng.random() < (1 - (1 - genre.in_plot) ** 2 if long else genre.in_plot)
    ]
    return shown + _mistaken(genres, rng)


def shown_in_poster(genres: tuple[SyntheticGenre, ...], rng: random.Random) -> list[str]:
    """Return the names of the genres that a poster shows."""
    shown = [genre.name for genre in genres if rng.random() < genre.in_poster]
    return shown + _mistaken(genres, rng)


def _mistaken(genres: tuple[SyntheticGenre, ...], rng: random.Random) -> list[str]:
    if rng.random() >= _CONFUSION:
        return []
    return [rng.choice([genre for genre in GENRES if genre not in genres]).name]
