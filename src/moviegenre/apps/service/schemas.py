"""The data of requests and answers."""

from types import UnionType
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    JsonValue,
    WithJsonSchema,
)

from moviegenre.data.records import parse_title
from moviegenre.data.years import FIRST_YEAR, LAST_YEAR
from moviegenre.inference.title_check import MAX_TITLE

# A poster of two by three red pixels, for examples.
TINY_POSTER = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAEElEQVR42mPYoiEHRAwoFABBHwXdMgqU"
    "sAAAAABJRU5ErkJggg=="
)

MAX_ATTRIBUTE = 32
"""Genres that one request may have explained."""

MAX_PLOTS = 32
"""Texts about one film in a request."""

YEAR_TEXT = (
    "The film's release year, if known, as a number or a text. A year other than "
    f"{FIRST_YEAR} to {LAST_YEAR} is ignored with a warning."
)


_NULL, _NUMBER = {"type": "null"}, {"type": "number"}
_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_PLOTS}
_PLOT_SCHEMA = {"anyOf": [{"type": "string"}, _TEXTS, _NULL]}
_TITLE_SCHEMA = {"anyOf": [{"type": "string", "maxLength": MAX_TITLE}, _NUMBER, _NULL]}
_YEAR_SCHEMA = {"anyOf": [{"type": "string"}, _NUMBER, _NULL]}


def _plot(value: object) -> object:
    if isinstance(value, list):
        if len(value) > MAX_PLOTS:
            raise ValueError(f"expected at most {MAX_PLOTS} texts (found {len(value):,})")
        if all(isinstance(text, str) for text in value):
            return value
    return _checked(value, str, "a text or a list of texts")


def _title(value: object) -> object:
    checked = _checked(value, str | int | float, "a text")
    return parse_title(checked) if isinstance(checked, int | float) else checked


def _year(value: object) -> object:
    return _checked(value, str | int | float, "a number or a text")


def _checked(value: object, kinds: type | UnionType, expected: str) -> object:
    """Return a value that is missing or of some types.

    Raises:
        ValueError: It has another type; true and false are no numbers.
    """
    if value is None or (isinstance(value, kinds) and not isinstance(value, bool)):
        return value
    raise ValueError(f"expected {expected}")


class FilmRequest(BaseModel):
    """A film: a plot, a poster, or both."""

    model_config = ConfigDict(extra="forbid")

    plot: Annotated[
        str | list[str] | None, BeforeValidator(_plot), WithJsonSchema(_PLOT_SCHEMA)
    ] = Field(
        default=None, description=f"What happens in the film; up to {MAX_PLOTS} texts as a list."
    )
    poster: str | None = Field(
        default=None,
        description="An encoded image as base64, with or without `data:image/png;base64,`.",
    )
    title: Annotated[
        Annotated[str, Field(max_length=MAX_TITLE)] | None,
        BeforeValidator(_title),
        WithJsonSchema(_TITLE_SCHEMA),
    ] = Field(default=None, description="The film's title, if known; a number is read as a text.")
    year: Annotated[
        int | float | str | None,
        BeforeValidator(_year),
        WithJsonSchema(_YEAR_SCHEMA),
    ] = Field(default=None, description=YEAR_TEXT)
    explain: bool = Field(default=False, description="Also explain the effect of plot and poster.")
    attribute: Annotated[list[str], FailFast()] = Field(
        default=[],
        max_length=MAX_ATTRIBUTE,
        description="Genres to explain word by word and region by region, which is much slower; "
        "implies `explain`.",
    )


class PredictionAnswer(BaseModel):
    """The prediction for a film."""

    genres: list[str] = Field(description="The chosen genres, most probable first.")
    probabilities: dict[str, float] = Field(
        description="Probability of every genre, most probable first."
    )
    thresholds: dict[str, float] = Field(
        description="Threshold of each genre: it is chosen at or above this probability."
    )
    modalities: list[str] = Field(
        description="The inputs that were read: plot, poster, both, only the title, or none."
    )
    warnings: list[str] = Field(
        description="Warnings as sentences, such as that the plot is not in English."
    )
    explanation: dict[str, JsonValue] | None = Field(
        default=None,
        description="If requested: `modality_share`, `modality_effects`, `modality_attention`; "
        "with `attribute` also `words`, `phrases`, `regions`, `regions_without`, `probability` and "
        "`notes` by genre, and `attribution_method`.",
    )
    similar: list[dict[str, JsonValue]] | None = Field(
        default=None,
        description="With `explain`, if the model has an index: similar training movies.",
    )


class ErrorAnswer(BaseModel):
    """An error."""

    error: str = Field(description="The cause of the error, in one sentence.")


class GenreScores(BaseModel):
    """How well a model predicts each genre."""

    split: str = Field(description="The split of the scored films: `test` or `validation`.")
    genres: dict[str, dict[str, float | None]] = Field(
        description="For each genre: `precision`, `recall`, `f1` (fractions) and `support` (films)."
    )


class ModelAnswer(BaseModel):
    """The model that answers."""

    name: str = Field(description="The model's name, such as `bert`.")
    backend: str = Field(description="The runtime: torch, onnx, int8 or int4.")
    modalities: list[str] = Field(
        description="The inputs that the model reads: plot, poster or both."
    )
    genres: list[str] = Field(description="The genres, in the order of the model's outputs.")
    thresholds: dict[str, float] = Field(
        description="Threshold of each genre: it is chosen at or above this probability."
    )
    metrics: dict[str, float] = Field(description="Validation scores, as fractions.")
    card: str | None = Field(description="Model card (Markdown); null for a bare checkpoint.")
    genre_scores: GenreScores | None = Field(
        description="Scores of each genre; null if they were not measured."
    )
    input_scores: dict[str, dict[str, float]] | None = Field(
        description="Scores on test films by the inputs given (plot, poster, title): `f1_macro`, "
        "`f1_micro` and more; null if they were not measured."
    )
    versions: dict[str, str] = Field(
        description="Versions of the packages that compute the answers, and of the included model."
    )
    trained_with: dict[str, str] = Field(
        description="Versions of the packages that the model was trained with."
    )


class TablePreview(BaseModel):
    """How a table is read, before anything is computed."""

    name: str = Field(description="The table's file name.")
    columns: list[str] = Field(description="The names of the columns, in the table's order.")
    rows: list[list[str]] = Field(
        description="The cells of the first rows as texts; long texts are cut off."
    )
    id_column: str | None = Field(
        description="The column of ids; null if no column has a usual name."
    )
    plot_columns: list[str] = Field(
        description="The column of plots: `plot`, or the only one with another usual name."
    )
    poster_column: str | None = Field(
        description="The column with the names of the ZIP's pictures; null if there is none."
    )
    has_posters: bool = Field(description="Whether the file is a ZIP that holds pictures.")
    note: str | None = Field(
        description="A note if the column of plots has another usual name, or if several have one."
    )


class StatusAnswer(BaseModel):
    """The state of the service."""

    status: str = Field(description="The state: `alive` or `ready`.")
