"""Fuzz one target with atheris; see the package's own words for how."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["moviegenre", "tarfile", "PIL", "yaml", "csv", "json"]):
    from tests.security.fuzz.targets import TARGETS

from tests.security.fuzz.seeds import seeds


def main() -> None:
    """Write sound inputs into the folder that is named second, and fuzz from there."""
    target, corpus = sys.argv[1], Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
