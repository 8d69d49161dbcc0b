"""Lists and mappings in the text of a cell, in the syntax of JSON, Python or numpy.

Nothing is evaluated: the text is parsed, with limits on its length and depth.
"""

import re
from typing import Any

from moviegenre.data.json_text import parse_json

_MAX_CHARS = 200_000
_MAX_DEPTH = 10
_SPACE = re.compile(r"[\s,]*")  # numpy prints no commas
_BLANK = re.compile(r"\s*")
_STRING = re.compile(r"[bru]?(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_WORD = re.compile(r"[\w.+-]+")
_WRAPPED = re.compile(r"(?:array|set|frozenset|tuple|list|dict)\((.*?)(?:,\s*dtype=[^)]*)?\)")
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_CONSTANTS = {"none": None, "null": None, "nan": None, "true": True, "false": False}
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}


def parse_literal(text: str) -> Any:  # noqa: ANN401 - any value
    r"""Return the list, mapping, text or number in a text.

    Args:
        text: JSON, or a list, tuple, set, mapping or array in the syntax of Python or numpy.

    Raises:
        ValueError: The text is none of these, too long, or nested too deeply.

    Example:
        >>> parse_literal("['Crime' 'War']"), parse_literal('{"/m/07s9rl0": "Drama"}')
        (['Crime', 'War'], {'/m/07s9rl0': 'Drama'})
    """
    text = text.strip()
    if len(text) > _MAX_CHARS:
        raise ValueError(f"{len(text):,} characters long, expected at most {_MAX_CHARS:,}")
    if wrapped := _WRAPPED.fullmatch(text.replace("\n", " ")):
        text = wrapped[1].strip()
    try:
        return parse_json(text, keep_repeated=True)
    except ValueError:
        pass
    value, end = _value(text, 0, 0)
    if text[end:].strip():
        raise ValueError(f"nothing expected after character {end:,}")
    return value


def _value(text: str, start: int, depth: int) -> tuple[Any, int]:
    """Return the value that begins at a position, and the position after it."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if match := _STRING.match(text, start):
        return _unescaped(match[1] if match[1] is not None else match[2]), match.end()
    mark = text[start : start + 1]
    if mark == "{":
        return _braces(text, start + 1, depth)
    if mark in ("[", "("):
        items: list[Any] = []
        position = _skip(text, start + 1)
        while text[position : position + 1] != _CLOSING[mark]:
            item, position = _value(text, position, depth + 1)
            items.append(item)
            position = _skip(text, position)
        return items, position + 1
    if match := _WORD.match(text, start):
        return _word(match[0]), match.end()
    raise ValueError(f"a value expected at character {start:,}")


def _braces(text: str, start: int, depth: int) -> tuple[Any, int]:
    """Return a mapping, or a set as a list, and the position after it."""
    pairs: dict[Any, Any] = {}
    items: list[Any] = []
    position = _skip(text, start)
    while text[position : position + 1] != "}":
        key, position = _value(text, position, depth + 1)
        colon = _BLANK.match(text, position).end()  # type: ignore[union-attr] # always matches
        if text[colon : colon + 1] == ":":
            if not isinstance(key, str | int):
                raise ValueError("a text expected before a colon")
            value, position = _value(text, _skip(text, colon + 1), depth + 1)
            pairs[key] = value
        else:
            items.append(key)
        position = _skip(text, position)
    if pairs and items:
        raise ValueError("a mapping and a set in one")
    return (pairs or items), position + 1


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _word(word: str) -> int | float | bool | None:
    if word.lower() in _CONSTANTS:
        return _CONSTANTS[word.lower()]
    try:
        return int(word) if word.lstrip("+-").isdecimal() else float(word)
    except ValueError:
        raise ValueError(f"{word[:40]!r} is in no quotation marks") from None


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        if code := match[1] or match[2] or match[3]:
            number = int(code, 16)
            return chr(number) if number < 0x110000 else "\ufffd"
        return _CONTROL.get(match[4], match[4])

    return _ESCAPE.sub(character, text)
