"""Read untrusted JSON: check its size before parsing, raise ``ValueError`` for every fault."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from moviegenre.core.errors import shortened
from moviegenre.data.limits import MAX_RECORD_BYTES, MAX_RECORD_VALUES


class RepeatedKeys(dict[str, Any]):
    """A JSON object with several values for a key, which has the last one.

    Args:
        pairs: Its keys and values.

    Attributes:
        fault: Which keys are repeated.
    """

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        repeated = [repr(key) for key, number in counts.items() if number > 1]
        keys = "key" if len(repeated) == 1 else "keys"
        self.fault = f"several values for the {keys} {shortened(', '.join(repeated))}; expected one"


def json_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object: a plain mapping, or ``RepeatedKeys``."""
    values = dict(pairs)
    return values if len(values) == len(pairs) else RepeatedKeys(pairs)


def repeated_keys(value: object) -> str:
    """Return the fault of the first object with repeated keys in a JSON value; empty if none.

    Args:
        value: The result of ``parse_json``.
    """
    values = [value]
    while values:
        value = values.pop()
        if isinstance(value, RepeatedKeys):
            return value.fault
        if isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
    return ""


def parse_json(
    text: bytes | str,
    *,
    keep_repeated: bool = False,
    max_bytes: int = MAX_RECORD_BYTES,
    max_values: int = MAX_RECORD_VALUES,
) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text, with or without a byte order mark.

    Args:
        text: UTF-8 bytes, or text.
        keep_repeated: Return objects with repeated keys as ``RepeatedKeys``; if false, they are an
            error.
        max_bytes: The maximum length.
        max_values: The maximum number of values, estimated by ``num_values``.

    Raises:
        ValueError: The text is no JSON, too long, nested too deeply, has too many values, or
            repeated keys.

    Example:
        >>> parse_json(b'{"title": "Heat"}')
        {'title': 'Heat'}
    """
    if len(text) > max_bytes:
        raise ValueError(f"{len(text):,} bytes long, expected at most {max_bytes:,}")
    if num_values(text) > max_values:
        raise ValueError(f"more than {max_values:,} values")
    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        value = json.loads(text, object_pairs_hook=json_object)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not keep_repeated and (fault := repeated_keys(value)):
        raise ValueError(fault)
    return value


def num_values(text: bytes | str) -> int:
    """Return the approximate number of values in a JSON text: its commas and brackets."""
    if isinstance(text, bytes):
        return sum(text.count(mark) for mark in (b",", b"[", b"{"))
    return sum(text.count(mark) for mark in (",", "[", "{"))
