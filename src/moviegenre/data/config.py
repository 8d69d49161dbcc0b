"""Which movies a model sees and in what form."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from moviegenre.core.config import Config
from moviegenre.data.prepared import PlotRule

Side = Annotated[int, Field(ge=32, le=1024)]


class DataConfig(Config):
    """Settings of the data a model is trained and evaluated on.

    Attributes:
        dir: A folder that ``moviegenre data prepare`` wrote.
        plot: Which of a movie's plots is read: ``longest`` (MM-IMDb's published rule), ``first``
            or all ``joined``.
        max_tokens: Plots are cut after this many tokens, special ones included. The only setting
            that a model's own section of a config file may change.
        image_size: Height and width in pixels that posters are brought to.
    """

    dir: Path = Path("data/prepared")
    plot: PlotRule = "longest"
    max_tokens: int = Field(default=256, ge=3, le=8192)
    image_size: tuple[Side, Side] = (224, 160)
