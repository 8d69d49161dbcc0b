"""Further labelled plots for training: of films outside the prepared data, or of its own movies.

Films outside (the open track) are in a file with one JSON object a line,
``{"plot": [TEXT, ...], "genres": [NAME, ...]}``; it may be compressed (``.xz``, ``.gz``).
A genre of the vocabulary that no film of the file has is unknown there, not absent. ``title`` and
``year`` are read if a model reads them.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from moviegenre.core.errors import DataError, DataNotFoundError, missing_path_message
from moviegenre.core.faults import fault_message
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.reading import raise_system_error
from moviegenre.core.types import PlotRule, Split
from moviegenre.data.config import DataConfig
from moviegenre.data.film_text import choose_plot, film_text, texts_of
from moviegenre.data.forms import Form, draw_heading_parts, text_in_form
from moviegenre.data.json_text import parse_json
from moviegenre.data.limits import MAX_PLOT_CHARS
from moviegenre.data.lines import bounded_lines
from moviegenre.data.prepared import PreparedData
from moviegenre.data.records import parse_title, parse_year, whole_text
from moviegenre.data.unpacking import UNPACKING_ERRORS, open_unpacked


def _without_lone_surrogates(value: object) -> object:
    """Replace lone surrogates in a text, because pydantic refuses them."""
    return whole_text(value) if isinstance(value, str) else value


_Text = Annotated[
    str,
    BeforeValidator(_without_lone_surrogates),
    StringConstraints(strip_whitespace=True, min_length=1),
]
_WORDS_PER_TOKEN = 0.75  # for English plots and a vocabulary of word pieces


class _Line(BaseModel):
    """The fields of a line; other fields are ignored."""

    plot: _Text | Annotated[list[_Text], Field(min_length=1)]
    genres: list[_Text]
    title: Annotated[str | None, BeforeValidator(parse_title)] = None
    year: Annotated[int | None, BeforeValidator(parse_year)] = None

    @property
    def plots(self) -> list[str]:
        """All plots of the film."""
        return [self.plot] if isinstance(self.plot, str) else self.plot


@dataclass(frozen=True)
class ExtraPlots:
    """Labelled plots without posters.

    Attributes:
        plots: One text a film.
        labels: Multi-hot truth (N, L); NaN in the column of an unknown genre.
        movies: The row of each text's training movie (N,), -1 for films outside; None if the
            texts are added to the training movies' texts instead of replacing them.
    """

    plots: list[str]
    labels: npt.NDArray[np.float32]
    movies: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.plots)

    @property
    def films(self) -> npt.NDArray[np.int64]:
        """The number of each text's film (N,); each text from outside has a new number."""
        assert self.movies is not None, "the texts replace the training movies' texts"
        outside_numbers = len(self) + np.arange(len(self))
        return np.where(self.movies >= 0, self.movies, outside_numbers)

    def __add__(self, other: "ExtraPlots") -> "ExtraPlots":
        movies = None
        if self.movies is not None:
            other_movies = np.full(len(other), -1) if other.movies is None else other.movies
            movies = np.concatenate([self.movies, other_movies])
        labels = np.concatenate([self.labels, other.labels])
        return ExtraPlots(self.plots + other.plots, labels, movies)


def training_texts(
    data: PreparedData, config: DataConfig, seed: int, *, epochs: bool = True
) -> ExtraPlots | None:
    """Return the texts that are added to the training movies' texts, or replace them.

    Args:
        data: The prepared data.
        config: The settings that choose the texts.
        seed: The seed for drawing forms, headings and further films.
        epochs: Whether the model is trained in epochs, each of which can draw another plot.

    Raises:
        DataError: There is no text for a setting.
        DataNotFoundError: There is no file of further plots.
    """
    train_texts = extra_texts = None
    if config.forms:
        train_texts = read_forms(data, config, seed)
    elif config.plot == "each" or (config.plot == "random" and epochs):
        train_texts = read_each_plot(data, Split.TRAIN, config)
    elif config.other_plots:
        train_texts = read_other_plots(
            data, config.plot, pieces=config.other_plots, max_tokens=config.max_tokens
        )
    if config.extra is not None:
        extra_texts = read_extra(config.extra, data.genres, config, seed)
    if train_texts is None or extra_texts is None:
        return train_texts or extra_texts
    return train_texts + extra_texts


def read_forms(data: PreparedData, config: DataConfig, seed: int) -> ExtraPlots:
    """Return the training movies' plots in every form of ``data.forms``.

    Args:
        data: The prepared data.
        config: The settings of forms, title and year.
        seed: The seed for drawing pieces and headings.

    Raises:
        DataError: No movie has any of the forms.
    """
    random = np.random.default_rng([seed, 0])
    titles, years = data.titles(Split.TRAIN)
    texts: list[str] = []
    rows: list[int] = []
    for row, plots in enumerate(data.all_plots(Split.TRAIN)):
        for form in config.forms:
            text = text_in_form(plots, form, random)
            if text is None:
                continue
            parts = draw_heading_parts(form, config.reads, random)
            text, _ = film_text(text, titles[row], years[row], ("plot", *parts))
            if text.strip():
                texts.append(text)
                rows.append(row)
    if not texts:
        raise DataError(f"no training movie of {data.root} has a plot in any form of data.forms")
    return ExtraPlots(texts, data.labels(Split.TRAIN)[rows], np.array(rows, dtype=np.int64))


def read_each_plot(data: PreparedData, split: Split, config: DataConfig) -> ExtraPlots:
    """Return every plot of a split's movies as a text; a movie without plots has an empty text.

    Args:
        data: The prepared data.
        split: The split.
        config: The settings of title and year.
    """
    titles, years = data.titles(split)
    texts: list[str] = []
    rows: list[int] = []
    for row, plots in enumerate(data.all_plots(split)):
        for plot in texts_of(plots, "each"):
            texts.append(film_text(plot, titles[row], years[row], config.reads)[0])
            rows.append(row)
    return ExtraPlots(texts, data.labels(split)[rows], np.array(rows, dtype=np.int64))


def read_extra(
    path: Path, genres: GenreVocabulary, config: DataConfig, seed: int = 0
) -> ExtraPlots:
    """Read a file of further labelled plots.

    Args:
        path: JSON Lines, see the module's docstring; ``.xz`` and ``.gz`` are decompressed.
        genres: The vocabulary of the labels; other names are left out.
        config: The settings of plots, forms and films.
        seed: The seed for drawing forms, headings and films.

    Raises:
        DataNotFoundError: There is no such file.
        DataError: A line is no film, or no film is left.
    """
    if not path.is_file():
        raise DataNotFoundError(
            missing_path_message(path, "further plots (data.extra)", "name a JSON Lines file")
        )
    vocabulary = set(genres)
    names_in_file: set[str] = set()
    random = np.random.default_rng([seed, 1])
    texts: list[list[str]] = []
    genres_of: list[list[str]] = []
    for line in _lines(path):
        names_in_file.update(line.genres)
        film_genres = [name for name in line.genres if name in vocabulary]
        if len(line.genres) < config.extra_min_genres or not film_genres:
            continue
        texts.append([text[:MAX_PLOT_CHARS] for text in _extra_texts(line, config, random)])
        genres_of.append(film_genres)
    if not texts:
        raise DataError(
            f"{path} has no film with at least {config.extra_min_genres} genres, one of them among "
            f"{', '.join(genres)}; expected labelled plots in the vocabulary of the prepared data"
        )
    labels = np.stack([genres.encode(names) for names in genres_of])
    labels[:, [name not in names_in_file for name in genres]] = np.nan
    films = np.arange(len(texts))
    if config.extra_limit is not None and config.extra_limit < len(texts):
        films = np.sort(random.permutation(len(texts))[: config.extra_limit])
    rows = [film for film in films for _ in texts[film]]
    return ExtraPlots([text for film in films for text in texts[film]], labels[rows])


def _extra_texts(line: _Line, config: DataConfig, random: np.random.Generator) -> list[str]:
    """Return the training texts of a further film: one, or with ``each`` all plots."""
    if not config.forms:
        reads = ("plot", *config.reads)
        plots = texts_of(line.plots, config.plot)
        return [film_text(plot, line.title, line.year, reads)[0] for plot in plots]
    forms: list[Form] = [form for form in config.forms if form not in ("overview", "heading")]
    form: Form = "overview"
    text = line.plots[0]
    if forms and random.random() < 0.5:  # no secret  # nosec B311
        other_form = forms[random.integers(len(forms))]
        other_text = text_in_form(line.plots, other_form, random)
        if other_text is not None:
            form, text = other_form, other_text
    parts = draw_heading_parts(form, config.reads, random)
    return [film_text(text, line.title, line.year, ("plot", *parts))[0]]


def read_other_plots(
    data: PreparedData, rule: PlotRule, *, pieces: int, max_tokens: int
) -> ExtraPlots:
    """Return pieces of the plots of training movies that a rule does not choose.

    A movie's other plots are joined and cut into pieces of about ``max_tokens`` tokens; a last
    piece of less than a third of that is left out.

    Args:
        data: The prepared data; its training split is read.
        rule: ``longest`` or ``first``; the plot that it chooses is left out.
        pieces: The maximum number of pieces of a movie, evenly spread over all its pieces.
        max_tokens: The maximum number of tokens that the model reads.

    Raises:
        DataError: No training movie has another plot of that length.
    """
    words = round(_WORDS_PER_TOKEN * max_tokens)
    texts: list[str] = []
    rows: list[int] = []
    for row, plots in enumerate(data.all_plots(Split.TRAIN)):
        other_plots = list(plots)
        if other_plots:
            other_plots.remove(choose_plot(plots, rule))
        movie_pieces = _spread(_pieces(" ".join(other_plots), words), pieces)
        texts += movie_pieces
        rows += [row] * len(movie_pieces)
    if not texts:
        raise DataError(
            f"no training movie of {data.root} has another plot of at least {-(-words // 3)} "
            "words; expected some for data.other_plots; leave it at 0"
        )
    return ExtraPlots(texts, data.labels(Split.TRAIN)[rows])


def _pieces(text: str, words: int) -> list[str]:
    """Cut a text into pieces of ``words`` words; less than a third of a piece is left out."""
    all_words = text.split()
    parts = [all_words[start : start + words] for start in range(0, len(all_words), words)]
    return [" ".join(part) for part in parts if 3 * len(part) >= words]


def _spread(texts: list[str], number: int) -> list[str]:
    """Return at most ``number`` of the texts, evenly spread from the first to the last."""
    if len(texts) <= number:
        return texts
    return [texts[row] for row in np.linspace(0, len(texts) - 1, number).round().astype(int)]


def _lines(path: Path) -> Iterator[_Line]:
    number = 0
    try:
        with open_unpacked(path) as packed:
            stream = io.TextIOWrapper(packed, encoding="utf-8", errors="surrogateescape")
            for line in bounded_lines(stream):
                number += 1
                if line.fault:
                    raise ValueError(line.fault)
                if line.text.strip():
                    yield _Line.model_validate(parse_json(line.text))
    except ValidationError as error:
        fault = error.errors()[0]
        # Leave out pydantic's names for the members of a union.
        location = [
            part for part in fault["loc"] if isinstance(part, int) or part in _Line.model_fields
        ]
        field = ".".join(map(str, location)) or "the line"
        raise DataError(
            f"{path}, line {number}: {field}: {fault_message(fault)}; each line is an object with "
            "plot (a text or a list of texts) and genres (a list of names)"
        ) from None
    except (ValueError, *UNPACKING_ERRORS) as error:
        raise_system_error(error, path)
        raise DataError(
            f"{path} cannot be read after line {number} ({error}); expected JSON Lines in UTF-8"
        ) from None
