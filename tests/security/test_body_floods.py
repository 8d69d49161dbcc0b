"""Small bodies that cost much: a fault in every byte, lines without rows, lengths stated twice."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from moviegenre.apps.service.errors import validation_message
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.data.tables.rows import Row
from moviegenre.data.tables.table import Table
from tests.security.served import FILM, HEALTH, POST, Answer, Served, served

MANY = 20_000
MAX_FAULTS = 20
LENGTH = f"Content-Length: {len(FILM)}\r\n".encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(FILM), FILM)


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(ServiceSettings(max_wait_ms=0, page_rows=50)) as service:
        yield service


def keys(count: int) -> str:
    return "{" + ",".join(f'"k{number}": 1' for number in range(count)) + "}"


FLOODS = {
    "a film of unknown fields": ("/predict", keys(MANY)),
    "genres that are numbers": (
        "/predict",
        '{"plot": "A", "attribute": [' + "1," * MANY + "1]}",
    ),
    "a list of numbers": ("/predict/batch", "[" + "1," * MANY + "1]"),
    "a list of lists": ("/predict/batch", "[" + "[]," * MANY + "[]]"),
    "a list of empty films": ("/predict/batch", "[" + "{}," * MANY + "{}]"),
}


@pytest.mark.parametrize("case", FLOODS)
def test_a_body_full_of_faults_costs_few(
    running: Served, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    faults: list[int] = []

    def counting(error: Any, where: str) -> str:
        faults.append(error.error_count())
        return validation_message(error, where)

    monkeypatch.setattr("moviegenre.apps.service.request_parsing.validation_message", counting)
    path, body = FLOODS[case]
    answer = running.ask(path, method="POST", body=body.encode())
    assert answer.status == 422
    assert len(answer.error) < 500
    assert sum(faults) <= MAX_FAULTS


def test_films_full_of_faults_cost_few_each(running: Served) -> None:
    body = f"[{', '.join([keys(MANY)] * 3)}]"
    answer = running.ask("/predict/batch", method="POST", body=body.encode())
    films = json.loads(answer.body)
    assert [list(film) for film in films] == [["error"]] * 3
    assert all("k0" in film["error"] and len(film["error"]) < 500 for film in films)


def test_too_many_films_are_not_looked_at(running: Served) -> None:
    answer = running.ask("/predict/batch", method="POST", body=b"[" + b"1," * MANY + b"1]")
    assert answer.error == "the request has 20,001 films; expected 1 to 64"


def table(running: Served, name: str, content: bytes) -> Answer:
    body = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n--x--\r\n"
    )
    head = (
        "POST /predict/table HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return running.raw(head.encode() + body)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_lines_without_rows_are_counted_first(running: Served, name: str, end: bytes) -> None:
    answer = table(running, name, b"id,plot" + end * 5001)
    assert answer.status == 422
    assert answer.error == f"{name} has 5,001 lines; expected at most 5,000"


def test_broken_lines_are_not_all_read(running: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    num = 0
    all_rows = Table.rows

    def counting(*args: Any) -> Iterator[Row]:
        nonlocal num
        for row in all_rows(*args):
            num += 1
            yield row

    monkeypatch.setattr(Table, "rows", counting)
    answer = table(running, "a.jsonl", b"{\n" * 5000)
    assert answer.status == 422
    assert 0 < num <= 51, "more than page_rows and one were read"


def test_rows_beyond_the_limit_are_still_named(running: Served) -> None:
    answer = table(running, "a.jsonl", b'{"plot": "A ghost"}\n' * 51)
    assert "more than 50 rows" in answer.error


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (POST + LENGTH + CHUNKED, "expected Content-Length or Transfer-Encoding, found both"),
        (POST + CHUNKED + LENGTH, "expected Content-Length or Transfer-Encoding, found both"),
        (
            POST + CHUNKED + b"Content-Length: 4\r\n",
            "expected Content-Length or Transfer-Encoding, found both",
        ),
        (POST.replace(b"/1.1", b"/1.0") + CHUNKED, "HTTP/1.0 has no Transfer-Encoding"),
    ],
)
def test_a_length_is_stated_once(running: Served, head: bytes, reason: str) -> None:
    with running.connect() as connection:
        connection.sendall(head + b"\r\n" + IN_CHUNKS + HEALTH)
        data = b""
        while part := connection.recv(65_536):
            data += part
    assert data.startswith(b"HTTP/1.1 400 ")
    assert reason.encode() in data
    assert data.count(b"HTTP/1.1 ") == 1, "the rest was taken for a request"


def test_chunks_alone_are_taken(running: Served) -> None:
    assert running.raw(POST + CHUNKED + b"Connection: close\r\n\r\n" + IN_CHUNKS).status == 200


def test_a_bad_header_is_not_repeated(running: Served) -> None:
    answer = running.raw(POST + b"X-API-Key : a secret\r\n\r\n")
    assert answer.status == 400
    assert answer.error == "the request is not valid HTTP: illegal header line"


@pytest.mark.parametrize("path", ["/docs/", "/predict/", "/model/"])
def test_nobody_is_sent_elsewhere(running: Served, path: str) -> None:
    answer = running.ask(path)
    assert answer.status == 404
    assert "location" not in answer.headers
