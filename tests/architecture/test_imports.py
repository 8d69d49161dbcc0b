"""What may be imported when: floors are import-linter's job, start-up time is this file's."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "lightning", "pyarrow", "numpy", "matplotlib", "pandas")


def _imported_by(statement: str, modules: tuple[str, ...] = HEAVY) -> set[str]:
    """Return which of some modules a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*[m for m in {modules!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_line_starts_light() -> None:
    assert _imported_by("import moviegenre.apps.cli") == set()


def test_the_package_starts_light() -> None:
    assert _imported_by("import moviegenre") == set()


def test_answering_one_film_reads_no_tables() -> None:
    answering = ("torch", "transformers", "pyarrow", "pandas", "sklearn", "scipy")
    assert _imported_by("import moviegenre.inference.loading", answering) == set()
