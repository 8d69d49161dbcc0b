"""The page at ``/docs``: Swagger UI from an installed package, with nothing from elsewhere."""

import html
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from moviegenre.apps.service.documents import add_edge_answers

_ASSETS = "/docs/assets"
_START = "/docs/start.js"
# Swagger UI sets no style by text and loads nothing but itself and the document.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<link rel="icon" href="{root}/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js" data-document="{root}/openapi.json"></script>
</body>
</html>
"""
# By default Swagger UI asks a server on the internet whether the document is valid.
_SCRIPT = """"use strict";
SwaggerUIBundle({
  url: document.currentScript.dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
# The packaged Swagger UI reads OpenAPI 3.0, and FastAPI writes 3.1.
_OPENAPI_VERSION = "3.0.3"


def add_docs_page(app: FastAPI) -> None:
    """Serve ``/docs``; the app's own document is turned into one that the page can read.

    Args:
        app: Made without ``docs_url`` and ``redoc_url``.
    """
    app.mount(_ASSETS, StaticFiles(directory=str(swagger_ui_path)), name="docs_assets")
    app.openapi = lambda: _document(app)  # type: ignore[method-assign] # FastAPI's own way

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = html.escape(str(request.scope.get("root_path", "")).rstrip("/"))
        page = _PAGE.format(root=root, title=html.escape(app.title))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    @app.get(_START, include_in_schema=False)
    async def start() -> Response:
        return Response(_SCRIPT, media_type="text/javascript")


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        add_edge_answers(document)
        app.openapi_schema = {**without_null_type(document), "openapi": _OPENAPI_VERSION}
    return app.openapi_schema


def without_null_type(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema in which what may be null is said as OpenAPI 3.0 says it.

    Example:
        >>> without_null_type({"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Plot"})
        {'title': 'Plot', 'type': 'string', 'nullable': True}
    """
    if isinstance(schema, list):
        return [without_null_type(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {name: without_null_type(part) for name, part in schema.items() if name != "anyOf"}
    choices = schema.get("anyOf")
    if not isinstance(choices, list):
        return {name: without_null_type(part) for name, part in schema.items()}
    kept = [without_null_type(choice) for choice in choices if choice != {"type": "null"}]
    nullable = {"nullable": True} if len(kept) < len(choices) else {}
    if len(kept) == 1:
        return {**rest, **kept[0], **nullable}
    return {**rest, "anyOf": kept, **nullable}
