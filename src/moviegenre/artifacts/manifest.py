"""``manifest.json``: the list of a model's files, with the SHA-256 of each.

A manifest lies beside a ``best.pth``, in every exported folder and beside an ``ensemble.json``.
Loading a model compares the used files with it; ``locate.verify`` compares all files.
"""

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moviegenre.core.digests import known_sha256
from moviegenre.core.errors import CheckpointError
from moviegenre.core.files import write_text
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import THRESHOLDS_FILE

MANIFEST_FILE = "manifest.json"
FORMAT = "moviegenre-manifest-1"
_DIGITS = 12  # shown of a hash in messages
_WRITE_AGAIN = "write the model again, or fetch it again"
_OPTIONAL = frozenset({THRESHOLDS_FILE})  # may be added to a model later, and deleted

logger = logging.getLogger(__name__)
_warned: set[str] = set()


@dataclass(frozen=True)
class FileRecord:
    """The size and hash of a file.

    Attributes:
        num_bytes: Its size.
        sha256: The SHA-256 of its content.
    """

    num_bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "FileRecord":
        """Return the record of a file's current content."""
        return cls(path.stat().st_size, known_sha256(path, anew=True))


@dataclass(frozen=True)
class Manifest:
    """The content of ``manifest.json``.

    Attributes:
        model_format: The format of the model's files, which these files also contain.
        genres: The genres of the logits, in order.
        tokenizer_sha256: The SHA-256 of the tokenizer's JSON text; None without a tokenizer.
        files: Every file of the model except the manifest.
    """

    model_format: str
    genres: tuple[str, ...]
    tokenizer_sha256: str | None
    files: dict[str, FileRecord]

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder, in one step."""
        content = {
            "format": FORMAT,
            "model_format": self.model_format,
            "genres": list(self.genres),
            "tokenizer_sha256": self.tokenizer_sha256,
            "files": {
                name: {"bytes": record.num_bytes, "sha256": record.sha256}
                for name, record in sorted(self.files.items())
            },
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        write_text(folder / MANIFEST_FILE, text)

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Read the manifest of a folder; return None if there is none.

        Raises:
            CheckpointError: The manifest is damaged, or has another format.
        """
        path = folder / MANIFEST_FILE
        try:
            content: dict[str, Any] = json.loads(path.read_text("utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']!r}, expected {FORMAT!r}")
            return cls(
                model_format=_text(content["model_format"]),
                genres=tuple(_text(name) for name in content["genres"]),
                tokenizer_sha256=content["tokenizer_sha256"],
                files={
                    _text(name): FileRecord(int(record["bytes"]), _text(record["sha256"]))
                    for name, record in content["files"].items()
                },
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(
                f"{path} is damaged ({type(error).__name__}: {error}); {_WRITE_AGAIN}, or delete "
                "this file to use the model without checks"
            ) from None

    def check(
        self, folder: Path, names: Iterable[str], *, anew: bool = False, step: str = _WRITE_AGAIN
    ) -> None:
        """Compare files with their records.

        Args:
            folder: The folder of the files.
            names: The names of the files.
            anew: Compute every hash again, even if it is cached.
            step: The next step after a fault, for the message.

        Raises:
            CheckpointError: Files are missing, have changed, or do not belong here; all are named.
        """
        faults = [fault for name in names if (fault := self._fault(folder, name, anew))]
        if faults:
            listed = "; ".join(faults)
            raise CheckpointError(f"{folder} is not as it was written: {listed}; {step}")

    def _fault(self, folder: Path, name: str, anew: bool) -> str:
        """Return the fault of a file; empty if there is none."""
        path, record = folder / name, self.files.get(name)
        if not path.is_file():
            if record is None:
                return ""
            if name not in _OPTIONAL:
                return f"{name} is missing"
            _warn_once(f"{folder}: {name} was deleted, so its defaults hold")
            return ""
        if record is None:
            fault = f"{name} is not one of the files in its {MANIFEST_FILE}"
            if name not in _OPTIONAL:
                return fault
            _warn_once(f"{folder}: {fault}, so it is not checked")
            return ""
        size = path.stat().st_size
        if size != record.num_bytes:
            return f"{name} has {size:,} bytes, expected {record.num_bytes:,}"
        try:
            sha256 = known_sha256(path, anew=anew)
        except OSError as error:
            return f"{name} cannot be read ({error.strerror})"
        if sha256 != record.sha256:
            return f"{name} has sha256 {sha256[:_DIGITS]}, expected {record.sha256[:_DIGITS]}"
        return ""

    def check_content(self, folder: Path, genres: Sequence[str], tokenizer: str | None) -> None:
        """Compare a model's genres and tokenizer with the manifest.

        Args:
            folder: The folder of the files.
            genres: The genres in the model's files, in order.
            tokenizer: The tokenizer's JSON text in the model's files.

        Raises:
            CheckpointError: The genres or the tokenizer differ.
        """
        if tuple(genres) != self.genres:
            raise CheckpointError(
                f"{folder} has the genres {', '.join(genres)}; its {MANIFEST_FILE} has "
                f"{', '.join(self.genres)}, in this order; {_WRITE_AGAIN}"
            )
        if _text_sha256(tokenizer) != self.tokenizer_sha256:
            raise CheckpointError(
                f"{folder} has another tokenizer than its {MANIFEST_FILE} says; {_WRITE_AGAIN}"
            )


def write_manifest(
    folder: Path,
    names: Iterable[str],
    *,
    model_format: str,
    genres: GenreVocabulary,
    tokenizer: str | None,
) -> None:
    """Write the manifest of a model, after all its files.

    Args:
        folder: The folder of the files.
        names: The files that such a model may have.
        model_format: The format of these files.
        genres: The genres of the logits.
        tokenizer: The tokenizer's JSON text, if the model reads plots.
    """
    files = _records(folder, [name for name in names if name != MANIFEST_FILE])
    Manifest(model_format, tuple(genres), _text_sha256(tokenizer), files).write(folder)


def checked_manifest(folder: Path, names: Iterable[str], *, anew: bool = False) -> Manifest | None:
    """Check files of a model and return its manifest; warn and return None if there is none.

    Args:
        folder: The folder of the files.
        names: The names of the files.
        anew: Compute every hash again, even if it is cached.

    Raises:
        CheckpointError: Files are missing or have changed, or the manifest is damaged.
    """
    manifest = Manifest.read(folder)
    if manifest is None:
        _warn_once(
            f"{folder} has no {MANIFEST_FILE}, so nobody can tell whether its files are as they "
            "were written; models written by this version have one"
        )
        return None
    manifest.check(folder, names, anew=anew)
    return manifest


@contextlib.contextmanager
def rewriting(folder: Path, *names: str) -> Iterator[None]:
    """Keep a manifest correct while some of its files are rewritten.

    After an interruption, these files are missing in the manifest, so no hash is ever wrong. A
    folder without a manifest stays without one.

    Args:
        folder: The folder of the files.
        names: The files that the block writes or deletes.

    Raises:
        CheckpointError: The manifest is damaged.
    """
    manifest = Manifest.read(folder)
    if manifest is None:
        yield
        return
    other_files = {name: record for name, record in manifest.files.items() if name not in names}
    replace(manifest, files=other_files).write(folder)
    try:
        yield
    except Exception:
        records = _records(folder, names).items()
        unchanged = {name: record for name, record in records if manifest.files.get(name) == record}
        replace(manifest, files={**other_files, **unchanged}).write(folder)
        raise
    replace(manifest, files={**other_files, **_records(folder, names)}).write(folder)


def copy_record(path: Path, target: Path) -> None:
    """Write a manifest beside the copy of a file, if the file itself has one.

    Args:
        path: The file.
        target: The folder of its copy.

    Raises:
        CheckpointError: The manifest is damaged.
    """
    manifest = Manifest.read(path.parent)
    if manifest is not None and path.name in manifest.files:
        replace(manifest, files={path.name: manifest.files[path.name]}).write(target)


def _records(folder: Path, names: Iterable[str]) -> dict[str, FileRecord]:
    """Return the records of the files that exist."""
    return {name: FileRecord.of(folder / name) for name in names if (folder / name).is_file()}


def _warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        logger.warning("%s", message)


def _text_sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
