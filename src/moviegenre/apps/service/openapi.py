"""The OpenAPI document: limits of bodies, examples, and every answer of every address."""

import copy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from moviegenre.apps.service.schemas import (
    MAX_ATTRIBUTE,
    MAX_PLOTS,
    TINY_POSTER,
    YEAR_TEXT,
    ErrorAnswer,
    FilmRequest,
)
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.data.poster_formats import POSTER_FORMATS
from moviegenre.data.tables.columns import OTHER_PLOT_COLUMNS
from moviegenre.inference.title_check import MAX_TITLE

# The packaged Swagger UI reads OpenAPI 3.0, and FastAPI writes 3.1.
_OPENAPI_VERSION = "3.0.3"
_NOT_BLANK = r"[^\s\x1c-\x1f]"  # Python counts these separators as space, JSON Schema does not
_TEXT_WITH_CONTENT = {"type": "string", "pattern": _NOT_BLANK}
_TEXTS_WITH_CONTENT = {  # a text, or a list with such a text: not every text of it is blank
    "anyOf": [
        _TEXT_WITH_CONTENT,
        {
            "type": "array",
            "items": {"type": "string"},
            "not": {"items": {"not": {"pattern": _NOT_BLANK}}},
        },
    ]
}
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
_PLOT = "A detective hunts a killer through the rain while an old case comes back to haunt him."
_SECOND_PLOT = "Twenty years ago he arrested the wrong man, and somebody remembers."
_OTHER_PLOT = "Two rivals have to share a bakery, a flat and in the end their lives."
_FILM_EXAMPLES: dict[str, Any] = {
    "plot": {"summary": "A plot", "value": {"plot": _PLOT}},
    "both": {"summary": "Plot and poster", "value": {"plot": _PLOT, "poster": TINY_POSTER}},
    "texts": {"summary": "Several texts", "value": {"plot": [_PLOT, _SECOND_PLOT]}},
    "explained": {"summary": "With an explanation", "value": {"plot": _PLOT, "explain": True}},
}
_BATCH_EXAMPLES: dict[str, Any] = {
    "two": {"summary": "Two films", "value": [{"plot": _PLOT}, {"plot": _OTHER_PLOT}]}
}
_FILM_FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "plot": {
            "type": "string",
            "description": f"What happens in the film; up to {MAX_PLOTS} texts, each in a field.",
        },
        "poster": {"type": "string", "format": "binary", "description": "An image file."},
        "title": {"type": "string", "maxLength": MAX_TITLE, "description": "The film's title."},
        "year": {"type": "string", "description": YEAR_TEXT},
        "explain": {
            "type": "boolean",
            "default": False,
            "description": "Also explain the effect of plot and poster.",
        },
        "attribute": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": MAX_ATTRIBUTE,
            "description": "Genres to explain; repeat the field for several.",
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
            "description": "A table: .csv, .tsv, .tab, .txt, .json, .jsonl or .ndjson, also as .gz "
            "or .zip; a .zip may hold the posters that the table names.",
        },
        "id_column": {
            "type": "string",
            "description": "The column of ids. Default: `id` or another usual name, or the row "
            "number.",
        },
        "plot_columns": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Columns of plots, joined in this order. Default: `plot`, or the only "
            f"one of {', '.join(f'`{name}`' for name in OTHER_PLOT_COLUMNS)}.",
        },
        "poster_column": {
            "type": "string",
            "description": "The column that names the pictures in a .zip. Default: `poster`, or "
            "another usual name.",
        },
        "preview": {
            "type": "boolean",
            "default": False,
            "description": "Only show how the table is read; compute nothing.",
        },
        "with_text": {
            "type": "boolean",
            "default": False,
            "description": "Also return the plot, title and year of each row.",
        },
    },
}
TABLE_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _TABLE_FORM}}}
}
TABLE_LINES = {
    "description": "With `preview`, a JSON object. Otherwise, one JSON object per line: first "
    "`{type: start, rows, csv}`, then for every row `{type: row, row, id, genres, probabilities, "
    "error, warnings, csv}` in the table's order, and last `{type: end}`, or "
    "`{type: error, error}` if it ended early. `csv` is a line of a CSV file.",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/TablePreview"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
    },
}
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in {
        400: "The body cannot be parsed.",
        408: "The body did not arrive in time.",
        413: "The body is too large.",
        415: "The body or the poster has an unsupported media type.",
        422: "A film is invalid, or the number of films is.",
        503: "The queue is full, or the service is stopping; see Retry-After.",
        504: "The answer was not ready in time.",
    }.items()
}
"""The errors of addresses that take films."""

_MIDDLEWARE_RESPONSES = {
    400: "The request is not valid HTTP.",
    401: "The API key is missing or unknown. Only if the service requires keys.",
    403: "The request comes from a page of another origin.",
    408: "The body did not arrive in time.",
    421: "The service does not serve this Host.",
    429: "This client sends too many requests; see Retry-After.",
    431: "The head of the request is too large.",
    500: "The service failed; its log has the reason under the request id.",
    501: "The body has a transfer encoding other than chunked.",
    503: "The service has too many requests; see Retry-After.",
}
_FILM = {"$ref": "#/components/schemas/Film"}
_BATCH_FILM = {"$ref": "#/components/schemas/FilmOfBatch"}
_FORM_REF = {"$ref": "#/components/schemas/FilmForm"}


def film_body(settings: ServiceSettings) -> dict[str, Any]:
    """Return the body of ``POST /predict``: a plot that is not blank, a poster, or both."""
    kinds = ", ".join(POSTER_FORMATS[kind].media_type for kind in settings.image_kinds)
    form_content = {
        "schema": _FORM_REF,
        "example": {"plot": _PLOT},
        "encoding": {"poster": {"contentType": kinds}},
    }
    content = {
        "application/json": {"schema": _FILM, "examples": _FILM_EXAMPLES},
        "multipart/form-data": form_content,
    }
    return {"requestBody": {"required": True, "content": content}}


def batch_body(settings: ServiceSettings) -> dict[str, Any]:
    """Return the body of ``POST /predict/batch``; an empty film gets an error as its answer."""
    schema = {
        "type": "array",
        "items": _BATCH_FILM,
        "minItems": 1,
        "maxItems": settings.max_films,
    }
    content = {"application/json": {"schema": schema, "examples": _BATCH_EXAMPLES}}
    return {"requestBody": {"required": True, "content": content}}


def _film_schemas(settings: ServiceSettings) -> dict[str, Any]:
    """Return the schemas of a film by name: alone, in a form, and in a list."""
    film, form, of_batch = _film_schema(), copy.deepcopy(_FILM_FORM), _film_schema()
    for schema in (film, form):
        schema["additionalProperties"] = False
        plot = _TEXT_WITH_CONTENT if schema is form else _TEXTS_WITH_CONTENT
        poster = {"type": "string", "minLength": 1}
        schema["anyOf"] = [_required("plot", plot), _required("poster", poster)]
        _limit(schema["properties"]["plot"], maxLength=settings.max_plot_chars)
    of_batch["description"] = "A film of a list; without plot and poster, it gets an error."
    schemas = {"Film": film, "FilmForm": form, "FilmOfBatch": of_batch}
    return {name: {**schema, "title": name} for name, schema in schemas.items()}


def _film_schema() -> dict[str, Any]:
    schema = copy.deepcopy(FilmRequest.model_json_schema())  # it holds the constants of the class
    _limit(schema["properties"]["poster"], format="byte")
    return schema


def _required(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    return {"required": [name], "properties": {name: rule}}


def _limit(schema: dict[str, Any], **rules: Any) -> None:  # noqa: ANN401 - JSON
    """Add rules to the schema of a text; in a choice, to its texts and lists of texts."""
    for choice in schema.get("anyOf", [schema]):
        text = choice.get("items", choice)
        if text.get("type") == "string":
            text.update(rules)


def openapi_document(app: FastAPI, settings: ServiceSettings) -> dict[str, Any]:
    """Return the app's document, in the OpenAPI version that ``/docs`` can read.

    Args:
        app: The app.
        settings: The limits of films.
    """
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        # Relative to the document's address, because a proxy may serve it under a prefix.
        document["servers"] = [{"url": "."}]
        document["components"]["schemas"] |= _film_schemas(settings)
        _add_middleware_responses(document)
        app.openapi_schema = {**without_null_type(document), "openapi": _OPENAPI_VERSION}
    return app.openapi_schema


def _add_middleware_responses(document: dict[str, Any]) -> None:
    """Add the errors of the middleware, and the API keys."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, description in _MIDDLEWARE_RESPONSES.items():
                response = {"description": description, "content": _ERROR}
                if status != 501 or "requestBody" in operation:
                    operation["responses"].setdefault(str(status), response)
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["Bearer"] = {"type": "http", "scheme": "bearer", "description": "An API key."}
    schemes["Key"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    # {} makes the key optional, because not every service requires one.
    document["security"] = [{}, {"Bearer": []}, {"Key": []}]


def without_null_type(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema in which values that may be null have the form of OpenAPI 3.0.

    Example:
        >>> without_null_type({"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Plot"})
        {'title': 'Plot', 'type': 'string', 'nullable': True}
    """
    if isinstance(schema, list):
        return [without_null_type(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return {name: without_null_type(part) for name, part in schema.items()}
    rules = {name: without_null_type(part) for name, part in schema.items() if name != "anyOf"}
    other_choices = [without_null_type(choice) for choice in choices if choice != {"type": "null"}]
    nullable = {"nullable": True} if len(other_choices) < len(choices) else {}
    if len(other_choices) == 1:
        return {**rules, **other_choices[0], **nullable}
    return {**rules, "anyOf": other_choices, **nullable}
