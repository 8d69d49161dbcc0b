"""Every form of a trained model opens the same way and answers alike."""

from pathlib import Path

import numpy as np
import pytest

from moviegenre.artifacts.folder import BACKEND_FILES, ONNX_FILE, WEIGHTS_FILE
from moviegenre.artifacts.onnx_export import export_onnx
from moviegenre.artifacts.open import open_model
from moviegenre.artifacts.quantise import quantise
from moviegenre.artifacts.torch_folder import seal, write_exported
from moviegenre.artifacts.trained import EXACT_FIRST, FAST_FIRST
from moviegenre.core.errors import CheckpointError
from tests.tiny_checkpoints import save_tiny, tiny_checkpoint
from tests.tiny_movies import tiny_movies, tiny_tokenizer


@pytest.fixture
def exported(tmp_path: Path, bert_folder: Path) -> Path:
    """Return an exported folder with all files of weights but the smallest."""
    model, folder = tiny_checkpoint("early_fusion", bert_folder), tmp_path / "exported"
    write_exported(folder, model, {})
    export_onnx(model, folder / ONNX_FILE)
    quantise(folder / ONNX_FILE, folder / BACKEND_FILES["int8"])
    seal(folder, model.info)
    return folder


def test_every_form_knows_the_same_and_answers_alike(
    exported: Path, tmp_path: Path, bert_folder: Path
) -> None:
    path = save_tiny(tmp_path / "own", tiny_checkpoint("early_fusion", bert_folder))
    batch = tiny_movies(6, seed=3).tensors(tiny_tokenizer()).batch(range(6))
    own = open_model(path)
    forms = [open_model(exported, backends=(name,)) for name in ("torch", "onnx", "int8")]
    assert [form.name for form in (own, *forms)] == ["torch", "torch", "onnx", "int8"]
    assert [form.only_answers for form in forms] == [False, True, True]
    for form in forms:
        known = {name for name, value in form.info if value != getattr(own.info, name)}
        assert known <= {"config", "tokenizer"}  # paths are gone; tokenizers have no equality
        difference = np.abs(form.logits(batch) - own.logits(batch)).max()
        assert difference < (0.2 if form.name == "int8" else 1e-4)


def test_the_first_backend_that_has_a_file_computes(exported: Path) -> None:
    assert open_model(exported).file == exported / WEIGHTS_FILE
    assert open_model(exported, backends=FAST_FIRST).file == exported / ONNX_FILE
    (exported / WEIGHTS_FILE).unlink()
    (exported / ONNX_FILE).unlink()
    assert open_model(exported, backends=("int8",)).name == "int8"
    assert open_model(exported / BACKEND_FILES["int8"], backends=EXACT_FIRST).name == "int8"


def test_a_checkpoint_has_no_onnx_file(tmp_path: Path, bert_folder: Path) -> None:
    path = save_tiny(tmp_path / "cnn", tiny_checkpoint("cnn", bert_folder))
    with pytest.raises(CheckpointError, match="is a checkpoint, which has no onnx file; make one"):
        open_model(path, backends=("onnx",))
    with pytest.raises(CheckpointError, match="does not exist; expected a checkpoint"):
        open_model(tmp_path / "nowhere" / "best.pth", backends=("onnx",))


def test_a_model_without_embeddings_says_where_they_come_from(
    tmp_path: Path, bert_folder: Path
) -> None:
    model = open_model(save_tiny(tmp_path, tiny_checkpoint("cnn", bert_folder)))
    with pytest.raises(CheckpointError, match="torch computes the model; embeddings come from an"):
        model.embed(tiny_movies(2).tensors(tiny_tokenizer()).batch(range(2)))
