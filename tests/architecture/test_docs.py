"""Commands in the documentation exist with the options shown; links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from moviegenre.apps.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPTS = {"scripts/train.py": "train", "scripts/evaluate.py": "evaluate"}


def _commands(text: str) -> list[str]:
    """Return the commands of this project in a page's code blocks and inline code."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    wanted = ("moviegenre ", "python scripts/")
    return [c for c in [*lines, *inline] if c.startswith(wanted)]


FOUND = [(page, command) for page in PAGES for command in _commands(page.read_text("utf-8"))]


@pytest.mark.parametrize(
    ("page", "command"), FOUND, ids=[f"{page.name}: {command}" for page, command in FOUND]
)
def test_command_is_understood(page: Path, command: str) -> None:
    words = shlex.split(command, comments=True)
    words = [SCRIPTS[words[1]], *words[2:]] if words[0] == "python" else words[1:]
    group = typer.main.get_command(app)
    context = group.make_context("moviegenre", [], resilient_parsing=True)
    while hasattr(group, "commands") and words:
        name = words.pop(0)
        assert name in group.commands, f"{page.name} names an unknown command {name!r}"
        group = group.commands[name]
    if words and words != ["--help"]:
        group.make_context(group.name or "", words, parent=context)


def test_pages_name_commands() -> None:
    assert len(FOUND) > 15, "the pages are found and read"


def test_configs_exist() -> None:
    for page in PAGES:
        # Records of earlier runs name the files of their time.
        if page.name == "dev-log.md" or "results" in page.relative_to(ROOT).parts:
            continue
        named = re.findall(r"(?<![\w/])configs/[\w/-]+\.yaml", page.read_text("utf-8"))
        assert [name for name in named if not (ROOT / name).is_file()] == [], page.name


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(("page", "most"), [("README.md", 110), ("docs/results.md", 150)])
def test_short_pages_stay_short(page: str, most: int) -> None:
    assert len((ROOT / page).read_text("utf-8").splitlines()) <= most
