"""Run the benchmarks one after the other and write ``benchmarks/RESULTS.md``.

    python -m benchmarks                  # all, small: about twelve minutes on two quiet cores
    python -m benchmarks table film       # some of them anew; the rows of the others stay
    python -m benchmarks --full           # at real size: hours

Each runs in a process of its own, and a failure ends only that one. A run that was stopped goes on
with what is missing: results of the same commit and size are kept. ``--again`` measures all anew.
"""

import argparse
import json
import os
import signal
import subprocess  # starts the benchmarks  # nosec B404
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from benchmarks.harness import DATA, ROOT, STORE, Row, commit

NAMES = {  # and the minutes after which one is ended, small and full
    "table": (8, 60),
    "film": (2, 10),
    "peak": (2, 10),
    "start": (2, 10),
    "memory": (4, 240),
    "service": (4, 30),
    "bert_training": (5, 60),
    "fusion_training": (8, 240),
    "growth": (5, 60),
    "quantised": (3, 20),
    "adapt": (4, 240),
    "page_answer": (3, 10),
    "overload": (3, 20),
    "soak": (3, 45),
}
RESULTS = ROOT / "benchmarks" / "RESULTS.md"

_HEAD = (
    "benchmark",
    "work",
    "moviegenre",
    "rival",
    "times better",
    "peak MB, both",
    "cores busy, both",
)


@dataclass(frozen=True)
class Result:
    """What is known of a benchmark.

    Attributes:
        name: Of its module.
        rows: What it measured.
        note: Why it has no rows: skipped or failed.
        facts: When, where and how it was measured.
    """

    name: str
    rows: list[Row]
    note: str
    facts: dict[str, Any]

    @classmethod
    def read(cls, name: str, store: Path) -> "Result | None":
        """Return the kept result of a benchmark, if there is a readable one."""
        try:
            facts = json.loads((store / f"{name}.json").read_text("utf-8"))
            rows = [Row(**row) for row in facts.pop("rows")]
            note = f"skipped: {facts['skipped']}" if facts["skipped"] else facts.get("failed", "")
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(name, rows, note, facts)

    def is_of(self, at: str, *, full: bool) -> bool:
        """Return whether it needs no repetition at this commit."""
        return self.facts["commit"] == at and self.facts["full"] == full and not self.note


def measure(name: str, store: Path, given: argparse.Namespace) -> Result:
    """Run a benchmark and return its result, which is kept."""
    path, log = store / f"{name}.json", store / f"{name}.log"
    path.unlink(missing_ok=True)
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(path)]
    command += ["--data", str(given.data)] + (["--full"] if given.full else [])
    minutes = NAMES[name][given.full]
    with log.open("w", encoding="utf-8") as stream:
        try:
            ended = f"ended with {_run(command, stream, 60 * minutes)}"
        except subprocess.TimeoutExpired:
            ended = f"took more than {minutes} minutes"
    if (result := Result.read(name, store)) is not None:
        return result
    last = (log.read_text("utf-8").strip().splitlines() or [""])[-1]
    facts = {"skipped": "", "failed": f"failed: {ended}: {last}; see {log}", "full": given.full}
    facts |= {"rows": [], "commit": commit(), "date": "", "machine": ""}
    path.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    return Result(name, [], str(facts["failed"]), facts)


def _run(command: list[str], log: TextIO, seconds: float) -> int:
    """Return a command's exit status; nothing that it started outlives it.

    Raises:
        TimeoutExpired: It took longer than these seconds.
    """
    with subprocess.Popen(  # nosec B603
        command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
    ) as process:
        try:
            return process.wait(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def document(results: list[Result]) -> str:
    """Return the results as Markdown: one table and the machine."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Product and rival ran in turn; figures are medians, with the "
        "lowest and the highest in brackets. [CONTRIBUTING.md](../CONTRIBUTING.md#benchmarks) "
        "says how to run them.",
        "",
        "| " + " | ".join(_HEAD) + " |",
        "|---|---|---|---|---:|---:|---:|",
    ]
    for result in results:
        rows = [row.cells() for row in result.rows] or [[result.note, "-", "-", "-", "", ""]]
        name = f"`{result.name}`" + (" (full)" if result.facts["full"] else "")
        lines += [f"| {' | '.join(_cell(text) for text in (name, *row))} |" for row in rows]
    lines.append("")
    for described in dict.fromkeys(one.facts["machine"] for one in results if one.rows):
        own = [one for one in results if one.rows and one.facts["machine"] == described]
        names = ", ".join(f"`{one.name}`" for one in own)
        when = ", ".join(sorted({f"{one.facts['date']} at {one.facts['commit']}" for one in own}))
        lines.append(f"- {names}: {described}; {when}.")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Run, print a line for each, and write the document after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES)}; all without any")
    parser.add_argument("--full", action="store_true", help="at real size")
    parser.add_argument("--again", action="store_true", help="measure what is known, too")
    parser.add_argument("--data", type=Path, default=DATA, help=f"prepared films ({DATA})")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(NAMES)):
        parser.error(f"unknown: {', '.join(unknown)}; expected some of {', '.join(NAMES)}")
    STORE.mkdir(parents=True, exist_ok=True)
    failed, at = [], commit()
    for name in given.names or NAMES:
        known = Result.read(name, STORE)
        if known and known.is_of(at, full=given.full) and not (given.again or given.names):
            print(f"{name}: known from this commit, kept (--again measures it anew)", flush=True)
            continue
        result = measure(name, STORE, given)
        print(f"{name}: {result.note or str(result.facts['seconds']) + ' s'}", flush=True)
        for row in result.rows:
            print(f"  {row.line()}", flush=True)
        failed += [name] if result.note.startswith("failed") else []
        kept = [one for name in NAMES if (one := Result.read(name, STORE)) is not None]
        RESULTS.write_text(document(kept), encoding="utf-8")
    print(f"{RESULTS.relative_to(ROOT)}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
