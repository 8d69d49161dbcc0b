"""How the weights of an ensemble are fitted."""

from typing import Annotated

from pydantic import Field

from moviegenre.core.config import Config, Seed

Strengths = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1e9)], ...], Field(min_length=1, max_length=100)
]


class CombiningConfig(Config):
    """How the weights are fitted.

    Attributes:
        genre_shrinkage: Strengths with which a genre's weights are drawn towards the members' means
            over genres; the best is chosen by cross-validation.
        member_shrinkage: Strengths with which these means are drawn towards each other; likewise.
        folds: Into how many folds validation is split.
        draws: How often it is split anew; scores are means over these.
        seed: Of the splits.
    """

    genre_shrinkage: Strengths = (30.0, 100.0, 300.0, 1000.0, 10000.0)
    member_shrinkage: Strengths = (1.0, 10.0, 10000.0)
    folds: int = Field(default=5, ge=2, le=1_000)
    draws: int = Field(default=3, ge=1, le=1_000)
    seed: Seed = 0
