"""How the command line prints a message: in one line, whatever names of files it repeats."""

import logging
import sys

import typer

from moviegenre.apps.options import with_options
from moviegenre.core.errors import printable


def echo(message: str, *, err: bool = False) -> None:
    """Print a message.

    Args:
        message: One line; control characters in it are printed as escapes.
        err: Print it on standard error.
    """
    typer.echo(printable(message), err=err)


class MessageFormatter(logging.Formatter):
    """Writes a record as ``echo`` does, with options in the place of settings.

    The traceback of a bug stands below.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = printable(with_options(record.getMessage()))
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class StderrHandler(logging.Handler):
    """Writes to whatever is standard error at the time: a program may replace and close it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as a line."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)
