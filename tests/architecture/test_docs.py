"""Commands in the documentation exist with the options shown; the tour is run as it stands."""

import os
import re
import shlex
import shutil
import subprocess
import sys
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


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.slow
def test_the_tour_runs_as_it_stands(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    block = re.search(r"<!-- tour -->\n```\n(.*?)```", text, flags=re.S)
    assert block is not None, "the README has its tour"
    for name in ("configs", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in block[1].strip().splitlines():
        done = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    results = tmp_path / "runs" / "tour" / "results"
    assert "These are not results" in (results / "RESULTS.md").read_text("utf-8")
    assert (results / "results.html").stat().st_size > 100_000
    assert (tmp_path / "runs" / "tour" / "lstm.json").is_file()
