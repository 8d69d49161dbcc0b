"""Messages for users about values that pydantic refuses."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from moviegenre.core.errors import shortened

T = TypeVar("T")

_MAX_FAULTS = 20  # in one message

_WHOLE, _NUMBER, _LIST = "a whole number", "a number", "a list"
_MAPPING = "a mapping of names to values"
_EXPECTED = {
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "a smaller whole number",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "path_type": "a path",
    "invalid_key": "a name",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "too_short": "at least {min_length} of them (found {actual_length})",
    "too_long": "at most {max_length} of them (found {actual_length})",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "enum": "{expected}",
    "literal_error": "{expected}",
}
"""Expected values by pydantic's error types, with the names of their context."""

LENGTH_FAULTS = frozenset({"too_short", "too_long"})
"""Types of errors whose message contains the length that was found."""


def expected_value(fault: Mapping[str, Any]) -> str | None:
    """Return the expected value in words; None if there are none for this fault.

    Args:
        fault: One of ``ValidationError.errors()``.
    """
    expected = _EXPECTED.get(fault["type"])
    limits = fault.get("ctx", {}).items()
    limit_texts = {
        name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in limits
    }
    return expected and expected.format(**limit_texts)


def first_faults(items: Sequence[T], fault_of: Callable[[T], str]) -> list[str]:
    """Return the faults of the first items, and how many more there are, for one message.

    Args:
        items: The items with faults.
        fault_of: Returns the fault of an item.
    """
    faults = [fault_of(item) for item in items[:_MAX_FAULTS]]
    if len(items) > _MAX_FAULTS:
        faults.append(f"and {len(items) - _MAX_FAULTS:,} more faults")
    return faults


def found_text(value: object) -> str:
    """Return a value of a YAML file in a reader's words.

    Example:
        >>> found_text(None), found_text([1]), found_text("bert")
        ('nothing', 'a list', "'bert'")
    """
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple):
        return "a list"
    return "names with values" if isinstance(value, Mapping) else quoted(value)


def quoted(value: object) -> str:
    """Return a value for a message; nothing is an empty value."""
    try:
        return "nothing" if value is None else shortened(repr(value))
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"


def fault_message(fault: Mapping[str, Any]) -> str:
    """Return the fault of a value, without the value.

    Args:
        fault: One of ``ValidationError.errors()``.

    Example:
        >>> fault_message({"type": "greater_than_equal", "msg": "", "ctx": {"ge": 1}})
        'expected at least 1'
    """
    if fault["type"] == "missing":
        return "missing"
    if expected := expected_value(fault):
        return f"expected {expected}"
    return str(fault["msg"]).removeprefix("Value error, ")  # pydantic's prefix of our message
