"""A film library behind HTTP: no request names a path, and no other page or host may ask."""

import errno
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from moviegenre.apps.service.access.exposure import Access, decide_access
from moviegenre.apps.service.access.keys import ApiKeys
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.library.routes import require_loopback
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import ConfigError
from moviegenre.core.files import atomic_file
from tests.security.opened_files import opened_files
from tests.security.served import Served, served
from tests.security.test_access import FOREIGN
from tests.unit.apps.service.fake_predictor import FakePredictor
from tests.unit.library.films import contents, nfo, put

SETTINGS = ServiceSettings(max_wait_ms=0)
KEY = "k" * 32
POSTS = ("preview", "write", "undo")
PLOT = "A killer in the rain"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    put(root, "A/movie.nfo", nfo(PLOT))
    put(root, "B/movie.nfo", nfo(PLOT))
    return root


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return an .nfo file outside the library."""
    return put(tmp_path, "elsewhere/movie.nfo", nfo(PLOT, title="secret"))


@pytest.fixture
def client(library: Path) -> Iterator[TestClient]:
    app = create_app(FakePredictor().as_predictor, SETTINGS, library=library)
    with TestClient(app) as client:
        preview(client)  # all is imported
        yield client


@pytest.fixture
def server(library: Path) -> Iterator[Served]:
    with served(library=library) as running:
        yield running


def preview(client: TestClient) -> str:
    """Return the token of a new preview."""
    answer = client.post("/library/preview", json={})
    token: str = json.loads(answer.text.splitlines()[-1])["preview"]
    return token


def test_without_the_option_there_is_no_library() -> None:
    with TestClient(create_app(FakePredictor().as_predictor, SETTINGS, page=True)) as client:
        assert client.get("/library").status_code == 404
        assert [client.post(f"/library/{what}", json={}).status_code for what in POSTS] == [404] * 3
        assert client.get("/static/limits.json").json()["library"] is False


def test_pages_of_other_origins_may_not_ask(server: Served, library: Path) -> None:
    before = contents(library)
    for what, (case, head) in itertools.product(POSTS, FOREIGN.items()):
        answer = server.ask(f"/library/{what}", *head, method="POST", body=b"{}")
        assert answer.status == 403, (what, case)
        assert answer.error == "the request comes from a page of another origin"
    assert (contents(library), server.predictor.batches) == (before, [])


def test_rebinding_and_plain_forms_are_refused(server: Served) -> None:
    kinds = ("text/plain", "multipart/form-data; boundary=b", "application/json-patch+json")
    for what in POSTS:
        rebound = server.ask(
            f"/library/{what}", "Origin: http://evil.example", method="POST", host="evil.example"
        )
        assert rebound.status == 421
        for kind in kinds:
            head = (
                f"POST /library/{what} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
                "Content-Length: 2\r\nConnection: close\r\n\r\n{}"
            )
            answer = server.raw(head.encode())
            assert answer.status == 415, "a page could send these without asking first"
    assert server.ask("/library", host="evil.example").status == 421
    read = server.ask("/library", "Origin: http://evil.example")
    assert not [name for name in read.headers if name.startswith("access-control")]


def test_a_key_is_needed_where_keys_are(library: Path) -> None:
    access = Access(keys=ApiKeys([KEY]))
    with served(access=access, library=library) as running:
        assert running.ask("/library").status == 401
        for what in POSTS:
            assert running.ask(f"/library/{what}", method="POST", body=b"{}").status == 401
        assert running.ask("/library", f"X-API-Key: {KEY}").status == 200


@pytest.mark.parametrize(
    "options",
    [
        {"address": "0.0.0.0", "allow_hosts": ["localhost"]},
        {"address": "192.0.2.1", "allow_hosts": ["films.example.org"]},
        {"address": "127.0.0.1", "allow_hosts": ["films.example.org"]},
        {"address": "127.0.0.1", "trust_proxies": ["127.0.0.1"]},
    ],
)
def test_a_library_is_served_on_the_loopback_address_alone(
    options: dict[str, Any], library: Path
) -> None:
    access = decide_access(**options)
    with pytest.raises(ConfigError, match="is served on the loopback address alone; leave out"):
        require_loopback(access)
    with pytest.raises(ConfigError):
        create_app(FakePredictor().as_predictor, SETTINGS, access=access, library=library)


BAD_PREVIEWS: list[object] = [
    {"path": "/etc"},
    {"root": "/etc"},
    {"mode": "../.."},
    {"names": "/etc/passwd"},
    {"names": "file:///etc/passwd"},
    {"names": {"path": "/etc/passwd"}},
    {"most": "3"},
    {"most": 0},
    {"most": 10**9},
    {"lock": "yes"},
    {"from_poster": 1},
    ["missing"],
    "missing",
    3,
]


def test_a_preview_takes_words_alone(client: TestClient) -> None:
    for body in BAD_PREVIEWS:
        with opened_files() as opened:
            answer = client.post("/library/preview", json=body)
        assert (answer.status_code, list(answer.json())) == (422, ["error"]), body
        assert opened == []


BAD_FILMS: list[object] = [
    [0],
    [-1],
    [10**30],
    [999_999],
    [1.5],
    [True],
    ["1"],
    [None],
    [[1]],
    [],
    ["../elsewhere/movie.nfo"],
    ["/etc/passwd"],
    [{"path": "/etc/passwd"}],
    {"path": "/etc/passwd"},
    "/etc/passwd",
    "ALL",
    "",
    None,
]


def test_films_are_numbers_of_the_preview_alone(client: TestClient, library: Path) -> None:
    before, token = contents(library), preview(client)
    for films in BAD_FILMS:
        with opened_files() as opened:
            answer = client.post("/library/write", json={"preview": token, "films": films})
        assert (answer.status_code, list(answer.json())) == (422, ["error"]), films
        assert (opened, contents(library)) == ([], before)


def test_a_preview_cannot_be_guessed(client: TestClient, library: Path) -> None:
    before = contents(library)
    preview(client)
    for token in ("", "x", "../..", "/etc/passwd", "0" * 22, "\u0000", "é" * 22):
        answer = client.post("/library/write", json={"preview": token, "films": "all"})
        assert answer.status_code == 409, token
    extra = {"preview": preview(client), "films": "all", "path": "/etc"}
    assert client.post("/library/write", json=extra).status_code == 422
    assert client.post("/library/undo", json={"path": "/etc"}).status_code == 422
    assert contents(library) == before


def lines(client: TestClient, what: str, **body: object) -> list[dict[str, Any]]:
    answer = client.post(f"/library/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_links_that_come_after_the_preview_are_not_followed(
    client: TestClient, library: Path, secret: Path
) -> None:
    token, before = preview(client), secret.read_bytes()
    (library / "A" / "movie.nfo").unlink()
    (library / "A" / "movie.nfo").symlink_to(secret)
    (library / "B" / "movie.nfo").unlink()
    (library / "B").rmdir()
    (library / "B").symlink_to(secret.parent, target_is_directory=True)
    _, films, _ = lines(client, "write", preview=token, films="all")
    assert [film["written"] for film in films["films"]] == [False, False]
    assert secret.read_bytes() == before
    assert sorted(os.listdir(secret.parent)) == ["movie.nfo"]
    assert lines(client, "preview")[-1]["left_alone"] == {"links": 2}


def test_a_link_with_the_same_bytes_is_not_followed_either(
    client: TestClient, library: Path, secret: Path
) -> None:
    secret.write_bytes((library / "A" / "movie.nfo").read_bytes())
    token, before = preview(client), secret.read_bytes()
    (library / "A" / "movie.nfo").unlink()
    (library / "A" / "movie.nfo").symlink_to(secret)
    _, films, _ = lines(client, "write", preview=token, films=[1])
    assert films["films"] == [
        {"id": 1, "written": False, "note": "a link stands on the way to the file"}
    ]
    assert secret.read_bytes() == before


def test_a_journal_cannot_lead_out_of_the_library(
    client: TestClient, library: Path, secret: Path
) -> None:
    before = secret.read_bytes()
    lines(client, "write", preview=preview(client), films="all")
    (journal,) = (library / ".moviegenre-journal").glob("[0-9]*.jsonl")
    head, *entries = journal.read_text().splitlines()
    for path in ("../elsewhere/movie.nfo", str(secret)):
        entry = {**json.loads(entries[0]), "path": path}
        journal.write_text("\n".join([head, json.dumps(entry), ""]))
        (line,) = lines(client, "undo")
        assert (line["type"], "is damaged" in line["error"]) == ("error", True)
    assert secret.read_bytes() == before


def test_nothing_outside_the_library_is_opened(client: TestClient, library: Path) -> None:
    before = contents(library)
    with opened_files() as opened:
        token = preview(client)
        lines(client, "write", preview=token, films="all")
        lines(client, "undo")
    paths = {Path(path) for path in opened if not path.isdecimal()}  # the others are descriptors
    assert library / "A" / "movie.nfo" in paths
    assert {path for path in paths if library not in (path, *path.parents)} == set()
    assert contents(library) == before


def test_what_is_hostile_in_a_library_is_text(client: TestClient, library: Path) -> None:
    put(library, "C/movie.nfo", nfo(PLOT, title="&lt;img src=x onerror=alert(1)&gt;" * 500))
    put(library, "D/movie.nfo", b"<movie><plot>" + b"&a;" * 10 + b"</plot></movie>")
    put(library, "E/movie.nfo", nfo(PLOT, *["x" * 500] * 200))
    if os.name == "posix":
        os.mkfifo(library / "E" / "poster.jpg")
    *_, end = found = lines(client, "preview", mode="add")
    assert end["type"] == "end"
    assert all(len(json.dumps(line)) < 20_000 for line in found)


def test_endless_numbers_and_lists_are_refused(client: TestClient) -> None:
    head = {"Content-Type": "application/json"}
    cases = {b"1" * 10_000: 400, b"1" * 4_000: 422, b",".join([b"1"] * 1_000_001): 422}
    for films, status in cases.items():
        body = b'{"preview": "x", "films": [' + films + b"]}"
        answer = client.post("/library/write", content=body, headers=head)
        assert (answer.status_code, len(answer.text) < 1000) == (status, True)


def test_a_full_disk_is_told_with_what_is_written(
    client: TestClient, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, token = contents(library), preview(client)
    written = atomic_file

    def fails(path: Path) -> Any:
        if path.parent.name == "B":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return written(path)

    monkeypatch.setattr("moviegenre.library.write.atomic_file", fails)
    last = lines(client, "write", preview=token, films="all")[-1]
    assert last == {
        "type": "error",
        "error": "No space left on device; films written before: 1; undo restores them",
    }
    monkeypatch.undo()
    assert lines(client, "undo")[-1]["restored"] == 1
    assert contents(library) == before
