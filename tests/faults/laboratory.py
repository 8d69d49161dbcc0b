"""Runs commands in worlds of their own, some of them disturbed, and judges what is left."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moviegenre.core.folders import restore_folder
from tests.faults.faulty_calls import KILL, KINDS
from tests.faults.worlds import Command, contents, hidden_files

_IS_DONE = "holds prepared data already"  # the run was killed after its last step


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        status: Its exit status; -9 where it was killed.
        stdout: What it printed.
        stderr: What it said of errors.
        calls: The calls that it made on files.
        seconds: How long it took.
    """

    status: int
    stdout: str
    stderr: str
    calls: list[str]
    seconds: float

    @property
    def errors(self) -> list[str]:
        """The lines on standard error that tell of the error, tracebacks included."""
        lines = self.stderr.splitlines()
        return [line for line in lines if line.startswith(("error: ", "Traceback", "Exception"))]


class WarmProcess:
    """The process that forks a child for each command."""

    def __init__(self, folder: Path) -> None:
        self._report = folder / "report.json"
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(["src", ".", os.environ.get("PYTHONPATH", "")]),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert self._line() == "ready"

    def run(
        self,
        root: Path,
        command: Command,
        at: int | None = None,
        kind: str = "EIO",
        kill_after: float | None = None,
    ) -> Outcome:
        """Run a command in a folder, perhaps with a fault."""
        self._report.unlink(missing_ok=True)
        job = {
            "root": str(root),
            "arguments": list(command.arguments),
            "report": str(self._report),
            "at": at,
            "kind": kind,
            "kill_after": kill_after,
        }
        started = time.monotonic()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._line())
        seconds = time.monotonic() - started
        texts = [Path(f"{self._report}.{name}") for name in ("stdout", "stderr")]
        stdout, stderr = (p.read_text("utf-8") if p.is_file() else "" for p in texts)
        if answer["signal"] or not self._report.stat().st_size:
            return Outcome(-int(answer["signal"]), stdout, stderr, [], seconds)
        found = json.loads(self._report.read_text(encoding="utf-8"))
        return Outcome(int(found["status"]), stdout, stderr, found["calls"], seconds)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Laboratory:
    """One command, its world, and how it ends undisturbed.

    Args:
        process: Runs it.
        command: The command.
        folder: A new folder for its worlds.
        bert: The folder of a tiny random BERT.
    """

    def __init__(self, process: WarmProcess, command: Command, folder: Path, bert: Path) -> None:
        self.command = command
        self._process = process
        self._template = folder / "template"
        self._root = folder / "world"
        self._template.mkdir(parents=True)
        command.world(self._template, bert)
        self.before = {name: contents(self._template, [name]) for name in command.whole}
        self._renew()
        self.clean = process.run(self._root, command)
        assert self.clean.status == 0, self.clean.stderr
        self.result = contents(self._root, command.outputs)
        self.after = {name: contents(self._root, [name]) for name in command.whole}
        assert hidden_files(self._root) == []

    @property
    def faults(self) -> list[tuple[int, str]]:
        """Every call with everything that can go wrong in it."""
        named = enumerate((call.partition(" ")[0] for call in self.clean.calls), 1)
        return [(number, kind) for number, call in named for kind in KINDS[call]]

    def rotated(self, seed: int) -> list[tuple[int, str]]:
        """Every call once, with one of the things that can go wrong in it."""
        named = enumerate((call.partition(" ")[0] for call in self.clean.calls), 1)
        return [(number, KINDS[call][(number + seed) % len(KINDS[call])]) for number, call in named]

    def verdict(self, at: int | None, kind: str, kill_after: float | None = None) -> str:
        """Disturb a run, run it again undisturbed, and say what is wrong; empty if nothing is."""
        self._renew()
        found = self._process.run(self._root, self.command, at, kind, kill_after)
        killed = kind == KILL
        faults: list[str] = []
        if not killed and found.status not in (0, 2):
            faults.append(f"exit status {found.status}")
        if not killed and len(found.errors) != (found.status == 2):
            faults.append(f"{len(found.errors)} errors told")
        call = self.clean.calls[at - 1] if at and at <= len(self.clean.calls) else ""
        where = f"{self.command.name}, {kind} at {at} {call}"
        if kind == "EACCES" and found.status == 0 and "open /" in call and "/dataset/" in call:
            # one film's own file, which the command leaves out and names
            tables = self._root.rglob("excluded.csv")
            named = any(Path(call).stem in path.read_text("utf-8") for path in tables)
            return "" if named else f"{where}: the film is not in excluded.csv"
        for name in self.command.whole:
            restore_folder(self._root / name)  # as whoever opens it next does
            left = contents(self._root, [name])
            if left not in (self.before[name], self.after[name]):
                faults.append(f"{name} is neither as before nor as afterwards")
        again = found if found.status == 0 else self._process.run(self._root, self.command)
        if again.status != 0 and not (again.status == 2 and _IS_DONE in again.stderr):
            faults.append(f"again: exit status {again.status}: {again.stderr.strip()[-300:]}")
        elif contents(self._root, self.command.outputs) != self.result:
            faults.append(f"again: another result ({self._difference()})")
        if found.status == 0 and "could not be removed" in found.stderr:
            self._process.run(self._root, self.command)  # it was told that the next run does
        left_over = hidden_files(self._root)
        if found.status == 0:  # a lock that could not be removed waits for the next run
            left_over = [name for name in left_over if not name.endswith("-lock")]
        if left_over:
            faults.append(f"again: left {', '.join(left_over)}")
        return f"{where}: {'; '.join(faults)}\n{found.stderr[-1500:]}" if faults else ""

    def _difference(self) -> str:
        now: dict[str, Any] = contents(self._root, self.command.outputs)
        names = sorted(n for n in {*now, *self.result} if now.get(n) != self.result.get(n))
        return ", ".join(names)

    def _renew(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        shutil.copytree(self._template, self._root)


def summary(laboratory: Laboratory) -> str:
    """Return how many calls of each kind a command makes."""
    counts = Counter(call.partition(" ")[0] for call in laboratory.clean.calls)
    return ", ".join(f"{name} {number}" for name, number in counts.most_common())
