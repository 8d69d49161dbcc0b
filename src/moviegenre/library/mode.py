"""What to do with the genres that films of a library have."""

from enum import StrEnum


class Mode(StrEnum):
    """What to do with existing genres."""

    MISSING = "missing"
    ADD = "add"
    REPLACE = "replace"
