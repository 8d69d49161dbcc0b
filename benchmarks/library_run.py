"""Fill a made-up library of thousands of films, with a kill in the middle, and take it back.

    python benchmarks/library_run.py --films 5000

Makes the library in a temporary folder, runs ``moviegenre library --write`` and kills it (SIGKILL)
when half of the films are written, runs it again to the end, then ``--undo``, and compares every
file with its bytes before. Prints one line of JSON.
"""

import argparse
import hashlib
import json
import random
import signal
import subprocess  # nosec B404
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

WHO = ("detective", "nurse", "soldier", "widow", "singer", "thief", "teacher", "robot", "farmer")
DOES = ("hunts", "marries", "betrays", "follows", "rescues", "forgets", "fears", "paints")
WHOM = ("a killer", "her brother", "an alien", "the mayor", "a ghost", "his rival", "a stranger")
WHERE = ("in a small town", "during the war", "on a distant planet", "at a school", "in the desert")
WHY = ("to save the family", "for a great deal of gold", "and falls in love", "before the storm")
POSTER_EVERY = 100
HEADS = (
    b"",
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r\n',
    b'<?xml version="1.0" encoding="ISO-8859-1"?>\n',
)


def make_library(root: Path, num_films: int, seed: int = 0) -> None:
    """Write films, a folder each; every hundredth has a poster, every tenth its genres."""
    draw = random.Random(seed)  # nosec B311
    posters = sorted(
        (one for one in files("moviegenre.examples").iterdir() if one.name.endswith(".webp")),
        key=lambda one: one.name,
    )
    for number in range(num_films):
        folder = root / f"{number // 500:02d}" / f"Film {number} ({1930 + number % 90})"
        folder.mkdir(parents=True)
        (folder / f"film{number}.mkv").touch()
        sentences = draw.randint(2, 5)
        plot = " ".join(
            f"A {draw.choice(WHO)} {draw.choice(DOES)} {draw.choice(WHOM)} {draw.choice(WHERE)} "
            f"{draw.choice(WHY)}."
            for _ in range(sentences)
        )
        head = HEADS[number % len(HEADS)]
        end = "\r\n" if b"\r\n" in head else "\n"
        lines = ["<movie>", f"  <title>Film {number}</title>", f"  <plot>{plot} Caf\u00e9.</plot>"]
        lines += ["  <genre>Drama</genre>"] if number % 10 == 0 else []
        text = end.join([*lines, "</movie>", ""])
        content = head + text.encode("latin-1" if b"8859" in head else "utf-8")
        (folder / "movie.nfo").write_bytes(content)
        if number % POSTER_EVERY == 0:
            poster = posters[number // POSTER_EVERY % len(posters)]
            (folder / "poster.webp").write_bytes(poster.read_bytes())


def digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def command(root: Path, *options: str) -> list[str]:
    """Return the command line of ``moviegenre library`` for a folder."""
    return [sys.executable, "-m", "moviegenre.apps.cli", "library", str(root), "--quiet", *options]


def num_written(root: Path) -> int:
    """Return how many films the journal of a library lists."""
    journals = (root / ".moviegenre-journal").glob("[0-9]*.jsonl")
    return sum(len(path.read_bytes().splitlines()) - 1 for path in journals)


def main() -> None:
    """Run it and print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=5_000)
    num_films = parser.parse_args().films
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_library(root, num_films)
        before = digests(root)
        start = time.perf_counter()
        process = subprocess.Popen(command(root, "--write"), stdout=subprocess.DEVNULL)  # nosec B603
        while process.poll() is None and num_written(root) < num_films * 0.45:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        status = process.wait()
        first = time.perf_counter() - start
        at_kill = sum(before[path] != now for path, now in digests(root).items() if path in before)
        start = time.perf_counter()
        again = subprocess.run(command(root, "--write"), check=True, capture_output=True, text=True)  # nosec B603
        second = time.perf_counter() - start
        after = digests(root)
        changed = sum(before[path] != now for path, now in after.items() if path in before)
        start = time.perf_counter()
        undone = subprocess.run(command(root, "--undo"), check=True, capture_output=True, text=True)  # nosec B603
        undo = time.perf_counter() - start
        print(
            json.dumps(
                {
                    "films": num_films,
                    "status_of_the_killed": status,
                    "files_changed_at_the_kill": at_kill,
                    "files_changed_at_the_end": changed,
                    "seconds_until_the_kill": round(first, 1),
                    "seconds_of_the_rest": round(second, 1),
                    "films_a_second": round(changed / (first + second), 1),
                    "seconds_of_undo": round(undo, 1),
                    "same_bytes_after_undo": digests(root) == before,
                    "summary": again.stdout.splitlines()[-3:],
                    "undo": undone.stdout.splitlines(),
                }
            )
        )


if __name__ == "__main__":
    main()
