"""The OpenAPI document, exact: limits of bodies, and the answers that every address can give."""

import copy
from typing import Any

from moviegenre.apps.service.schemas import BATCH_BODY, FILM_BODY
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.data.poster_formats import POSTER_FORMATS

_EDGE = {
    400: "The request is no HTTP as it should be.",
    401: "There is no API key, or an unknown one. Only where keys are asked for.",
    403: "The request comes from a page of another origin.",
    408: "The body did not arrive in time.",
    421: "The Host is not served here.",
    429: "This client asks too often; see Retry-After.",
    500: "The service failed; its log has the reason under the request's id.",
    503: "There is no room for the request; see Retry-After.",
}
_NOT_BLANK = (
    r"[^\s\x1c-\x1f]"  # the separators that Python counts as space, and JSON Schema does not
)
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}


def film_body(settings: ServiceSettings) -> dict[str, Any]:
    """Return what ``POST /predict`` takes: a plot that is not blank, or a poster, or both."""
    body = copy.deepcopy(FILM_BODY)
    content = body["requestBody"]["content"]
    for kind in content.values():
        schema = kind["schema"]
        schema["additionalProperties"] = False
        schema["anyOf"] = [
            _needed("plot", {"pattern": _NOT_BLANK}),
            _needed("poster", {"minLength": 1}),
        ]
        _limit(schema["properties"]["plot"], maxLength=settings.max_plot_chars)
    _limit(content["application/json"]["schema"]["properties"]["poster"], format="byte")
    kinds = ", ".join(POSTER_FORMATS[kind].media_type for kind in settings.image_kinds)
    content["multipart/form-data"]["encoding"] = {"poster": {"contentType": kinds}}
    return body


def batch_body(settings: ServiceSettings) -> dict[str, Any]:
    """Return what ``POST /predict/batch`` takes; an empty film has an error in its place."""
    body = copy.deepcopy(BATCH_BODY)
    schema = body["requestBody"]["content"]["application/json"]["schema"]
    schema.update(minItems=1, maxItems=settings.max_films)
    _limit(schema["items"]["properties"]["poster"], format="byte")
    return body


def _needed(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"type": "string", **rule}}}


def _limit(schema: dict[str, Any], **rules: Any) -> None:  # noqa: ANN401 - JSON
    """Add rules to the text that a schema is of, or one of whose choices is a text."""
    for choice in schema.get("anyOf", [schema]):
        if choice.get("type") == "string":
            choice.update(rules)


def add_edge_answers(document: dict[str, Any]) -> None:
    """Add the refusals that come before any address is looked up, and the keys.

    Args:
        document: Changed in place.
    """
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            for status, text in _EDGE.items():
                answers.setdefault(str(status), {"description": text, "content": _ERROR})
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["Bearer"] = {"type": "http", "scheme": "bearer", "description": "An API key."}
    schemes["Key"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    # The empty one says that a key is optional: whether it is, depends on how the service runs.
    document["security"] = [{}, {"Bearer": []}, {"Key": []}]
