"""Which movies a model sees and in what form."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from moviegenre.core.config import Config
from moviegenre.data.limits import MAX_GENRES, MAX_PLOTS
from moviegenre.data.prepared import PlotRule

Side = Annotated[int, Field(ge=32, le=1024)]


class DataConfig(Config):
    """Settings of the data a model is trained and evaluated on.

    Attributes:
        dir: A folder that ``moviegenre data prepare`` wrote.
        plot: Which of a movie's plots is read: ``longest`` (MM-IMDb's published rule), ``first``
            or all ``joined``.
        max_tokens: Plots are cut after this many tokens, special ones included. A model's own
            section of a config file may change this one and the three that follow, no other.
        extra: A file of further labelled plots (``data.extra``) that is trained on as well; the
            results then belong to the open track. Without effect on a model that reads no plots.
        extra_min_genres: Films of that file with fewer genres are left out: those of little-known
            films are often incomplete.
        other_plots: How many pieces of its other plots, those that ``plot`` does not choose, a
            training movie adds, as texts of their own with its genres, each about as long as
            ``max_tokens``; 0 adds none. Without effect on a model that reads no plots.
        language: ``en`` where the model reads English only: plots that are surely in another
            language, or no words at all, are then ignored with a warning. ``any`` reads everything.
        image_size: Height and width in pixels that posters are brought to.
    """

    dir: Path = Path("data/prepared")
    plot: PlotRule = "longest"
    max_tokens: int = Field(default=256, ge=3, le=8192)
    extra: Path | None = None
    extra_min_genres: int = Field(default=1, ge=1, le=MAX_GENRES)
    other_plots: int = Field(default=0, ge=0, le=MAX_PLOTS)
    language: Literal["en", "any"] = "any"
    image_size: tuple[Side, Side] = (224, 160)

    @model_validator(mode="after")
    def _refuse_settings_without_effect(self) -> Self:
        if self.extra is None and self.extra_min_genres > 1:
            raise ValueError("extra_min_genres has no effect without data.extra, a file of plots")
        if self.other_plots and self.plot == "joined":
            raise ValueError(
                "other_plots has no effect with data.plot=joined, which reads all plots"
            )
        return self
