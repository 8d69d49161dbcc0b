"""One bit flipped at hundreds of places of each kind of file: refused, or the same answers."""

from pathlib import Path

import numpy as np
import pytest

import moviegenre
from moviegenre.artifacts.manifest import MANIFEST_FILE
from moviegenre.core.errors import MovieGenreError
from moviegenre.core.types import BackendName
from tests.faults.model_files import answers, copy, flip_bit, write_checkpoint, write_export

pytestmark = pytest.mark.torture

PLACES = 300
EXPORTED: dict[str, BackendName] = {
    "config.json": "onnx",
    "genres.json": "onnx",
    "index.parquet": "onnx",
    "manifest.json": "onnx",
    "metrics.json": "onnx",
    "model.int8.onnx": "int8",
    "model.onnx": "onnx",
    "model.safetensors": "torch",
    "thresholds.json": "onnx",
    "tokenizer.json": "onnx",
}


def flip_everywhere(folder: Path, name: str, backend: BackendName, seed: int) -> int:
    """Flip bits one at a time; return how many were noticed.

    Raises:
        AssertionError: An answer changed.
    """
    path = folder / name
    content = path.read_bytes()
    expected = answers(moviegenre.load(folder, backend=backend))
    noticed = 0
    for place in np.random.default_rng(seed).integers(8 * len(content), size=PLACES):
        flip_bit(path, int(place))
        try:
            found = answers(moviegenre.load(folder, backend=backend))
        except MovieGenreError:
            noticed += 1
        else:
            assert np.array_equal(found[0], expected[0]), place
            assert found[1:] == expected[1:], place
        path.write_bytes(content)
    return noticed


@pytest.mark.parametrize("name", EXPORTED)
def test_bits_of_an_exported_folder(name: str, tmp_path: Path, bert_folder: Path) -> None:
    folder = write_export(tmp_path / "model", bert_folder)
    noticed = flip_everywhere(folder, name, EXPORTED[name], seed=1)
    assert noticed > (0 if name == MANIFEST_FILE else PLACES - 1), noticed


@pytest.mark.parametrize("name", ["best.pth", "thresholds.json", "manifest.json"])
def test_bits_of_a_checkpoint(name: str, tmp_path: Path, bert_folder: Path) -> None:
    folder = write_checkpoint(tmp_path / "cnn", bert_folder)
    assert flip_everywhere(folder, name, "auto", seed=2) > 0


def test_bits_of_a_checkpoint_of_before(tmp_path: Path, bert_folder: Path) -> None:
    """It has no manifest, and its records have checksums of their own."""
    folder = copy(write_checkpoint(tmp_path / "cnn", bert_folder), tmp_path / "before")
    (folder / MANIFEST_FILE).unlink()
    assert flip_everywhere(folder, "best.pth", "auto", seed=3) > PLACES // 2
