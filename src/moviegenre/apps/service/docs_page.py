"""The page at ``/docs``: Swagger UI from an installed package, with nothing from elsewhere."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

_ASSETS = "/docs/assets"
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:"
)
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
        root = str(request.scope.get("root_path", "")).rstrip("/")
        page = get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title=app.title,
            swagger_js_url=f"{root}{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_ASSETS}/favicon-32x32.png",
            # By default it asks a server on the internet whether the document is valid.
            swagger_ui_parameters={"validatorUrl": None},
        )
        page.headers["Content-Security-Policy"] = _POLICY
        return page


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
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
