"""How the command line prints messages: in one line, with its options in place of settings."""

import io
import logging
import re
import sys

import typer

from moviegenre.core.errors import printable

_SETTINGS = """
backend batch_size calibrate checkpoint drop_leaks encoding fitted format forms genres genres_column
genres_columns goal half id_column index keep_incomplete labels leaks min_films min_movies
missing_arrow names only onnx out overwrite parity_data plot_column poster_column posters restart
resume save separator shards split split_column thresholds title_column workers year_column
"""
_OPTIONS = {"data_dir": "data", **{name: name.replace("_", "-") for name in _SETTINGS.split()}}
_SET = re.compile(r"`([a-z_.]+)`=")
_SETTING = re.compile(r"`([a-z_0-9]+)`( off\b)?")


def with_options(message: str) -> str:
    """Return a message with options of the command line in place of settings.

    Example:
        >>> with_options("choose with `data_dir`, or leave it out with `save` off")
        'choose with --data, or leave it out with --no-save'
        >>> with_options("use more movies, or `folds`=N; see `moviegenre --help`")
        'use more movies, or --set folds=N; see `moviegenre --help`'
    """

    def option(match: re.Match[str]) -> str:
        name = _OPTIONS.get(match[1])
        if name is None:
            return match[0]
        return f"--no-{name}" if match[2] else f"--{name}"

    return _SETTING.sub(option, _SET.sub(r"--set \1=", message))


def replace_unprintable() -> None:
    """Print replacements for characters that the encoding of standard output or error lacks."""
    for stream in (sys.stdout, sys.stderr):
        is_strict = getattr(stream, "errors", None) in ("strict", "surrogateescape")
        if is_strict and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def echo(message: str, *, err: bool = False) -> None:
    """Print a message as one line; control characters in it are printed as escapes."""
    typer.echo(printable(message), err=err)


class MessageFormatter(logging.Formatter):
    """Formats a record as ``echo`` does, with options in place of settings, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = printable(with_options(record.getMessage()))
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class StderrHandler(logging.Handler):
    """Writes to the current standard error, because a program may replace and close it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record and its newline at once: several processes may share standard error."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")  # print would write the newline separately
            sys.stderr.flush()
        except Exception:
            self.handleError(record)
