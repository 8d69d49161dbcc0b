"""Read single cells: names, texts of plots, ids."""

import json
import reprlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from moviegenre.data.limits import MAX_NAME_CHARS
from moviegenre.data.placeholders import without_markup
from moviegenre.data.records import clean_names, whole_text
from moviegenre.data.tables.literals import parse_literal


def cell_text(value: object) -> str:
    """Return the text of a cell with a name; empty if the cell is empty.

    A text longer than any name is cut off.

    Example:
        >>> cell_text(" tt1 "), cell_text(7.0), cell_text(float("nan")), cell_text(b"tt2")
        (' tt1 ', '7', '', 'tt2')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        value = value[: 4 * MAX_NAME_CHARS].decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():  # pandas' integers with missing values
        value = int(value)
    text = value if isinstance(value, str) else reprlib.repr(value)
    return whole_text(text[: MAX_NAME_CHARS + 1])


def picture_cell(value: Any) -> Any:  # noqa: ANN401 - a cell of posters
    """Return the bytes or the path of an image in Parquet; any other cell as it is.

    Such an image, of this package or of Hugging Face, is a mapping.

    Example:
        >>> picture_cell({"bytes": None, "path": "a.jpg"}), picture_cell("b.jpg")
        ('a.jpg', 'b.jpg')
    """
    if isinstance(value, Mapping):
        return value.get("bytes") or value.get("path")
    return value


def kept_text(value: object) -> str | None:
    """Return a complete cell as text, for the answers; None if the cell is empty."""
    if value is None or value != value:
        return None
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, list | dict | tuple):
        try:
            return whole_text(json.dumps(value, ensure_ascii=False, default=str))
        except (TypeError, ValueError, RecursionError):
            return cell_text(value)
    return cell_text(value)


def plot_texts(value: object) -> tuple[str, ...]:
    """Return the texts of a plot's cell, without markup; none of them blank.

    Args:
        value: A text, UTF-8 bytes, a list of these, or None. The text of a list, such as
            ``"['A dog.']"``, is read as a list.

    Raises:
        ValueError: The cell has another type.

    Example:
        >>> plot_texts(["<p>A dog.</p>", None]), plot_texts("['A dog.', 'A cat.']")
        (('A dog.',), ('A dog.', 'A cat.'))
    """
    if isinstance(value, str) and value.strip()[:2] in ("['", '["') and value.strip()[-1] == "]":
        with suppress(ValueError):  # a plot may begin with a bracket
            value = parse_literal(value)
    if value != value:  # pandas' not-a-number
        return ()
    if isinstance(value, list | tuple):
        value = [item for item in value if item is not None and item == item]
    if isinstance(value, bytes):
        value = [value]
    if isinstance(value, list | tuple):
        value = [_decoded(item) if isinstance(item, bytes) else item for item in value]
    texts = (without_markup(text).strip() or text for text in clean_names(value))
    return tuple(texts)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("found bytes that are not UTF-8") from None
