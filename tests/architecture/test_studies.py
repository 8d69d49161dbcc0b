"""A study is a room of its own: without its folder and its lines, the rest works as before."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "moviegenre"
STUDIES = sorted(path.parent.name for path in (PACKAGE / "studies").glob("*/__init__.py"))
COMMANDS = {"ablations": "ablate", "ensembles": "ensemble", "seeds": "--seeds"}
"""What a study adds to the command line, where that is not its name."""
HELP = {"audit": ("data", "--help"), "seeds": ("reproduce", "--help")}


def _without(study: str, folder: Path) -> Path:
    """Copy the package without a study and the lines that add its command; return its folder."""
    copy = folder / "moviegenre"
    ignored = shutil.ignore_patterns("__pycache__", "*.onnx", "*.webp", "tokenizer.json")
    shutil.copytree(PACKAGE, copy, ignore=ignored)
    shutil.rmtree(copy / "studies" / study)
    cli = copy / "apps" / "cli.py"
    text = cli.read_text("utf-8")
    (imported,) = re.findall(
        rf"^from moviegenre\.studies\.{study}\.command import (\w+)$", text, re.M
    )
    lines = text.splitlines(keepends=True)
    kept = [
        line for line in lines if f".studies.{study}." not in line and f"({imported})" not in line
    ]
    assert len(lines) - len(kept) == 2, "one import and one line that adds the command"
    cli.write_text("".join(kept), "utf-8")
    return folder


def _run(code: str, source: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def _help(source: Path, *arguments: str) -> str:
    code = "from moviegenre.apps.cli import main; import sys; main(sys.argv[1:])"
    return _run(code, source, *arguments)


def test_the_studies_are_those_of_the_documentation() -> None:
    assert STUDIES == ["ablations", "audit", "ensembles", "faithfulness", "robustness", "seeds"]


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_can_be_deleted(study: str, tmp_path: Path) -> None:
    source = _without(study, tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    arguments = HELP.get(study, ("--help",))
    name = COMMANDS.get(study, study)
    assert re.search(rf"(?<!\w){name}\b", _help(ROOT / "src", *arguments))
    assert not re.search(rf"(?<!\w){name}\b", _help(source, *arguments))
    if study == STUDIES[0]:  # that nothing else imports a study is a contract of the whole package
        check = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
        assert "0 broken" in _run(check, source)
