"""Documents: sentences and tables as Markdown, JSON, one web page, or tables on the console.

The comparison and all studies use these functions, so their documents look alike.
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moviegenre.core.errors import MissingExtraError
from moviegenre.core.files import write_bytes, write_text
from moviegenre.evaluation.bootstrap import Interval

if TYPE_CHECKING:
    from rich.table import Table as RichTable

UNDEFINED = "undefined"
SYNTHETIC_BANNER = (
    "These are not results. The movies were made up by `moviegenre data synthesize`; the numbers "
    "show that the commands work, and nothing about films."
)

_MINUTE, _HOUR = 60, 3600
_COLUMN_GAP = 2  # characters between two columns on the console
_MIN_TEXT_WIDTH = 18  # characters of a text column, before other columns move to a further part


@dataclass(frozen=True)
class Table:
    """Rows of text under headings.

    Attributes:
        headings: One for each column.
        rows: Each has a cell for each column.
        num_text_columns: The number of text columns, on the left; the others have numbers.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_text_columns: int = 1

    def to_markdown(self) -> str:
        """Return a GitHub-flavoured Markdown table."""
        rules = [
            "---" if column < self.num_text_columns else "---:"
            for column in range(len(self.headings))
        ]
        lines = [self.headings, tuple(rules), *self.rows]
        return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def rich_tables(
    table: Table,
    width: int,
    *,
    title: str,
    caption: str | None = None,
    kept: Sequence[str] | None = None,
) -> list["RichTable"]:
    """Return a table for the console, in parts that show every number whole.

    Texts wrap. Columns that do not fit beside the others follow in a further part, which repeats
    the first column.

    Args:
        table: The rows.
        width: The width of the console, in characters.
        title: The text above the table.
        caption: The text below the table.
        kept: Headings of the columns that are shown; None shows all.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable

    columns = [column for column, name in enumerate(table.headings) if kept is None or name in kept]
    parts = _columns_by_part(table, columns, width)
    console_tables = []
    for part in parts:
        console_table = RichTable(
            title=title if part is parts[0] else "(continued)",
            caption=caption if part is parts[0] else None,
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        for column in part:
            is_number = column >= table.num_text_columns
            console_table.add_column(
                _wrapped_heading(table.headings[column]),
                justify="right" if is_number else "left",
                no_wrap=is_number,
                overflow="fold",
            )
        for row in table.rows:
            console_table.add_row(*(row[column] for column in part))
        console_tables.append(console_table)
    return console_tables


def _wrapped_heading(heading: str) -> str:
    return "\n".join(heading.replace("-", "-\n").rsplit(" ", 1))


def _columns_by_part(table: Table, columns: Sequence[int], width: int) -> list[list[int]]:
    """Return the columns of each part; the first column is in all of them."""

    def needed(column: int) -> int:
        cells = [_wrapped_heading(table.headings[column]), *(row[column] for row in table.rows)]
        longest = max(len(line) for cell in cells for line in cell.split("\n"))
        return longest if column >= table.num_text_columns else min(longest, _MIN_TEXT_WIDTH)

    first, *others = columns
    parts = [[first]]
    for column in others:
        used = sum(needed(shown) + _COLUMN_GAP for shown in parts[-1])
        if used + needed(column) > width and len(parts[-1]) > 1:
            parts.append([first])
        parts[-1].append(column)
    return parts


def markdown(title: str, parts: Iterable["str | Table | None"]) -> str:
    """Return a document in Markdown.

    Args:
        title: Its heading.
        parts: Paragraphs, headings with their marks, and tables, in order; None is left out.
    """
    texts = [part.to_markdown() if isinstance(part, Table) else part for part in parts if part]
    return "\n\n".join([f"# {title}", *texts]) + "\n"


def banner_markdown(banner: str | None) -> str | None:
    """Return a banner as a bold quotation; None if there is no banner."""
    return None if banner is None else f"> **{banner}**"


def command_markdown(command: str) -> str:
    """Return a command as a block of code."""
    return f"```\n{command}\n```"


def json_text(content: object, *, ascii_only: bool = True) -> str:
    """Return a document of plain values; paths are written as text.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(content, indent=1, allow_nan=False, default=str, ensure_ascii=ascii_only)
    return text + "\n"


def write_files(out: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder, each in one step; return their paths.

    Args:
        out: The folder.
        files: The content of each file, by name.
    """
    for name, content in files.items():
        if isinstance(content, str):
            write_text(out / name, content)
        else:
            write_bytes(out / name, content)
    return [out / name for name in files]


def page_template(package: str, name: str, extra: str, purpose: str) -> Any:  # noqa: ANN401
    """Return the template of a web page.

    Args:
        package: The package with the folder ``templates``.
        name: The name of the file.
        extra: The extra of this package that installs jinja2.
        purpose: The purpose of the page, for the message.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError("jinja2", extra, purpose) from None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def data_uri(image: bytes, kind: str) -> str:
    """Return an image as a data URI, to embed it in a page.

    Args:
        image: The content of the image file.
        kind: ``png`` or ``jpeg``.
    """
    return f"data:image/{kind};base64," + base64.b64encode(image).decode("ascii")


def per_cent(value: float) -> str:
    """Return a fraction in per cent with two decimals."""
    return UNDEFINED if math.isnan(value) else f"{100 * value:.2f}"


def fraction(value: float) -> str:
    """Return a fraction with four decimals."""
    return UNDEFINED if math.isnan(value) else f"{value:.4f}"


def interval_text(interval: Interval, *, signed: bool = False) -> str:
    """Return an interval in per cent, as ``58.91 to 63.12``."""
    if math.isnan(interval.low):
        return UNDEFINED
    sign = "+" if signed else ""
    return f"{100 * interval.low:{sign}.2f} to {100 * interval.high:{sign}.2f}"


def duration(seconds: float | None) -> str:
    """Return a time in words.

    Example:
        >>> duration(42.0), duration(754.0), duration(4980.0)
        ('42 s', '12.6 min', '1 h 23 min')
    """
    if seconds is None:
        return "unknown"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    minutes = round(seconds / _MINUTE)
    return f"{minutes // 60} h {minutes % 60} min"
