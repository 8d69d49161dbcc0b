"""Serving the page at ``/``, with headers that let it load only its own files."""

from fastapi import FastAPI, Request, Response

from moviegenre.apps.page.assets import Asset, page_assets
from moviegenre.apps.service.settings import ServiceSettings

# No inline scripts or styles, no scripts from text (trusted types), no files of other sites.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Browsers keep files but check them each time: another version may serve at this address.
    "Cache-Control": "no-cache",
}
_NOT_MODIFIED = 304


def add_page(app: FastAPI, settings: ServiceSettings, *, has_library: bool = False) -> None:
    """Serve the page at ``/``, its files below ``/static/``, its films below ``/examples``."""
    for address, asset in page_assets(settings, has_library=has_library).items():
        _add_asset(app, address, asset)


def _add_asset(app: FastAPI, address: str, asset: Asset) -> None:
    headers = {**HEADERS, "ETag": asset.etag}

    @app.get(address, include_in_schema=False)
    async def file(request: Request) -> Response:
        if asset.etag in request.headers.get("If-None-Match", ""):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)
