"""What happens to existing genres of films in a library."""

from enum import StrEnum


class Mode(StrEnum):
    """What happens to existing genres."""

    MISSING = "missing"
    ADD = "add"
    REPLACE = "replace"
