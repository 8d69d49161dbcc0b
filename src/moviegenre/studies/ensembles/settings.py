"""The settings of the weights of an ensemble."""

from typing import Annotated

from pydantic import Field

from moviegenre.core.config import Config, Seed

Strengths = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1e9)], ...], Field(min_length=1, max_length=100)
]


class CombiningConfig(Config):
    """The settings of fitting the weights.

    Attributes:
        genre_shrinkage: Strengths of shrinking a genre's weights towards the members' means over
            genres; cross-validation chooses the best one.
        member_shrinkage: Strengths of shrinking these means towards each other; cross-validation
            chooses the best one.
        folds: The number of folds of validation.
        draws: The number of random splits into folds; scores are means over these.
        seed: The seed of the splits.
    """

    genre_shrinkage: Strengths = (30.0, 100.0, 300.0, 1000.0, 10000.0)
    member_shrinkage: Strengths = (1.0, 10.0, 10000.0)
    folds: int = Field(default=5, ge=2, le=1_000)
    draws: int = Field(default=3, ge=1, le=1_000)
    seed: Seed = 0
