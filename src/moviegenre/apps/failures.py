"""Messages about system failures: the cause, the state of the files, and the next step."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from moviegenre.apps.messages import with_options

_ADVICE = {
    errno.ENOSPC: "free some disk space and run the same command again",
    errno.EDQUOT: "free some of your quota and run the same command again",
    errno.EROFS: "use a writable path, or mount this one for writing",
    errno.EACCES: "give yourself the right to do so, or name another place",
    errno.EPERM: "give yourself the right to do so, or name another place",
    errno.EMFILE: "raise the limit (ulimit -n 4096) and run the same command again",
    errno.ENFILE: "close other programs and run the same command again",
    errno.EIO: "check the disk or its connection, then run the same command again",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EEXIST: "name another place, or move away what is there",
    errno.ENOTDIR: "name another place, or move away what is there",
    errno.ELOOP: "name another place: this link leads to itself",
}
_DEFAULT_ADVICE = "fix this and run the same command again"
_FILE_STATE = "every file is whole, old or new"
_AGAIN = "; run the same command again"
_ALLOCATION = ("can't allocate memory", "not enough memory", "bad allocation", "std::bad_alloc")


def is_system_failure(error: BaseException) -> bool:
    """Return whether an error comes from the system and not from a bug of this package."""
    if isinstance(error, OSError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(part in str(error) for part in _ALLOCATION)


@contextmanager
def note_on_failure(note: Callable[[], str]) -> Iterator[None]:
    """Add a note to a system failure or an interruption: the state of the files, the next step.

    Args:
        note: Returns the note after the failure.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or is_system_failure(error):
            error.add_note(with_options(note()))
        raise


def interruption_message(error: KeyboardInterrupt) -> str:
    """Return one line on an interruption: the state of the files, and the next step."""
    notes = getattr(error, "__notes__", ())
    return f"interrupted; {'; '.join(notes) or f'{_FILE_STATE}{_AGAIN}'}"


def failure_message(error: BaseException) -> str:
    """Return one line: the cause, the state of the files, and the next step.

    Args:
        error: A system failure.

    Example:
        >>> failure_message(OSError(errno.ENOSPC, "No space left on device", "a.csv"))[:34]
        'a.csv: no space left on device; ev'
    """
    state = "; ".join([*getattr(error, "__notes__", ())]).removesuffix(_AGAIN) or _FILE_STATE
    if not isinstance(error, OSError):
        return (
            f"not enough memory; {state}; close other programs, or ask for less at once (a "
            "smaller batch, shorter plots), and run the same command again"
        )
    reason = (os.strerror(error.errno) if error.errno else str(error)) or type(error).__name__
    reason = " ".join(reason.split())
    reason = reason[0].lower() + reason[1:]
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    prefix = f"{' -> '.join(names)}: " if names else ""
    return f"{prefix}{reason}; {state}; {_ADVICE.get(error.errno or 0, _DEFAULT_ADVICE)}"
