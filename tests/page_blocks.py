"""The documentation's pages as blocks of code, in the order of the page.

A block without a language, or in ``bash`` or ``sh``, holds commands; ``python`` is Python; what is
in ``DATA`` is shown and not run. A comment before a block, ``<!-- not run: the reason -->``, says
why it cannot be run in a test.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

COMMANDS = frozenset({"", "bash", "sh"})
PYTHON = "python"
DATA = frozenset({"csv", "html", "ini", "json", "text", "toml", "xml", "yaml"})

_FENCE = re.compile(r"^\s*```", flags=re.M)
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", flags=re.M | re.S)
_NOT_RUN = re.compile(r"<!--\s*not run:([^>]*)-->\s*\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        line: Where it begins, from 1.
        language: The word behind the fence.
        text: What is in it.
        not_run: Why it is not run in a test; None where nothing is said.
    """

    line: int
    language: str
    text: str
    not_run: str | None

    @property
    def commands(self) -> list[str]:
        """Its commands; comments and blank lines are left out, continued lines are joined."""
        lines = [line.strip() for line in self.text.replace("\\\n", " ").splitlines()]
        return [line for line in lines if line and not line.startswith("#")]

    @property
    def to_run(self) -> bool:
        """Whether it is code and no reason is given against running it."""
        return self.language in {*COMMANDS, PYTHON} and self.not_run is None


def page_blocks(text: str, name: str = "the page") -> list[Block]:
    """Return a page's blocks.

    Args:
        text: The page.
        name: What it is called in messages.

    Raises:
        ValueError: A fence is indented, or is not closed.
    """
    blocks = []
    for match in _BLOCK.finditer(text):
        before = text[: match.start()]
        reason = _NOT_RUN.search(before)
        blocks.append(
            Block(
                line=before.count("\n") + 1,
                language=match[1].strip(),
                text=match[2],
                not_run=reason[1].strip() if reason else None,
            )
        )
    if len(_FENCE.findall(text)) != 2 * len(blocks):
        raise ValueError(f"{name} has a fence that is indented, or is not closed")
    return blocks
