"""The errors that users see, and suggestions for misspelt names.

Each message says what was found, what was expected and what to do next. The command line prints it
on one line and exits with 2; anything else that escapes is a bug and keeps its traceback.
"""

import errno
import os
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path


class MovieGenreError(Exception):
    """Base of every error that a user can cause and fix."""


class ConfigError(MovieGenreError):
    """A setting is misspelt, of the wrong type, out of range, or without effect."""


class DataError(MovieGenreError):
    """A source, a table or a prepared data set cannot be used as it is."""


class DataNotFoundError(DataError):
    """No data where they were expected."""


class CheckpointError(MovieGenreError):
    """A checkpoint is missing, damaged, or made for something else."""


class NotFiniteError(CheckpointError):
    """A model returned logits or probabilities that are NaN or infinite."""


class PretrainedError(MovieGenreError):
    """A pretrained encoder or its tokenizer cannot be loaded."""


class InputError(MovieGenreError):
    """A film has nothing that the model can read."""


class BusyError(MovieGenreError):
    """Another run is writing the same output."""


class ProcessError(MovieGenreError):
    """Another process of a distributed training failed or was killed."""


class DamagedError(MovieGenreError):
    """A file is damaged: truncated, overwritten, or with flipped bits."""


class HubError(MovieGenreError):
    """A model cannot be uploaded to or downloaded from the Hugging Face Hub."""


def missing_hub_client(purpose: str, alternative: str = "") -> HubError:
    """Return the error of a missing ``huggingface_hub``.

    Args:
        purpose: Its purpose, as in "uploading a model".
        alternative: What to do without it, as in ", or name an exported folder".
    """
    return HubError(
        f"{purpose} needs the package 'huggingface_hub', which is not installed; install it with: "
        f"pip install huggingface_hub{alternative}"
    )


def install_command(extra: str) -> str:
    """Return the command that installs an extra; the package is on no index.

    Example:
        >>> print(install_command("train"))
        pip install '.[train]' in a clone of moviegenre
    """
    return f"pip install '.[{extra}]' in a clone of moviegenre"


class MissingExtraError(MovieGenreError):
    """An optional dependency is not installed.

    Args:
        package: The package that failed to import.
        extra: The extra of this package that installs it.
        purpose: Its purpose, as in "the HTML report".
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed; "
            f"install it with: {install_command(extra)}"
        )


_ADDRESS = re.compile(r"((?:https?|ftp|s3|gs)):/+", re.IGNORECASE)
_MAX_SIBLINGS = 10_000  # files of a folder that are searched for a similar name
_MAX_QUOTE_CHARS = 200  # characters of a quoted text in a message


def shortened(text: str, longest: int = _MAX_QUOTE_CHARS) -> str:
    """Return a text for a one-line message; a long text is shortened and its length stated.

    Example:
        >>> shortened("a" * 100, 20)
        'aaaaaaaaaaaaaaaaaaaa... (100 characters)'
    """
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"


def one_line(error: BaseException, longest: int = 200) -> str:
    """Return the beginning of an error's message as one line, for a message of our own.

    Example:
        >>> one_line(ValueError("no such   operator"))
        'no such operator'
    """
    return " ".join(str(error).split())[:longest]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "movie"), counted(1200, "movie")
        ('1 movie', '1,200 movies')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str) -> str:
    r"""Return a text with the terminal's control characters escaped.

    The name of a file may hold codes that move the cursor or begin a new line.

    Example:
        >>> print(printable(f"films{chr(27)}[2J.csv"))
        films\x1b[2J.csv
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence ending that suggests the nearest known word and lists the known words.

    Args:
        word: The unknown word.
        known: The known words.

    Example:
        >>> did_you_mean("atention_fusion", ["bert", "attention_fusion"])
        'did you mean "attention_fusion"? (known: attention_fusion, bert)'
        >>> did_you_mean("xyz", ["bert", "cnn"])
        'known: bert, cnn'
    """
    choices = sorted(known)
    listing = ", ".join(choices) or "none"
    similar = get_close_matches(word, choices, n=1, cutoff=0.6)
    return f'did you mean "{similar[0]}"? (known: {listing})' if similar else f"known: {listing}"


def _is_loop(path: Path) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def missing_path_message(path: Path, what: str, next_step: str) -> str:
    """Return a message that a path does not exist, with the most similar sibling.

    Args:
        path: The missing path.
        what: The expected kind, as in "a checkpoint".
        next_step: What to do if no sibling is similar.
    """
    if _ADDRESS.match(str(path)):
        address = _ADDRESS.sub(r"\1://", str(path))  # a path has only one of the slashes
        return (
            f"{shortened(address)} is a web address, which is not fetched; expected {what}; "
            "download it first"
        )
    if str(path) == "-":
        return f"standard input is not read; expected {what}; save it as a file and name that"
    parent = path.parent
    try:
        siblings = [entry.name for entry in islice(parent.iterdir(), _MAX_SIBLINGS)]
    except (OSError, ValueError):  # no folder, or an unreadable one
        siblings = []
    other_names = [name for name in siblings if name != path.name]
    similar = _most_similar(path, other_names)
    state = "does not exist"
    if os.path.exists(path):  # a path of the wrong kind is no misspelling
        state, similar = "is a folder" if os.path.isdir(path) else "is a file", None
    elif os.path.islink(path):
        state = f"is a link that leads {'to itself' if _is_loop(path) else 'nowhere'}"
    hint = f'did you mean "{parent / similar}"?' if similar else next_step
    return f"{shortened(str(path))} {state}; expected {what}; {hint}"


def _most_similar(path: Path, names: Sequence[str]) -> str | None:
    """Return the name that is most similar to a path's name; an equal ending is ignored."""
    stems = {Path(name).stem: name for name in names if Path(name).suffix == path.suffix}
    similar: list[str] = get_close_matches(path.stem, stems, n=1, cutoff=0.6)
    if similar:
        return stems[similar[0]]
    other_names = [name for name in names if Path(name).suffix != path.suffix]
    similar = get_close_matches(path.name, other_names, n=1, cutoff=0.6)
    return similar[0] if similar else None
