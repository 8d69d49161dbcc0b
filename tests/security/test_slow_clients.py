"""Clients that read slowly, hardly send, or close half of their connection."""

import asyncio
import contextlib
import json
import os
import socket
import time
from collections.abc import AsyncGenerator

from starlette.requests import ClientDisconnect
from starlette.types import Message

from moviegenre.apps.service.line_stream import LineStream
from moviegenre.apps.service.settings import ServiceSettings
from tests.security.processes import in_a_process
from tests.security.served import (
    FILM,
    HEALTH,
    PATIENCE,
    Served,
    film_head,
    read_answer,
    served,
    wait_until,
)

SMALL_TABLE = b"id,plot\na,A ghost.\n"


def table(content: bytes) -> bytes:
    """Return the request for a table's answers, with its texts in them."""
    fields = (
        b'--b\r\nContent-Disposition: form-data; name="with_text"\r\n\r\ntrue\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    )
    body = fields + content + b"\r\n--b--\r\n"
    head = (
        "POST /predict/table HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def slow(running: Served) -> socket.socket:
    """Return a connection that takes little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", running.port))
    return connection


def lines_of(connection: socket.socket) -> list[dict[str, object]]:
    """Read an answer in chunks to its end and return its lines."""
    data = b""
    while part := connection.recv(65_536):
        data += part
    lines = data.partition(b"\r\n\r\n")[2].splitlines()
    return [json.loads(one) for one in lines if one.startswith(b"{")]


def test_tables_that_nobody_reads_do_not_keep_out_others() -> None:
    rows = "".join(f"{number},{'ghost ' * 800}\n" for number in range(1500))
    large = table(f"id,plot\n{rows}".encode())
    with (
        served(ServiceSettings(max_wait_ms=0, deadline_seconds=120, send_seconds=120)) as running,
        slow(running) as first,
        slow(running) as second,
    ):
        for connection in (first, second):
            connection.sendall(large)
            assert connection.recv(12) == b"HTTP/1.1 200"
        time.sleep(1)  # until their answers are stuck
        with running.connect() as other:
            other.sendall(table(SMALL_TABLE))
            assert [one["type"] for one in lines_of(other)] == ["start", "row", "end"]
        assert running.predict().status == 200


def test_a_table_that_is_read_with_rests_is_answered_in_full() -> None:
    rows = "".join(f"{number},{'ghost ' * 300}\n" for number in range(400))
    with served() as running, slow(running) as reader:
        reader.sendall(table(f"id,plot\n{rows}".encode()))
        data = b""
        while part := reader.recv(16_384):
            data += part
            time.sleep(0.0005)
        assert data.count(b'"type":"row"') == 400
        assert b'{"type":"end"}' in data


def streamed(seconds: float, size: int, number: int = 40) -> int:
    """Send parts of a stream to a client that takes so long for each; return how many it got."""
    got: list[Message] = []

    async def lines() -> AsyncGenerator[bytes, None]:
        for _ in range(number):
            yield bytes(size)

    async def send(message: Message) -> None:
        await asyncio.sleep(seconds)
        got.append(message)

    async def receive() -> Message:
        await asyncio.sleep(PATIENCE)
        return {"type": "http.disconnect"}

    async def run() -> None:
        with contextlib.suppress(ClientDisconnect):
            await LineStream(lines(), 0.2)({"type": "http"}, receive, send)

    asyncio.run(run())
    return sum(message["type"] == "http.response.body" and bool(message["body"]) for message in got)


def test_a_client_that_reads_a_little_at_a_time_is_given_up() -> None:
    assert streamed(0.02, size=16_000, number=30) == 30, "it takes 0.6 seconds, for 0.5 MB"
    assert 2 <= streamed(0.02, size=10) < 15, "it would take 0.8 seconds, for 400 bytes"


def open_files(pid: int) -> int:
    """Return how many descriptors a process has."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_half_closed_connections_are_closed(many: list[socket.socket]) -> None:
    whole = film_head(len(FILM)) + FILM
    starts = (b"", HEALTH[:20], HEALTH, film_head(100), film_head(100) + b"{", whole)
    with in_a_process(0.0, "max_wait_ms=0") as running:
        with running.connect() as other:
            other.sendall(whole)
            assert read_answer(other).status == 200
        before = open_files(running.process.pid)
        for start in starts:
            for _ in range(50):
                many.append(running.connect())
                many[-1].sendall(start)
                many[-1].shutdown(socket.SHUT_WR)
        for connection in many:
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(65_536):
                    pass
        wait_until(lambda: open_files(running.process.pid) <= before)


def test_answers_that_are_read_slowly_cost_little_memory(many: list[socket.socket]) -> None:
    ask = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with in_a_process(0.0, "max_wait_ms=0") as running:
        with running.connect() as other:
            other.sendall(ask)
            length = int(read_answer(other).headers["content-length"])
        before = running.memory()
        for _ in range(200):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", running.port))
            many.append(connection)
            connection.sendall(ask * 3)
        for connection in many:
            connection.settimeout(PATIENCE)
            assert connection.recv(100)
        most = 0
        for _ in range(20):
            most = max(most, running.memory())
            for connection in many:
                connection.recv(100)
            time.sleep(0.05)
        with running.connect() as other:
            other.sendall(film_head(len(FILM)) + FILM)
            assert read_answer(other).status == 200
    assert length > 1_000_000
    assert most - before < 100_000_000, "half a megabyte for each"
