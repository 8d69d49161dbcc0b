"""Settings of the movies that a model reads, and of their form."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from moviegenre.core.config import Config
from moviegenre.core.types import PLOT_AND_POSTER, Part, PlotRule
from moviegenre.data.forms import Form
from moviegenre.data.limits import MAX_GENRES, MAX_PLOTS

Side = Annotated[int, Field(ge=32, le=1024)]


class DataConfig(Config):
    """Settings of the data a model is trained and evaluated on.

    Attributes:
        dir: A folder from ``moviegenre data prepare``.
        plot: The rule that chooses from a movie's plots: ``longest`` (MM-IMDb's published rule),
            ``first``, all ``joined``, or only the first ``sentence`` of the first. ``each``: every
            plot is a separate training text; in evaluation, a movie has the mean probability of
            its plots. ``random``: one plot; in training another one each epoch, drawn with
            ``training.seed``; in evaluation always the same one.
        reads: The parts of a film that are read: ``plot``, ``poster``, ``title``, ``year``. Title
            and year are text before the plot; missing parts are left out.
        max_tokens: The maximum number of tokens of a plot, special tokens included. A model's own
            section of a config file may change only this setting and the next five.
        extra: A file of further labelled plots for training (``data.extra``); the results then
            belong to the open track. No effect on a model that reads no plots.
        extra_min_genres: Films of that file with fewer genres are left out: the genres of
            little-known films are often incomplete.
        extra_limit: The maximum number of its films, drawn at random; None takes all.
        forms: The forms of a movie's plot in training (``data.forms``), each a separate text. A
            film of ``extra`` gives one text: with probability 1/2 its overview, otherwise a form
            drawn from the others. Empty for the plot that ``plot`` chooses.
        other_plots: The number of pieces that a training movie adds from plots that ``plot`` does
            not choose. Each piece is a separate text with the movie's genres, about as long as
            ``max_tokens``; 0 adds none. No effect on a model that reads no plots.
        language: ``en`` if the model reads only English: plots that are certainly in another
            language, or have no words, are then ignored with a warning. ``any`` reads everything.
        image_size: Height and width of posters in pixels, after resizing.
    """

    dir: Path = Path("data/prepared")
    plot: PlotRule = "longest"
    reads: tuple[Part, ...] = PLOT_AND_POSTER
    max_tokens: int = Field(default=256, ge=3, le=8192)
    extra: Path | None = None
    extra_min_genres: int = Field(default=1, ge=1, le=MAX_GENRES)
    extra_limit: int | None = Field(default=None, ge=1, le=100_000_000)
    forms: tuple[Form, ...] = ()
    other_plots: int = Field(default=0, ge=0, le=MAX_PLOTS)
    language: Literal["en", "any"] = "any"
    image_size: tuple[Side, Side] = (224, 160)

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.extra is None:
            for name in ("extra_min_genres", "extra_limit"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"{name} has no effect without data.extra, a file of plots")
        if self.forms and self.other_plots:
            raise ValueError("other_plots has no effect with data.forms; add the form 'piece'")
        if self.other_plots and self.plot in ("joined", "each", "random"):
            raise ValueError(
                f"other_plots has no effect with data.plot={self.plot}, which reads all plots"
            )
        return self
