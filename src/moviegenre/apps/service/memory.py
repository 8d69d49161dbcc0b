"""Freed memory goes back to the system, which glibc otherwise keeps for later."""

import ctypes


def give_back() -> bool:
    """Return freed memory to the system and say whether there was any; not all C libraries can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and trim(0) == 1
