"""What may be imported when: floors are import-linter's job, start-up time is this file's."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "lightning", "pyarrow", "numpy", "matplotlib", "pandas")


def _imported_by(statement: str) -> set[str]:
    """Return which heavy packages a fresh interpreter has loaded after a statement."""
    code = f"import sys; {statement}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_line_starts_light() -> None:
    assert _imported_by("import moviegenre.apps.cli") == set()


def test_the_package_starts_light() -> None:
    assert _imported_by("import moviegenre") == set()


def test_reading_a_table_of_results_needs_no_plotting() -> None:
    assert "matplotlib" not in _imported_by("import moviegenre.evaluation.compare")
