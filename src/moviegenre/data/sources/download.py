"""Download an archive: resume an interrupted download, check size and hash, show progress."""

import http.client
import logging
import re
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from moviegenre.core.digests import known_sha256
from moviegenre.core.errors import DataError, DataNotFoundError, shortened
from moviegenre.core.files import sync_file, sync_folder, write_text
from moviegenre.core.locks import locked

MMIMDB = "mmimdb"
MMIMDB_URL = "https://archive.org/download/mmimdb/mmimdb.tar.gz"
_ADVICE = (
    f"the published archive is at {MMIMDB_URL} (8.1 GB; the word mmimdb stands for it), the "
    "project page is http://lisi1.unal.edu.co/mmimdb/; an archive or folder that you already have "
    "works as well: moviegenre data prepare PATH"
)
_TIMEOUT_SECONDS = 30
_MAX_NAME_CHARS = 200  # of a file name; the last characters, with the suffix, are kept
_CHUNK_BYTES = 1 << 20
_HTTP_PARTIAL, _HTTP_RANGE_NOT_SATISFIABLE = 206, 416

logger = logging.getLogger(__name__)


def download(url: str, folder: Path, *, sha256: str | None = None, progress: bool = True) -> Path:
    """Download a file, unless it exists already.

    The file's hash is written beside it, and compared when the file is used again. An unfinished
    download has the suffix ``.part``; the next call resumes it if the server allows that.

    Args:
        url: An http or https address.
        folder: The folder of the file; its name is the last part of the address.
        sha256: The expected hash; None checks only the size.
        progress: Show a progress bar.

    Raises:
        DataNotFoundError: The file cannot be downloaded from the address.
        DataError: The file has another length or hash than expected.
    """
    name = _file_name(url)
    target, part = folder / name, folder / f"{name}.part"
    with locked(target, wait=True):
        if target.is_file():
            logger.info("%s was fetched before and is used; delete it to fetch it again", target)
        else:
            _fetch_or_advise(url, part, progress)
            sync_file(part)
            part.replace(target)
            sync_folder(folder)
        _compare_with_first_use(target)
    if sha256 is not None and (actual := known_sha256(target)) != sha256.lower():
        raise DataError(
            f"{target} has sha256 {actual}; expected {sha256}; delete it and fetch it again"
        )
    return target


def _file_name(url: str) -> str:
    """Return the name of the downloaded file."""
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise DataError(f"{shortened(url)} is no address: {error}; {_ADVICE}") from None
    if not is_address or not url.isprintable() or " " in url:
        raise DataError(f"{shortened(url)!r} is no address of a file; {_ADVICE}")
    name = PurePosixPath(parts.path).name
    return name[-_MAX_NAME_CHARS:] if name.strip(".") else "movies.tar.gz"


def _compare_with_first_use(target: Path) -> None:
    """Write a file's hash beside it, or refuse a file whose hash has changed since."""
    note = target.with_name(f"{target.name}.sha256")
    actual = known_sha256(target)
    if not note.is_file():
        write_text(note, f"{actual}  {target.name}\n")  # the format of sha256sum
        return
    expected = note.read_text(encoding="utf-8", errors="replace").partition(" ")[0]
    if actual != expected:
        raise DataError(
            f"{target} has sha256 {actual}; it had {expected} when it was fetched; delete both "
            f"it and {note.name} to fetch it again"
        )


def _fetch_or_advise(url: str, part: Path, progress: bool) -> None:
    try:
        _fetch(url, part, progress)
    except urllib.error.HTTPError as error:
        error.close()
        raise DataNotFoundError(f"{url} answers {error.code} {error.reason}; {_ADVICE}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        num_bytes = part.stat().st_size if part.is_file() else 0
        resumed = f"{num_bytes:,} bytes are kept, and the same command goes on from there; "
        raise DataNotFoundError(
            f"{url} cannot be fetched ({reason}); {resumed if num_bytes else ''}{_ADVICE}"
        ) from None


def _fetch(url: str, part: Path, progress: bool) -> None:
    """Append to ``part`` until it is complete."""
    start = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers={"User-Agent": "moviegenre", **headers})
    try:
        # prepare calls this only for http and https
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # nosec B310
    except urllib.error.HTTPError as error:
        if error.code != _HTTP_RANGE_NOT_SATISFIABLE:
            raise
        total_range = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
        error.close()
        if total_range and int(total_range[1]) == start:
            return  # the interrupted download was already complete
        part.unlink()
        raise DataError(f"{url} has changed since the download began; start it again") from None
    with answer:
        if start and answer.status != _HTTP_PARTIAL:
            start = 0  # the server sends everything again
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        _write(answer, part, start, total, progress)
    size = part.stat().st_size
    if total is not None and size != total:
        raise OSError(f"the connection ended after {size:,} of {total:,} bytes")


def _write(
    answer: http.client.HTTPResponse, part: Path, start: int, total: int | None, progress: bool
) -> None:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not progress) as bar, part.open("ab" if start else "wb") as out:
        task = bar.add_task("download", total=total, completed=start)
        while chunk := answer.read(_CHUNK_BYTES):
            out.write(chunk)
            bar.advance(task, len(chunk))
