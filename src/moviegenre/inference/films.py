"""Convert a caller's plots and poster to a film, and films to a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from moviegenre.artifacts.info import ModelInfo
from moviegenre.core.errors import InputError
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays, MovieTensors
from moviegenre.data.film_text import choose_plot, film_text
from moviegenre.data.limits import MAX_PLOT_CHARS
from moviegenre.data.placeholders import without_markup
from moviegenre.data.poster_check import PosterCheck, check_poster
from moviegenre.data.posters import resize_poster
from moviegenre.data.ragged import Ragged
from moviegenre.data.text import NO_WORD, TokenIds
from moviegenre.data.words import plot_words
from moviegenre.inference.plot_check import check_plots
from moviegenre.inference.poster_input import Poster, named_poster, read_poster
from moviegenre.inference.title_check import Title, Year, check_title_and_year
from moviegenre.inference.unread_parts import given_parts, unread_warning

Plot = str | Sequence[str] | None
"""A plot, or several texts about one film, or None."""


TITLE_ALONE = "Only the title was read, so the answer is less certain."
"""The warning of a film with nothing but a title."""


@dataclass(frozen=True)
class Film:
    """A film in the form a model reads it.

    Attributes:
        plot: The text that the model reads; empty if there is none.
        tokens: Token ids (T,), cut as in training; empty if there is no text.
        poster: RGB pixels (H, W, 3) of the size that the model was trained with; None for none.
        heading: Title and year, if the model reads them: the tokens are those of this text
            followed by the plot.
        warnings: Warnings about the film, as sentences.
    """

    plot: str
    tokens: TokenIds
    poster: npt.NDArray[np.uint8] | None
    heading: str = ""
    warnings: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def key(self) -> object:
        """A value that is equal for films with the same answer; posters are the same object."""
        return self.tokens.tobytes(), None if self.poster is None else id(self.poster)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities of the film, plot first; title and year are text, as the plot is."""
        has = {Modality.PLOT: len(self.tokens) > 0, Modality.POSTER: self.poster is not None}
        return tuple(modality for modality in Modality if has[modality])

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that were read: ``plot``, ``poster``, both, or ``title`` alone."""
        has = {"plot": bool(self.plot.strip()), "poster": self.poster is not None}
        parts = tuple(part for part, is_there in has.items() if is_there)
        return parts or (("title",) if len(self.tokens) else ())

    def part_of(self, modality: Modality) -> str:
        """Return the part of a modality in an explanation: of the text, plot or title alone."""
        is_title = modality is Modality.PLOT and not self.plot.strip()
        return "title" if is_title else modality


class FilmReader:
    """Reads films for one model: its tokenizer, its plot rule, its image size.

    Args:
        model: The model.

    Attributes:
        modalities: The model's modalities.
        parts: The parts of a film that it reads.
        chooses_plots: Whether a catalogue's plot columns are passed one by one, because several
            rules choose from them; otherwise they are joined.
        pad_id: The token that fills short plots.
    """

    chooses_plots: ClassVar[bool] = False

    def __init__(self, model: ModelInfo) -> None:
        self._name = model.model_name
        self._tokenizer = model.tokenizer
        self._data = model.data_config
        self.modalities = model.modalities
        self.parts = model.parts
        self.pad_id = model.tokenizer.pad_id if model.tokenizer else 0

    def read(
        self,
        plot: Plot = None,
        poster: Poster = None,
        title: Title = None,
        year: Year = None,
        *,
        warn_unread: bool = False,
    ) -> Film:
        """Convert a film to the model's form; parts that the model does not read are ignored.

        A plot such as "TBA" or a black poster is ignored too, with a warning in the film. If the
        film has nothing else, it has no modalities.

        Args:
            plot: A text, or several texts, of which the model's rule takes one or joins all.
            poster: See ``Poster``; may be transparent or rotated.
            title: The film's title, if known; an unusable one is ignored with a warning.
            year: The year of its release, likewise; None takes the year at the end of the title.
            warn_unread: Add a warning if the film has parts that the model does not read; in a
                table, every row would repeat it.

        Raises:
            InputError: The film has nothing that the model reads, or a part has another type.
            PosterError: The poster is no image.
        """
        texts = _texts(plot)
        poster = named_poster(poster)
        reads_title = "title" in self._data.reads
        checked = check_title_and_year(title, year, reads_title=reads_title)
        name, release = checked.title, checked.year
        if not texts and poster is None and name is None:
            raise InputError("a film needs a plot or a poster; found neither")
        usable: list[str] = []
        warning: str | None = None
        if Modality.PLOT in self.modalities:
            english = self._data.language == "en"
            usable, warning = check_plots(texts, english=english, tokenizer=self._tokenizer)
        reads_posters = Modality.POSTER in self.modalities
        image = read_poster(poster) if reads_posters and poster is not None else None
        check = PosterCheck() if image is None else check_poster(image)
        if not usable and name is None:
            release = None  # a year alone is no evidence for a genre
        film = self.form(usable, image if check.usable else None, name, release)
        warnings = [warning, check.warning, *checked.warnings]
        if film.tokens.size and not usable and film.poster is None:
            warnings.append(TITLE_ALONE)
        film = replace(film, warnings=(*film.warnings, *filter(None, warnings)))
        if not film.modalities and not film.warnings:
            needed = " or ".join(m.value for m in Modality if m in self.modalities)
            raise InputError(
                f"{self._name} reads a film's {needed}, but this film has none it can read; "
                "add one, or use a model that reads what the film has"
            )
        unread = unread_warning(given_parts(texts, poster, title, year), self.parts)
        if warn_unread and unread:
            film = replace(film, warnings=(*film.warnings, unread))
        return film

    def form(
        self,
        texts: Sequence[str],
        image: Image.Image | None,
        title: str | None = None,
        year: int | None = None,
    ) -> Film:
        """Convert a film's texts and poster to the model's form; both may be missing.

        Args:
            texts: Texts about the film, none of them blank.
            image: Its poster, upright.
            title: Its title.
            year: The year of its release.
        """
        film = Film("", np.zeros(0, dtype=np.int32), None)
        if self._tokenizer is not None:
            plot, warnings = _limited(choose_plot(texts, self._data.plot))
            text, start = film_text(plot, title, year, self._data.reads)
            (tokens,) = self._tokenizer.encode([text], self._data.max_tokens)
            film = Film(text[start:], tokens, None, text[:start].strip(), warnings=warnings)
        if Modality.POSTER in self.modalities and image is not None:
            film = replace(film, poster=resize_poster(image, *self._data.image_size))
        return film

    def forms(
        self,
        texts: Sequence[str],
        image: Image.Image | None,
        title: str | None = None,
        year: int | None = None,
    ) -> tuple[Film, ...]:
        """Convert a film to the model's forms: with the plot rule ``each``, one for each text."""
        choices: list[Sequence[str]] = [texts]
        if self._data.plot == "each" and texts:
            choices = [[text] for text in texts]
        return tuple(self.form(choice, image, title, year) for choice in choices)

    def token_words(self, film: Film) -> npt.NDArray[np.int64]:
        """Return the index of each token's word in the plot (T,).

        It is the index in ``plot_words(film.plot)``; ``NO_WORD`` for a token of no word, or of a
        word of the title or the year.
        """
        if self._tokenizer is None:
            return np.zeros(0, dtype=np.int64)
        text = f"{film.heading} {film.plot}".strip()
        word_indices = self._tokenizer.token_words(text, self._data.max_tokens)
        return np.maximum(word_indices - len(plot_words(film.heading)), NO_WORD)

    def batch(self, films: Sequence[Film]) -> BatchArrays:
        """Return films as the batch a model takes, plots padded to the longest."""
        posters = None
        if Modality.POSTER in self.modalities:
            posters = np.zeros((len(films), *self._data.image_size, 3), dtype=np.uint8)
            for row, film in enumerate(films):
                if film.poster is not None:
                    posters[row] = film.poster
        movies = MovieTensors(
            labels=None,
            tokens=Ragged.pack([film.tokens for film in films]) if self._tokenizer else None,
            posters=posters,
            has_poster=np.array([film.poster is not None for film in films]),
            pad_id=self.pad_id,
        )
        return movies.batch(range(len(films)))


def distinct_films(films: Sequence[Film]) -> tuple[list[Film], list[int]]:
    """Return films without repetitions, and each film's row among them."""
    rows: dict[object, int] = {}
    index = [rows.setdefault(film.key, len(rows)) for film in films]
    first = dict(zip(reversed(index), reversed(films), strict=True))
    return [first[row] for row in range(len(rows))], index


def _limited(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the first ``MAX_PLOT_CHARS`` of a plot, and a warning if it is longer."""
    if len(text) <= MAX_PLOT_CHARS:
        return text, ()
    warning = f"The plot has {len(text):,} characters; the first {MAX_PLOT_CHARS:,} were read."
    return text[:MAX_PLOT_CHARS], (warning,)


def _texts(plot: Plot) -> list[str]:
    """Return the texts of a plot without blank ones."""
    if plot is None:
        return []
    is_several = isinstance(plot, Sequence) and not isinstance(plot, str | bytes)
    texts: Sequence[Any] = plot if is_several else [plot]
    for text in texts:
        if not isinstance(text, str):
            raise InputError(
                f"a plot is {type(text).__name__}; expected a text, a tuple of texts about one "
                "film, or a list of the plots of several films"
            )
    return [without_markup(text) or text for text in texts if text.strip()]
