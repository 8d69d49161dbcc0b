"""ONNX Runtime is imported in one place, where its telemetry is switched off."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import moviegenre

SOURCES = Path(moviegenre.__file__).parent
IMPORT = re.compile(r"^( *)(?:import|from) onnxruntime\b", re.MULTILINE)

PREDICT = """
import os

import moviegenre

prediction = moviegenre.load().predict(plot="A ghost screams in the old town.")
print(len(prediction.probabilities) > 3, os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_no_other_module_imports_it() -> None:
    importing = {
        path.name: text
        for path in SOURCES.rglob("*.py")
        if IMPORT.search(text := path.read_text(encoding="utf-8"))
    }
    assert sorted(importing) == ["onnx_runtime.py", "quantise.py"]
    match = IMPORT.search(importing["quantise.py"])
    assert match is not None
    assert importing["quantise.py"][: match.start()].rstrip(" \n").endswith("onnx_runtime()")


@pytest.mark.parametrize("given", [None, "0"])
def test_a_prediction_sends_and_keeps_nothing(tmp_path: Path, given: str | None) -> None:
    kept = {"PATH", "PYTHONPATH", "OMP_NUM_THREADS", "VIRTUAL_ENV"}  # not what a CI sets
    environment = {name: value for name, value in os.environ.items() if name in kept}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    if given is not None:
        environment["ORT_DISABLE_TELEMETRY"] = given
    ended = subprocess.run(
        [sys.executable, "-c", PREDICT],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert ended.stdout == f"True {given or 1}\n"
    if given is None:
        made = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
        assert made == ["cache", "cache/moviegenre", "cache/moviegenre/sha256.json"]
