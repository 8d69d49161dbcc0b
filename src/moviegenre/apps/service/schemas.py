"""What requests and answers look like, and the examples that the documentation page offers."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field, JsonValue

# Two by three red pixels: the smallest poster there is.
TINY_POSTER = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAEElEQVR42mPYoiEHRAwoFABBHwXdMgqU"
    "sAAAAABJRU5ErkJggg=="
)

MAX_ATTRIBUTE = 32
"""Genres that one request may have explained."""

_PLOT = "A detective hunts a killer through the rain while an old case comes back to haunt him."
_OTHER = "Two rivals have to share a bakery, a flat and in the end their lives."


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
    """What the model says of a film."""

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
    """What was understood of a table, before anything is computed."""

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


FILM_EXAMPLES: dict[str, dict[str, Any]] = {
    "plot": {"summary": "A plot", "value": {"plot": _PLOT}},
    "both": {"summary": "Plot and poster", "value": {"plot": _PLOT, "poster": TINY_POSTER}},
    "explained": {"summary": "With reasons", "value": {"plot": _PLOT, "explain": True}},
}
BATCH_EXAMPLES: dict[str, dict[str, Any]] = {
    "two": {"summary": "Two films", "value": [{"plot": _PLOT}, {"plot": _OTHER}]}
}

_FORM = {
    "type": "object",
    "properties": {
        "plot": {"type": "string", "description": "What happens in the film."},
        "poster": {"type": "string", "format": "binary", "description": "An image file."},
        "title": {"type": "string", "maxLength": MAX_TITLE, "description": "The film's title."},
        "year": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9999,
            "description": "The year of its release.",
        },
        "explain": {"type": "boolean", "default": False},
        "attribute": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": MAX_ATTRIBUTE,
            "description": "Genres to explain; the field is repeated.",
        },
    },
}
_TABLE_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "A table: .csv, .tsv, .json, .jsonl or .ndjson, also as .gz or .zip; a "
            ".zip may hold the posters that the table names.",
        },
        "id_column": {
            "type": "string",
            "description": "The column of ids; without it `id`, or the rows are numbered.",
        },
        "plot_columns": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Columns of plots, joined in this order; without them `plot`, or the "
            "only one of `overview`, `synopsis`, `description`, `summary` and `storyline`.",
        },
        "poster_column": {
            "type": "string",
            "description": "Of a .zip with pictures: the column that names them; without it "
            "`poster`, or one with another usual name.",
        },
        "preview": {
            "type": "boolean",
            "default": False,
            "description": "Only say what was understood of the table.",
        },
        "with_text": {
            "type": "boolean",
            "default": False,
            "description": "Answer each row with its plot, title and year as well.",
        },
    },
}

FILM_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": FilmRequest.model_json_schema(),
                "examples": FILM_EXAMPLES,
            },
            "multipart/form-data": {"schema": _FORM, "example": {"plot": _PLOT}},
        },
    }
}
BATCH_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": FilmRequest.model_json_schema()},
                "examples": BATCH_EXAMPLES,
            }
        },
    }
}

TABLE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": _TABLE_FORM}},
    }
}
TABLE_LINES = {
    "description": "With `preview` a JSON object. Otherwise one JSON object a line: first "
    "`{type: start, rows, csv}`, then for every row `{type: row, row, id, genres, probabilities, "
    "error, warnings, csv}` in the table's order, at the end `{type: end}`, or "
    "`{type: error, error}` where it ended early. `csv` is the line of a CSV file.",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/TablePreview"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
    },
}

_REFUSED = {
    400: "The body cannot be parsed.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body, or the poster, is of a kind that is not taken.",
    422: "The film, or the number of films, is not as expected.",
    503: "The queue is full, or the service is stopping; see Retry-After.",
    504: "The answer was not there in time.",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": text} for status, text in _REFUSED.items()
}
