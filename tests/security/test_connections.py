"""Connections that wait for nothing, heads and bodies that do not come, answers nobody reads."""

import contextlib
import itertools
import json
import signal
import socket
import time

from moviegenre.apps.service.settings import ServiceSettings
from tests.security.processes import in_a_process, stopping_seconds
from tests.security.served import (
    FILM,
    HEALTH,
    PATIENCE,
    POST,
    Served,
    film_head,
    read_answer,
    served,
    wait_until,
)


def is_closed(connection: socket.socket, seconds: float = PATIENCE) -> bool:
    """Return whether the server closes a connection, whatever it says before."""
    connection.settimeout(seconds)
    with contextlib.suppress(ConnectionResetError):
        try:
            while connection.recv(65_536):
                pass
        except TimeoutError:
            return False
    return True


def test_answers_on_a_kept_connection_are_not_held_back() -> None:
    with served() as running, running.connect() as kept:
        seconds = []
        for _ in range(20):
            start = time.perf_counter()
            kept.sendall(film_head(len(FILM)) + FILM)
            assert read_answer(kept).status == 200
            seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[10] < 0.03, "Nagle's algorithm takes 40 ms"


def test_idle_connections_make_room(many: list[socket.socket]) -> None:
    with served(ServiceSettings(max_wait_ms=0, max_connections=32)) as running:
        many.extend(running.connect() for _ in range(100))
        assert running.predict().status == 200
        assert len(running.server.server_state.connections) <= 32
        assert is_closed(many[0]), "the oldest goes first"
        assert not is_closed(many[-1], 0.1)


def test_a_connection_at_work_is_not_closed_for_others(many: list[socket.socket]) -> None:
    with served(ServiceSettings(max_wait_ms=0, max_connections=8)) as running:
        running.predictor.gate.clear()
        for _ in range(8):
            many.append(running.connect())
            many[-1].sendall(film_head(len(FILM)) + FILM)
        assert running.predictor.entered.wait(PATIENCE)
        wait_until(lambda: _num_at_work(running) == 8)
        with running.connect() as refused:
            answer = read_answer(refused)
        assert (answer.status, answer.error) == (503, "too many connections; try again later")
        assert answer.headers["retry-after"] == "1"
        running.predictor.gate.set()
        assert [read_answer(connection).status for connection in many] == [200] * 8


def _num_at_work(running: Served) -> int:
    connections = list(running.server.server_state.connections)
    return sum(one.cycle is not None and not one.cycle.more_body for one in connections)  # type: ignore[union-attr]


def test_a_head_must_arrive_in_time(many: list[socket.socket]) -> None:
    whole = HEALTH
    with served(ServiceSettings(header_seconds=0.5)) as running:
        for start in (b"", whole[:7], whole[:-6], whole + b"GET /"):
            many.append(running.connect())
            many[-1].sendall(start)
        began = time.monotonic()
        assert read_answer(many[-1]).status == 200
        assert all(is_closed(connection) for connection in many)
        assert time.monotonic() - began < 3


def test_a_head_in_single_bytes_is_not_given_more_time() -> None:
    with served(ServiceSettings(header_seconds=0.5)) as running, running.connect() as slow:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 100:
                slow.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - began < 4


def test_a_rest_between_requests_is_bounded() -> None:
    with served(ServiceSettings(idle_seconds=1)) as running, running.connect() as kept:
        kept.sendall(HEALTH)
        assert read_answer(kept).status == 200
        began = time.monotonic()
        assert is_closed(kept)
        assert 0.5 < time.monotonic() - began < 4


def test_a_body_that_stops_is_a_408() -> None:
    with served(ServiceSettings(stall_seconds=0.3)) as running:
        for start in (b"", FILM[:-1]):
            with running.connect() as slow:
                slow.sendall(film_head(len(FILM)) + start)
                answer = read_answer(slow)
                assert answer.status == 408
                assert answer.error == "no part of the body arrived for 0.3 seconds"
        assert 'reason="slow_body"} 2.0' in running.ask("/metrics").body.decode()


def test_a_body_in_single_bytes_is_a_408_at_its_deadline() -> None:
    with served(ServiceSettings(upload_seconds=0.6)) as running, running.connect() as slow:
        slow.sendall(film_head(len(FILM)))
        with contextlib.suppress(ConnectionError):
            for byte in FILM:
                slow.sendall(bytes([byte]))
                time.sleep(0.1)
        answer = read_answer(slow)
        assert answer.status == 408
        assert answer.error == "the body did not arrive within 0.6 seconds"


def test_a_body_chopped_into_bytes_is_refused() -> None:
    with served() as running, running.connect() as chopped:
        chopped.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 20_000)
        answer = read_answer(chopped)
        assert answer.status == 400
        assert (
            answer.error == "the request is not valid HTTP: the body comes in too many tiny pieces"
        )


def test_bodies_together_are_bounded(many: list[socket.socket]) -> None:
    settings = ServiceSettings(
        max_wait_ms=0, max_body_bytes=1_000_000, max_inflight_bytes=3_000_000, upload_seconds=20
    )
    with served(settings) as running:
        part = b" " * 900_000
        for _ in range(20):
            many.append(running.connect())
            many[-1].sendall(film_head(1_000_000) + part)
            assert running.predict().status == 200, "a plot finds room"
        refused = 0
        for connection in many:
            connection.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                answer = read_answer(connection)
                assert answer.status == 503
                assert (
                    answer.error == "the service holds too many unfinished uploads; try again later"
                )
                assert answer.headers["retry-after"] == "1"
                refused += 1
        assert refused >= 16
        numbers = running.ask("/metrics").body.decode()
        assert f'reason="bodies_full"}} {refused}.0' in numbers
        for connection in many:
            connection.close()


def test_the_rest_of_an_unwanted_body_is_not_read_for_long() -> None:
    with served(ServiceSettings(max_body_bytes=1000)) as running, running.connect() as eager:
        eager.sendall(film_head(10**9))
        assert read_answer(eager).status == 413
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < PATIENCE:
                eager.sendall(b"x" * 65_536)
        assert time.monotonic() - began < 20


def test_an_answer_that_nobody_reads_is_given_up() -> None:
    with served(ServiceSettings(send_seconds=0.5)) as running, running.connect() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ask = b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
        deaf.sendall(ask * 20)
        connections = running.server.server_state.connections
        wait_until(lambda: connections)
        wait_until(lambda: not connections)


def test_a_form_that_is_cut_off_is_an_error() -> None:
    poster = b"\x89PNG\r\n" + bytes(300)
    form = b'--b\r\nContent-Disposition: form-data; name="plot"\r\n\r\nA ghost.\r\n--b\r\n'
    form += b'Content-Disposition: form-data; name="poster"; filename="p"\r\n\r\n'
    form += poster + b"\r\n--b--\r\n"
    kind = POST.replace(b"application/json", b"multipart/form-data; boundary=b")
    with served() as running:
        for missing in (60, 30, 4):
            part = form[:-missing]
            answer = running.raw(kind + f"Content-Length: {len(part)}\r\n\r\n".encode() + part)
            assert answer.status == 400, missing
            cut_off = "the form cannot be parsed: It is cut off before its last boundary."
            assert answer.error == cut_off
        assert not running.predictor.batches


def test_deep_json_is_refused() -> None:
    openings = (b"[", b'{"plot":', b'[{"plot":')
    cases = itertools.product(("/predict", "/predict/batch"), openings, (500, 100_000))
    with served() as running:
        for path, opening, depth in cases:
            answer = running.ask(path, method="POST", body=opening * depth)
            assert answer.status in {400, 422}, (path, opening, depth)
            assert answer.error


def test_a_stop_under_attack_answers_what_was_taken(many: list[socket.socket]) -> None:
    with in_a_process(0.3, "max_wait_ms=0", files=256) as running:
        for start in (b"", b"GET /", film_head(100), film_head(100) + b"{"):
            for _ in range(25):
                many.append(running.connect())
                many[-1].sendall(start)
        taken = [running.connect() for _ in range(4)]
        many.extend(taken)
        for connection in taken:
            connection.sendall(film_head(len(FILM)) + FILM)
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        assert [read_answer(connection).status for connection in taken] == [200] * 4
        log = running.stop()
        assert stopping_seconds(log) < 10
        lines = [json.loads(line) for line in log.splitlines()]
        assert not [line for line in lines if line["level"] == "error"]
