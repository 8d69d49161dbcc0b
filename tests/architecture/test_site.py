"""The site is built without a warning, holds every module, and loads nothing from elsewhere."""

import importlib.util
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "moviegenre"
NOT_IN_THE_REFERENCE = "apps"  # what is typed and asked over HTTP has its guides

# Without Ruff, which starts a process for the layout of each of a thousand signatures.
_BUILD = "import sys; sys.modules['ruff'] = None; from mkdocs.__main__ import cli; cli()"

_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_LINKS_THAT_LOAD = {"stylesheet", "icon", "preload", "preconnect", "modulepreload", "manifest"}


class _Loaded(HTMLParser):
    """Collects what a page makes a browser load, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.add(values.get("id", ""))
        self.classes |= set(values.get("class", "").split())
        if tag in _LOADS and _LOADS[tag] in values:
            self.addresses.append(values[_LOADS[tag]])
        if tag == "link" and _LINKS_THAT_LOAD & set(values.get("rel", "").split()):
            self.addresses.append(values["href"])


def _read(page: Path) -> _Loaded:
    found = _Loaded()
    found.feed(page.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site; it fails on the first warning."""
    for package in ("material", "mkdocstrings_handlers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is missing; pip install '.[docs]' to test the site")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_of_the_repository_is_there(site: Path) -> None:
    pages = {path.with_suffix(".html").name for path in (ROOT / "docs").glob("*.md")}
    assert pages | {"index.html"} <= {path.name for path in site.glob("*.html")}
    assert "Predict a film's genres from its plot" in (site / "index.html").read_text("utf-8")
    assert (site / "Dockerfile").read_bytes() == (ROOT / "Dockerfile").read_bytes()


def test_the_reference_has_every_module(site: Path) -> None:
    shown = {name for page in (site / "reference").glob("*.html") for name in _read(page).ids}
    modules = set()
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if parts[1] not in {NOT_IN_THE_REFERENCE, "__init__", "__main__"}:
            modules.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    assert modules - shown == set()
    public = _read(site / "reference" / "index.html").ids
    assert {"moviegenre.load", "moviegenre.inference.predictor.Predictor.predict"} <= public


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        found = _read(page)
        away = [a for a in found.addresses if a.startswith(("http:", "https:", "//"))]
        assert away == [], f"{page.relative_to(site)} loads {away}"
        assert "mermaid" not in found.classes, "the theme would fetch its program for diagrams"
    for style in site.rglob("*.css"):
        text = style.read_text("utf-8")
        assert "url(http" not in text, style.name
        assert "url(//" not in text, style.name
