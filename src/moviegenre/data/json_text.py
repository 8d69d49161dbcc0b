"""Read JSON that others wrote: bounded before it is parsed, ``ValueError`` for every fault."""

import json
from typing import Any

from moviegenre.data.limits import MAX_RECORD_BYTES, MAX_RECORD_VALUES


def parse_json(
    text: bytes | str,
    *,
    max_bytes: int = MAX_RECORD_BYTES,
    max_values: int = MAX_RECORD_VALUES,
) -> Any:  # noqa: ANN401 - whatever it says
    """Return what a JSON text says.

    Args:
        text: UTF-8, or text already.
        max_bytes: A longer text is not parsed.
        max_values: Nor is one with more values; they are counted by their commas and brackets.

    Raises:
        ValueError: It is no JSON, too long, nested too deeply, or holds too many values.

    Example:
        >>> parse_json(b'{"title": "Heat"}')
        {'title': 'Heat'}
    """
    if len(text) > max_bytes:
        raise ValueError(f"{len(text):,} bytes long, expected at most {max_bytes:,}")
    if num_values(text) > max_values:
        raise ValueError(f"more than {max_values:,} values")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def num_values(text: bytes | str) -> int:
    """Return about how many values a JSON text holds, by its commas and brackets."""
    if isinstance(text, bytes):
        return sum(text.count(mark) for mark in (b",", b"[", b"{"))
    return sum(text.count(mark) for mark in (",", "[", "{"))
