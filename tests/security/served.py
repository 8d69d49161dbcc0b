"""A real server on a free port of this machine, in a thread, with a predictor that is made up."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.server.guarded_server import GuardedServer
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.sockets import listen
from tests.unit.apps.service.fake_predictor import FakePredictor

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor

PATIENCE = 30.0
FILM = b'{"plot": "A ghost."}'
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def film_head(length: int) -> bytes:
    """Return the head of a request for a film's genres, whose body is so long."""
    return POST + f"Content-Length: {length}\r\n\r\n".encode()


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: 0 where the connection was closed without an answer.
        headers: By lower-case name.
        body: After the headers.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def error(self) -> str:
        """The sentence of a refusal, which is all that there is."""
        content = json.loads(self.body)
        assert list(content) == ["error"], content
        return str(content["error"])


@dataclass
class Served:
    """A server that runs.

    Attributes:
        port: Where it listens.
        metrics_port: Where it shows its numbers, if that is a port of its own.
        predictor: What it asks.
        server: The server.
    """

    port: int
    metrics_port: int | None
    predictor: FakePredictor
    server: GuardedServer

    def connect(self, port: int | None = None) -> socket.socket:
        """Return a new connection."""
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=PATIENCE)

    def raw(self, request: bytes, port: int | None = None) -> Answer:
        """Return the answer to these very bytes."""
        with self.connect(port) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            return read_answer(connection)

    def ask(
        self,
        path: str = "/healthz",
        *headers: str,
        method: str = "GET",
        host: str | None = "localhost",
        body: bytes = b"",
        port: int | None = None,
    ) -> Answer:
        """Return the answer to a request with these header lines."""
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [] if host is None else [f"Host: {host}"]
        lines += [*headers, "Connection: close"]
        if method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body, port)

    def predict(self, *headers: str, host: str | None = "localhost") -> Answer:
        """Return the answer about a film."""
        return self.ask("/predict", *headers, method="POST", host=host, body=FILM)


def read_answer(connection: socket.socket) -> Answer:
    """Return one answer from a connection; its body ends where its length says."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while b"\r\n\r\n" not in data:
            part = connection.recv(65_536)
            if not part:
                return Answer(0)
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    if not head:
        return Answer(0)
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    headers = {name.lower(): value for name, _, value in pairs}
    assert len(headers) == len(pairs), f"a header is repeated: {lines}"
    while len(body) < int(headers.get("content-length", "0")):
        part = connection.recv(65_536)
        if not part:
            break
        body += part
    return Answer(int(first.split()[1]), headers, body)


@contextlib.contextmanager
def served(
    settings: ServiceSettings | None = None,
    access: Access | None = None,
    *,
    has_metrics_port: bool = False,
    library: Path | None = None,
    predictor: FakePredictor | None = None,
    model: "Predictor | None" = None,
) -> Iterator[Served]:
    """Run a server of a made-up predictor, or of a real model, until the block ends."""
    settings, access = settings or ServiceSettings(max_wait_ms=0), access or Access()
    predictor = predictor or FakePredictor()
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listen("127.0.0.1", 0))]
        if has_metrics_port:
            listeners.append(stack.enter_context(listen("127.0.0.1", 0)))
            access = replace(access, metrics_port=listeners[1].getsockname()[1])
        port = listeners[0].getsockname()[1]
        app = create_app(model or predictor.as_predictor, settings, access=access, library=library)
        server = GuardedServer(app, settings, access)
        thread = threading.Thread(target=server.run, kwargs={"sockets": listeners})
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield Served(port, access.metrics_port, predictor, server)
        finally:
            predictor.gate.set()
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the server does not stop"


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
