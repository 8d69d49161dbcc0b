import socket
import subprocess
import sys
from pathlib import Path

import pytest

import moviegenre
from moviegenre import box
from moviegenre.apps import serve_command
from moviegenre.apps.cli import main
from moviegenre.apps.serve_processes import Service


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *arguments])
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_an_empty_box_is_told_where_no_model_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "FOLDER", tmp_path)
    error = error_of([], capsys)
    assert error.startswith("error: no model was named, and the included model lacks model.int8.")
    assert error.count("\n") == 1


def test_an_address_that_is_taken_is_told_before_the_model_is_loaded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr(moviegenre, "load", lambda model, **_: loaded.append(model))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = error_of(["--model", str(tmp_path), "--port", str(port)], capsys)
    assert error == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "name another --host or --port\n"
    )
    assert loaded == []


STOPPED_AT_ONCE = """
import os
import signal

import typer

from moviegenre.apps.cli import main

echo = typer.echo


def echo_and_be_stopped(message, *, err):
    echo(message, err=err)
    os.kill(os.getpid(), signal.SIGTERM)


typer.echo = echo_and_be_stopped
main(["serve", "--port", "0", "--set", "page=false"])
"""


def test_a_stop_as_soon_as_the_address_is_told_is_no_failure() -> None:
    command = [sys.executable, "-c", STOPPED_AT_ONCE]  # the signal ends only this process
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert " answers at http://127.0.0.1:" in ended.stdout


def test_a_service_for_others_needs_a_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    error = error_of(["--host", "", "--model", str(tmp_path)], capsys)
    assert error.startswith("error: --host 0.0.0.0 shows the service to every network of this")
    assert "--allow-host films.example.org" in error
    assert error.count("\n") == 1
    keys = tmp_path / "keys"
    keys.write_text("k" * 32)
    keys.chmod(0o644)
    error = error_of(["--api-key-file", str(keys)], capsys)
    assert error == (
        f"error: --api-key-file {keys}: every user can open this file; run: chmod 600 {keys}\n"
    )


@pytest.mark.parametrize(
    ("options", "shows_page"),
    [
        ([], True),
        (["--no-page"], False),
        (["--set", "page=false"], False),
        (["--set", "page=false", "--page"], False),
        (["--allow-host", "films.example.org"], False),
        (["--allow-host", "films.example.org", "--page"], True),
        (["--host", "0.0.0.0", "--allow-host", "localhost"], False),
    ],
)
def test_the_page_is_off_where_others_reach_it(
    options: list[str], shows_page: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Service] = []
    monkeypatch.setattr(
        serve_command,
        "_run",
        lambda service, *_: served.append(service),
    )
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--port", "0", *options])
    assert not stopped.value.code
    (service,) = served
    assert service.shows_page is shows_page
    assert service.access.is_public is ("--allow-host" in options)


def test_a_library_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "Movies").mkdir()
    wanted = tmp_path / "Movis"
    error = error_of(["--library", str(wanted), "--model", "nowhere"], capsys)
    assert error == (
        f"error: {wanted} does not exist; expected a folder of films; did you mean "
        f'"{tmp_path / "Movies"}"?\n'
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ["--set", "max_que=3"],
            "error: --set: unknown setting 'max_que'; did you mean \"max_queue\"?",
        ),
        (
            ["--library", ".", "--host", "0.0.0.0", "--allow-host", "localhost"],
            "error: --library has files of this machine written on request, so it is served on "
            "the loopback address alone; leave out --host, --allow-host and --trust-proxy, or "
            "--library\n",
        ),
        (
            ["--library", ".", "--allow-host", "films.example.org", "--page"],
            "error: --library has files of this",
        ),
        (
            ["--library", ".", "--trust-proxy", "127.0.0.1"],
            "error: --library has files of this machine written",
        ),
        (
            ["--library", ".", "--no-page"],
            "error: --library is a part of the page, which is off; leave out",
        ),
        (
            ["--library", ".", "--set", "page=false"],
            "error: --library is a part of the page, which is off",
        ),
        (
            ["--workers", "2", "--library", "."],
            "error: --library keeps its preview in one process, which the next request must reach; "
            "leave out --workers and --engine, or --library\n",
        ),
        (["--engine", "ray", "--library", "."], "error: --library keeps its preview in one"),
        (["--replicas", "2"], "error: --replicas and --address have no effect without --engine"),
        (["--address", "a:1"], "error: --replicas and --address have no effect without --engine"),
        (["--engine", "ray", "--workers", "2"], "error: --workers has no effect with --engine ray"),
        (
            ["--engine", "ray", "--replicas", "many"],
            "error: --replicas 'many': expected a whole number from 1 on, or auto\n",
        ),
        (["--engine", "ray", "--replicas", "0"], "error: --replicas '0': expected a whole"),
        (["--engine", "ray", "--metrics-port", "0"], "error: --metrics-port has no effect with"),
        (["--metrics-host", "::1"], "error: --metrics-host has no effect without --metrics-port"),
    ],
)
def test_options_that_do_not_fit(
    options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = error_of(["--model", "nowhere", *options], capsys)
    assert error.startswith(expected)
    assert error.count("\n") == 1
