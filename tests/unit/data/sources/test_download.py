"""Downloads against a server on this machine: whole, resumed, refused."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError, DataNotFoundError
from moviegenre.data.sources.download import download

CONTENT = bytes(range(256)) * 20
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class FileServer(ThreadingHTTPServer):
    """Serves ``CONTENT`` under every address but /missing, in the way that a test sets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.knows_ranges = True
        self.stops_after: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/some/movies.tar.gz"


class Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if "missing" in self.path:
            self.send_error(404)
            return
        start = 0
        if asked and self.server.knows_ranges:
            start = int(str(asked).removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
                self.end_headers()
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:][: self.server.stops_after])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[FileServer]:
    """Return a running server."""
    with FileServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(url: str, folder: Path, sha256: str | None = None) -> Path:
    return download(url, folder, sha256=sha256, progress=False)


def test_a_file_comes_whole(server: FileServer, tmp_path: Path) -> None:
    path = fetch(server.url, tmp_path / "new" / "folder", SHA256.upper())
    assert path == tmp_path / "new" / "folder" / "movies.tar.gz"
    assert path.read_bytes() == CONTENT
    note = path.with_name("movies.tar.gz.sha256")
    assert sorted(path.parent.iterdir()) == [path, note]
    assert note.read_text() == f"{SHA256}  movies.tar.gz\n"


def test_what_is_there_is_not_fetched_again_and_refused_where_it_has_changed(
    server: FileServer, tmp_path: Path
) -> None:
    path = fetch(server.url, tmp_path)
    assert fetch(server.url, tmp_path, SHA256).read_bytes() == CONTENT
    assert server.ranges == [None]
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(DataError, match=f"; it had {SHA256} when it was fetched; delete both it"):
        fetch(server.url, tmp_path)
    for file in (path, path.with_name("movies.tar.gz.sha256")):
        file.unlink()
    assert fetch(server.url, tmp_path).read_bytes() == CONTENT


def test_an_interrupted_download_goes_on(server: FileServer, tmp_path: Path) -> None:
    server.stops_after = 1000
    with pytest.raises(DataNotFoundError) as error:
        fetch(server.url, tmp_path)
    assert str(error.value).startswith(
        f"{server.url} cannot be fetched (the connection ended after 1,000 of 5,120 bytes); "
        "1,000 bytes are kept, and the same command goes on from there; "
    )
    assert (tmp_path / "movies.tar.gz.part").read_bytes() == CONTENT[:1000]
    server.stops_after = None
    assert fetch(server.url, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-"]
    assert not (tmp_path / "movies.tar.gz.part").exists()


@pytest.mark.parametrize(
    ("part", "knows_ranges"), [(b"something else", False), (CONTENT, True)], ids=["none", "whole"]
)
def test_parts_are_fetched_again_where_the_server_knows_no_ranges_and_whole_ones_taken(
    server: FileServer, tmp_path: Path, part: bytes, knows_ranges: bool
) -> None:
    (tmp_path / "movies.tar.gz.part").write_bytes(part)
    server.knows_ranges = knows_ranges
    assert fetch(server.url, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(part)}-"]


def test_a_file_that_became_shorter_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "movies.tar.gz.part").write_bytes(CONTENT + b"more")
    with pytest.raises(DataError) as error:
        fetch(server.url, tmp_path)
    assert str(error.value) == (
        f"{server.url} has changed since the download began; start it again"
    )
    assert fetch(server.url, tmp_path).read_bytes() == CONTENT


def test_another_hash_is_refused(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        fetch(server.url, tmp_path, "ab" * 32)
    assert str(error.value) == (
        f"{tmp_path / 'movies.tar.gz'} has sha256 {SHA256}; expected {'ab' * 32}; delete it and "
        "fetch it again"
    )


def test_a_dead_address_says_where_else_to_look(server: FileServer, tmp_path: Path) -> None:
    url = server.url.replace("movies", "missing")
    with pytest.raises(DataNotFoundError) as error:
        fetch(url, tmp_path)
    assert str(error.value) == (
        f"{url} answers 404 Not Found; the published archive is at "
        "https://archive.org/download/mmimdb/mmimdb.tar.gz (8.1 GB; the word mmimdb stands for "
        "it), the project page is http://lisi1.unal.edu.co/mmimdb/; an archive or folder that you "
        "already have works as well: moviegenre data prepare PATH"
    )
    assert list(tmp_path.iterdir()) == []


def test_no_answer_says_where_else_to_look(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/movies.tar.gz"  # the discard port: nobody answers
    found = rf"^{re.escape(url)} cannot be fetched \(.*refused.*\); the published archive is at "
    with pytest.raises(DataNotFoundError, match=found):
        fetch(url, tmp_path)


def test_progress_can_be_shown(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    download(server.url, tmp_path, progress=True)
    assert "5.1/5.1 kB" in capsys.readouterr().out
