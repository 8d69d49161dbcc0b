"""Which movies a model sees and in what form."""

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
        dir: A folder that ``moviegenre data prepare`` wrote.
        plot: Which of a movie's plots is read: ``longest`` (MM-IMDb's published rule), ``first``,
            all ``joined``, or only the first ``sentence`` of the first. ``each``: every plot is a
            training text of its own; when scored, a movie has the mean probability over its plots.
            ``random``: one plot, in training another one each epoch, drawn by ``training.seed``;
            when scored always the same one.
        reads: What of a film is read: ``plot``, ``poster``, ``title``, ``year``. Title and year are
            text before the plot; a film that lacks one is read without it.
        max_tokens: Plots are cut after this many tokens, special ones included. A model's own
            section of a config file may change this one and the five that follow, no other.
        extra: A file of further labelled plots (``data.extra``) that is trained on as well; the
            results then belong to the open track. Without effect on a model that reads no plots.
        extra_min_genres: Films of that file with fewer genres are left out: those of little-known
            films are often incomplete.
        extra_limit: At most so many of its films are trained on, drawn by chance; None takes all.
        forms: In which forms a training movie's plot is learned from (``data.forms``), each a text
            of its own; a film of ``extra`` gives one text, in every second case its overview,
            otherwise in a form drawn from the others. Empty for the one that ``plot`` chooses.
        other_plots: How many pieces of its other plots, those that ``plot`` does not choose, a
            training movie adds, as texts of their own with its genres, each about as long as
            ``max_tokens``; 0 adds none. Without effect on a model that reads no plots.
        language: ``en`` where the model reads English only: plots that are surely in another
            language, or no words at all, are then ignored with a warning. ``any`` reads everything.
        image_size: Height and width in pixels that posters are brought to.
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
