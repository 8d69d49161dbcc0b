"""The page's files, read once at the start; a request only looks up an address."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.version import __version__
from moviegenre.data.poster_formats import POSTER_FORMATS, kinds_text
from moviegenre.data.tables.source import TEXT_SUFFIXES
from moviegenre.examples import example_films

FOLDER = Path(__file__).with_name("static")

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


@dataclass(frozen=True)
class Asset:
    """A file of the page; its ``etag`` changes with the content, so that browsers can cache it."""

    content: bytes
    media_type: str
    etag: str


def page_assets(settings: ServiceSettings, *, has_library: bool = False) -> dict[str, Asset]:
    """Return every file of the page by its address; a served library adds its tab."""
    assets = {f"/static/{path.name}": _file(path) for path in sorted(FOLDER.iterdir())}
    assets["/"] = assets.pop("/static/index.html")
    assets["/static/limits.json"] = _json({**_limits(settings), "library": has_library})
    assets["/examples"] = _json(_examples())
    for film in example_films():
        if film.poster is not None:
            assets[f"/examples/{film.poster.name}"] = _file(film.poster)
    return assets


def _file(path: Path) -> Asset:
    return _asset(path.read_bytes(), _TYPES[path.suffix])


def _json(values: object) -> Asset:
    return _asset(json.dumps(values, ensure_ascii=False).encode(), _TYPES[".json"])


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _limits(settings: ServiceSettings) -> Mapping[str, object]:
    return {
        "version": __version__,
        "max_body_bytes": settings.max_body_bytes,
        "max_plot_chars": settings.max_plot_chars,
        "image_kinds": kinds_text(settings.image_kinds),
        "image_types": [POSTER_FORMATS[kind].media_type for kind in settings.image_kinds],
        "table_suffixes": TEXT_SUFFIXES,
        "table_rows": settings.page_rows,
    }


def _examples() -> list[Mapping[str, object]]:
    """Return the example films; addresses are relative, because a proxy may move the page."""
    return [
        {
            "title": film.title,
            "plot": film.plot,
            "poster": film.poster and f"examples/{film.poster.name}",
        }
        for film in example_films()
    ]
