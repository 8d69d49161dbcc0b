"""The data of requests and answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, JsonValue

# A poster of two by three red pixels, for examples.
TINY_POSTER = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAEElEQVR42mPYoiEHRAwoFABBHwXdMgqU"
    "sAAAAABJRU5ErkJggg=="
)

MAX_ATTRIBUTE = 32
"""Genres that one request may have explained."""

MAX_TITLE = 500
"""Characters of a title."""


class FilmRequest(BaseModel):
    """A film: a plot, a poster, or both."""

    model_config = ConfigDict(extra="forbid")

    plot: str | None = Field(default=None, description="What happens in the film.")
    poster: str | None = Field(
        default=None,
        description="An encoded image as base64, with or without `data:image/png;base64,`.",
    )
    title: str | None = Field(
        default=None, max_length=MAX_TITLE, description="The film's title, where it is known."
    )
    year: int | None = Field(
        default=None, ge=1, le=9999, description="The year of its release, where it is known."
    )
    explain: bool = Field(
        default=False, description="Also say what plot and poster had to do with it."
    )
    attribute: Annotated[list[str], FailFast()] = Field(
        default=[],
        max_length=MAX_ATTRIBUTE,
        description="Genres to explain word by word and region by region, which takes far longer; "
        "implies `explain`.",
    )


class PredictionAnswer(BaseModel):
    """The prediction for a film."""

    genres: list[str] = Field(description="The chosen genres, most probable first.")
    probabilities: dict[str, float] = Field(description="Of every genre, most probable first.")
    thresholds: dict[str, float] = Field(description="From which on a genre is chosen.")
    modalities: list[str] = Field(
        description="What was read: plot, poster, both, title if that is all, or nothing."
    )
    warnings: list[str] = Field(
        description="What the reader should know, as sentences, such as a plot not in English."
    )
    explanation: dict[str, JsonValue] | None = Field(
        default=None,
        description="Where asked for: `modality_share`, `modality_effects`, `modality_attention`; "
        "with `attribute` also `words`, `phrases`, `regions`, `regions_without`, `probability` and "
        "`notes` by genre, and `attribution_method`.",
    )
    similar: list[dict[str, JsonValue]] | None = Field(
        default=None,
        description="With `explain`, where the model has an index: training movies like it.",
    )


class ErrorAnswer(BaseModel):
    """What went wrong."""

    error: str = Field(description="One sentence.")


class GenreScores(BaseModel):
    """How well a model predicts each genre."""

    split: str = Field(description="On which films: `test` or `validation`.")
    genres: dict[str, dict[str, float | None]] = Field(
        description="By genre: `precision`, `recall`, `f1` (fractions) and `support` (films)."
    )


class ModelAnswer(BaseModel):
    """Which model answers."""

    name: str = Field(description="As on the command line.")
    backend: str = Field(description="What computes it: torch, onnx, int8 or int4.")
    modalities: list[str] = Field(description="What it reads of a film.")
    genres: list[str] = Field(description="In the order of its outputs.")
    thresholds: dict[str, float] = Field(description="From which on a genre is chosen.")
    metrics: dict[str, float] = Field(description="Validation scores, fractions.")
    card: str | None = Field(description="Model card (Markdown); null for a bare checkpoint.")
    genre_scores: GenreScores | None = Field(
        description="How well each genre is predicted; null where nobody measured it."
    )
    input_scores: dict[str, dict[str, float]] | None = Field(
        description="On test films, by what is given of each (plot, poster, title): `f1_macro`, "
        "`f1_micro` and more; null where nobody measured it."
    )
    versions: dict[str, str] = Field(description="Packages that compute the answers.")
    trained_with: dict[str, str] = Field(description="Packages that the model was trained with.")


class TablePreview(BaseModel):
    """How a table is read, before anything is computed."""

    name: str = Field(description="The table's name.")
    columns: list[str] = Field(description="In its order.")
    rows: list[list[str]] = Field(description="The first rows as texts, long ones cut off.")
    id_column: str | None = Field(description="The column of ids, if one has the usual name.")
    plot_columns: list[str] = Field(
        description="The column of plots: `plot`, or the only one with another usual name."
    )
    poster_column: str | None = Field(
        description="The column that names pictures of the ZIP, if there is one."
    )
    has_posters: bool = Field(description="Whether the file is a ZIP that holds pictures.")
    note: str | None = Field(
        description="That a column of another name is read as the plot, or that several may be."
    )


class StatusAnswer(BaseModel):
    """That the service is there."""

    status: str
