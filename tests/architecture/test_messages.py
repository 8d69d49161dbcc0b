"""Messages of the lower floors name settings, which the command line turns into its options."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviegenre.apps.messages import with_options

PACKAGE = Path(__file__).parents[2] / "src" / "moviegenre"
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] != "apps" and path.name != "command.py"
]
_OPTION = re.compile(r"(?<![\w-])--[a-z]")
_COMMAND = re.compile(r"moviegenre|pip install")  # a whole command may be quoted


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield every text that is no docstring, without the values that are put into it."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            inner |= {id(part) for part in parts}
            yield " ".join(str(part.value) for part in parts)
        elif isinstance(node, ast.Constant) and id(node) not in docstrings | inner:
            yield str(node.value)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_message_names_an_option(path: Path) -> None:
    texts = _texts(ast.parse(path.read_text("utf-8")))
    named = [text for text in texts if _OPTION.search(text) and not _COMMAND.search(text)]
    assert [text for text in named if not re.fullmatch(r"--[a-z-]+", text.strip())] == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("name a new folder with `out`", "name a new folder with --out"),
        (
            "`only` int8 and `onnx` off leave no weights",
            "--only int8 and --no-onnx leave no weights",
        ),
        ("with `data.dir`=DIR, or delete", "with --set data.dir=DIR, or delete"),
        ("choose with `data_dir`", "choose with --data"),
        ("made up by `moviegenre data synthesize`; `unknown`", None),
    ],
)
def test_settings_become_options(message: str, expected: str | None) -> None:
    assert with_options(message) == (expected or message)
