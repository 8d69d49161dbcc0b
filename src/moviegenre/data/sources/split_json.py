"""``split.json``: the ids of the movies of each split."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from moviegenre.core.errors import DataError, counted, shortened
from moviegenre.core.types import Split
from moviegenre.data.json_text import parse_json
from moviegenre.data.limits import MAX_SPLIT_BYTES, MAX_SPLIT_VALUES
from moviegenre.data.sources.split_files import SPLIT_WORDS

SPLIT_FILE = "split.json"

_EXPECTED = "expected an object of train, dev and test, each a list of ids"


def split_json(parts: Mapping[Split, Sequence[str]]) -> str:
    """Return the content of ``split.json`` for movie ids by split."""
    ids_by_name = {
        "dev" if split is Split.VAL else split.value: list(ids) for split, ids in parts.items()
    }
    return json.dumps(ids_by_name, indent=1) + "\n"


def read_split(content: bytes, known: Collection[str], source: str) -> list[tuple[str, Split]]:
    """Return each id with its split, in the order of the file; a split may be missing.

    Args:
        content: The content of ``split.json``.
        known: The ids of the movies; an id may be unknown, but not every one.
        source: The folder or archive, for messages.

    Raises:
        DataError: The content is something else, has an id in two splits, or has only ids that
            are not known.
    """
    name = f"{SPLIT_FILE} of {source}"
    try:
        parts = parse_json(content, max_bytes=MAX_SPLIT_BYTES, max_values=MAX_SPLIT_VALUES)
    except ValueError as error:
        raise DataError(f"{name} is damaged ({error}); {_EXPECTED}") from None
    if not isinstance(parts, dict) or not all(isinstance(ids, list) for ids in parts.values()):
        raise DataError(f"{name} holds something else; {_EXPECTED}")
    if unknown := [part for part in parts if part.lower() not in SPLIT_WORDS]:
        raise DataError(f"{name} names {shortened(', '.join(unknown))}; {_EXPECTED}")
    listed = [
        (_id(movie, part, name), SPLIT_WORDS[part.lower()])
        for part, ids in parts.items()
        for movie in ids
    ]
    _require_one_split(listed, name)
    if listed and not any(movie in known for movie, _ in listed):
        raise DataError(
            f"{name} has {counted(len(listed), 'id')} that no movie has, such as {listed[0][0]!r}; "
            f"expected ids such as {min(known, default='')!r}, the names of the movies' JSON files"
        )
    return listed


def _id(value: Any, part: str, name: str) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise DataError(f"{name} has {shortened(repr(value))} under {part}; expected ids as texts")


def _require_one_split(listed: Sequence[tuple[str, Split]], name: str) -> None:
    """Refuse an id in two splits: its movie would be trained on and tested."""
    first: dict[str, Split] = {}
    clashes = [
        f"{movie!r} in {first[movie]} and {split}"
        for movie, split in listed
        if first.setdefault(movie, split) is not split
    ]
    if clashes:
        raise DataError(
            f"{name} has {counted(len(clashes), 'id')} in two splits, for example {clashes[0]}; "
            "expected each in one; delete the others"
        )
