"""The page at ``/docs``: Swagger UI from an installed package, without files from other sites."""

import html

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from moviegenre.apps.service.openapi import openapi_document
from moviegenre.apps.service.settings import ServiceSettings

_ASSETS = "/docs/assets"
_START = "/docs/start.js"
# Swagger UI has no inline styles and loads only its own files and the document.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# All addresses are relative, because a proxy may serve the page under a prefix.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="icon" href="docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# By default, Swagger UI sends the document's address to a validator on the internet.
_SCRIPT = """"use strict";
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""


def add_docs_page(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve ``/docs`` for an app made without ``docs_url`` and ``redoc_url``."""
    app.mount(_ASSETS, StaticFiles(directory=str(swagger_ui_path)), name="docs_assets")
    app.openapi = lambda: openapi_document(app, settings)  # type: ignore[method-assign] # FastAPI's own way

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = _PAGE.format(title=html.escape(app.title))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    @app.get(_START, include_in_schema=False)
    async def start() -> Response:
        return Response(_SCRIPT, media_type="text/javascript")
