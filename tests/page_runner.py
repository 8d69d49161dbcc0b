"""Running a page: its commands and its Python, one after the other, in the folder they are in."""

import contextlib
import io
import os
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from moviegenre.apps.cli import main
from tests.page_blocks import PYTHON, Block

_LOG = Path("service.log")
_ADDRESS = re.compile(r"(localhost|127\.0\.0\.1):\d+")


class PageRunner:
    """Runs blocks as a reader would type them; a context, at whose end a service is stopped.

    The package's own commands run in this process, which spares an import of PyTorch each, except
    the service, which runs beside it on a free port. What has to be new is made way for: a page
    that trains a model or prepares data begins without those of the prepared folder.

    Attributes:
        left_out: Commands of a program that this machine lacks, or of the box while it is empty.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left_out: list[str] = []
        self._monkeypatch = monkeypatch
        self._names: dict[str, Any] = {"__name__": "__page__"}
        self._service: subprocess.Popen[str] | None = None
        self._address = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_service()

    def run(self, block: Block) -> None:
        """Run a block; an AssertionError says what went wrong in which line."""
        if block.language == PYTHON:
            exec(compile(block.text, f"<line {block.line}>", "exec"), self._names)
            return
        for command in block.commands:
            code, output = self._run_command(command)
            assert code == 0, f"line {block.line}: {command}\nended with {code}:\n{output}"

    def _run_command(self, command: str) -> tuple[object, str]:
        words = shlex.split(command, comments=True)
        if words[:2] == ["moviegenre", "serve"]:
            return self._start_service(words[2:])
        if words[0] == "moviegenre":
            _make_way(words[1:])
            return _in_this_process(lambda: main(words[1:]))
        if words[0] == "python":
            self._monkeypatch.setattr(sys, "argv", words[1:])
            return _in_this_process(lambda: runpy.run_path(words[1], run_name="__main__"))
        if shutil.which(words[0]) is None:
            self.left_out.append(command)
            return 0, ""
        if words[0] == "curl":  # which calls any answer a success
            command = f"{_ADDRESS.sub(self._address, command)} --fail-with-body"
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def _start_service(self, arguments: list[str]) -> tuple[object, str]:
        self._stop_service()
        command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", *arguments, "--port", "0"]
        with _LOG.open("w", encoding="utf-8") as log:
            self._service = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        assert self._service.stdout is not None
        line = self._service.stdout.readline()
        found = _ADDRESS.search(line)
        if found is None:
            return self._service.wait(), line + _LOG.read_text("utf-8")
        self._address = found[0]
        return 0, line

    def _stop_service(self) -> None:
        if self._service is None:
            return
        service, self._service = self._service, None
        service.send_signal(signal.SIGTERM)
        with service:
            code = service.wait(timeout=60)
        assert code == 0, f"the service ended with {code}:\n{_LOG.read_text('utf-8')}"


def _in_this_process(call: Callable[[], object]) -> tuple[object, str]:
    """Return exit status and output of what is called."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            call()
        except SystemExit as stopped:
            return stopped.code or 0, output.getvalue()
    return 0, output.getvalue()


def _make_way(words: list[str]) -> None:
    """Remove what stands where a command is to make something new."""
    if words[0] == "train" and "--resume" not in words:
        out = words[words.index("--out") + 1] if "--out" in words else "checkpoints"
        name = words[words.index("--model") + 1] if "--model" in words else words[1]
        shutil.rmtree(Path(out) / name, ignore_errors=True)
    if words[:2] == ["data", "prepare"] and "--overwrite" not in words:
        shutil.rmtree(words[words.index("--out") + 1], ignore_errors=True)
