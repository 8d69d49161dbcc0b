"""The house rules that a machine can check: small files, short functions, no catch-all names."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "moviegenre").rglob("*.py"))
MAX_FILE_LINES, MAX_MEDIAN_LINES, MAX_FUNCTION_LINES = 500, 200, 100


def _num_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_small() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): _num_lines(path) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_LINES} == {}
    assert statistics.median(sizes.values()) <= MAX_MEDIAN_LINES


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_functions_are_short(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    spans = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions}
    assert {name: span for name, span in spans.items() if span > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_say_what_they_own(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, "a module opens with what it owns"
    assert path.stem not in {"utils", "helpers", "common", "misc", "manager"}
