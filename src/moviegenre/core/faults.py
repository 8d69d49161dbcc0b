"""What pydantic finds wrong with a value, in words for users."""

import re
from collections.abc import Mapping
from typing import Any

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "list": "a list",
    "array": "a list",
    "tuple": "a list",
    "dictionary": "a mapping of names to values",
    "object": "a mapping of names to values",
}
_LIMITS = {
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "more than",
    "less than": "less than",
}
_OTHERS = {"Field required": "is missing"}
_KIND = re.compile(rf"Input should be (?:a valid|an?) ({'|'.join(_KINDS)})\b.*")
_LIMIT = re.compile(rf"Input should be ({'|'.join(_LIMITS)}) (\S+)")


def fault_message(fault: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, without the value.

    Args:
        fault: One of ``ValidationError.errors()``.

    Example:
        >>> fault_message({"msg": "Input should be greater than or equal to 1"})
        'expected at least 1'
    """
    message = str(fault["msg"]).removeprefix("Value error, ")  # pydantic's own, before our words
    if match := _KIND.fullmatch(message):
        return f"expected {_KINDS[match[1]]}"
    if match := _LIMIT.fullmatch(message):
        return f"expected {_LIMITS[match[1]]} {match[2]}"
    return _OTHERS.get(message, message)
