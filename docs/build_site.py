"""What `mkdocs build` adds to the pages of docs/: the README, what is linked, the reference.

Pages are written for GitHub, where a link may lead anywhere in the repository. The site has the
README as its first page, and a copy of every other file outside docs/ that a page links to. The
reference has one page for the public interface and one for each floor of the package, with every
module; nobody has to list them.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "moviegenre"

ROOT_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
"""Pages outside docs/, and what they are called in the site."""

PUBLIC_MODULES = (
    "moviegenre.inference.predictor",
    "moviegenre.inference.prediction",
    "moviegenre.core.errors",
)
"""Modules shown on the page of the public interface, and not again on that of their floor."""

FLOORS = (
    *("core", "data", "nn", "losses", "metrics", "examples", "box"),
    *("models", "artifacts", "training", "evaluation"),
    *("inference", "library", "adapt", "experiment"),
    "studies",
)
"""The floors that have a page, from bottom to top; apps are commands, which have their guides."""

_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Complete the navigation: the reference's pages, and pages that nobody named."""
    nav = config.nav
    assert isinstance(nav, list), "mkdocs.yml has its navigation"
    nav[-1]["Reference"] += [{f"moviegenre.{name}": f"reference/{name}.md"} for name in FLOORS]
    named = set(_leaves(nav))
    found = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    if unnamed := [name for name in found if name not in named]:
        nav.append({"More": unnamed})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the files outside docs/ that pages link to."""
    for source, uri in ROOT_PAGES.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / source)))
    pages = {"index": _public_page(), **{floor: _floor_page(floor) for floor in FLOORS}}
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    for page in files.documentation_pages():
        source = _source(page.src_uri)
        for target, _ in _LINK.findall(page.content_string):
            linked = _resolve(source, target)
            uri = _uri(linked)
            if uri == linked and (ROOT / linked).is_file() and uri not in files.src_uris:
                files.append(File.generated(config, uri, abs_src_path=str(ROOT / linked)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that lead through the repository into links through the site."""
    here = PurePosixPath(page.file.src_uri)
    source = _source(here.as_posix())

    def rewrite(match: re.Match[str]) -> str:
        uri = _uri(_resolve(source, match[1]))
        return f"]({os.path.relpath(uri, here.parent)}{match[2] or ''})"

    return _LINK.sub(rewrite, markdown)


def _source(uri: str) -> str:
    """Return where in the repository a page of the site comes from."""
    by_uri = {page: source for source, page in ROOT_PAGES.items()}
    return by_uri.get(uri, f"docs/{uri}")


def _resolve(source: str, target: str) -> str:
    """Return what a link in a file of the repository leads to, from the repository's root."""
    return os.path.normpath(PurePosixPath(source).parent / target)


def _uri(path: str) -> str:
    """Return what a file of the repository is called in the site."""
    return ROOT_PAGES.get(path, path.removeprefix("docs/"))


def _leaves(nav: object) -> Iterator[str]:
    """Yield the pages that a navigation names."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from _leaves(below)
    elif isinstance(nav, list):
        for below in nav:
            yield from _leaves(below)


def _public_page() -> str:
    return "\n\n".join(
        [
            "# Public interface",
            "What the guides use. It stays as it is within a minor version; the floors of the "
            "package, which follow from bottom to top, may change.",
            "::: moviegenre.load",
            *(f"::: {name}" for name in PUBLIC_MODULES),
        ]
    )


def _floor_page(floor: str) -> str:
    parts = []
    for name in _modules(floor):
        level = 1 if name == f"moviegenre.{floor}" else 2
        if name in PUBLIC_MODULES:
            parts.append(f"## {name}\n\nSee the [public interface](index.md#{name}).")
        else:
            parts.append(f"::: {name}\n    options: {{heading_level: {level}}}")
    return "\n\n".join(parts)


def _modules(floor: str) -> Iterable[str]:
    """Yield the modules of a floor, packages before what is in them."""
    folder = PACKAGE / floor
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    for path in sorted(files, key=lambda path: path.with_suffix("").parts):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
