"""Rewritten graphs answer as before, skip the poster encoder, and load in the oldest runtime."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch

from moviegenre.artifacts.folder import INT8_FILE, read_info
from moviegenre.artifacts.onnx_export import example_inputs, export_onnx
from moviegenre.artifacts.onnx_graph import fuse, skip_missing_posters
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.onnx_runtime import FUSED, OnnxRuntimeEngine
from moviegenre.artifacts.quantise import quantise
from moviegenre.box import FOLDER
from moviegenre.core.errors import CheckpointError
from tests.tiny_checkpoints import tiny_checkpoint
from tests.tiny_movies import tiny_movies, tiny_tokenizer

Films = Mapping[str, npt.NDArray[Any]]
WITH_ENCODER = ("resnet", "early_fusion", "late_fusion", "attention_fusion", "wide_deep")


def compute(path: Path, films: Films, disabled: bool = False) -> npt.NDArray[np.float32]:
    """Return the logits of a file; ``disabled`` leaves all of the runtime's rewriting out."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if disabled:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {node.name: films[node.name] for node in session.get_inputs()}
    logits: npt.NDArray[np.float32] = session.run(["logits"], inputs)[0]
    return logits


def without_posters(films: Films) -> Films:
    """Return the same films, all of them without a poster."""
    none = np.zeros_like(films["has_poster"])
    return {**films, "image": np.zeros_like(films["image"]), "has_poster": none}


@pytest.mark.parametrize("name", [*WITH_ENCODER, "cnn", "bert"])
def test_a_graph_that_skips_missing_posters_answers_as_before(
    name: str, bert_folder: Path, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint(name, bert_folder)
    plain, skipping = tmp_path / "plain.onnx", tmp_path / "skipping.onnx"
    export_onnx(checkpoint, plain)
    skipping.write_bytes(plain.read_bytes())
    films = example_inputs(*checkpoint.info.data_config.image_size)
    skip_missing_posters(skipping, films)
    operators = [node.op_type for node in onnx.load(skipping).graph.node]
    assert ("If" in operators) == (name in WITH_ENCODER)
    assert ("Conv" in operators) == (name == "cnn")  # the encoder's are in the branch
    for given in (films, without_posters(films)):
        np.testing.assert_allclose(compute(skipping, given), compute(plain, given), atol=1e-6)


def test_the_branch_is_not_computed_without_posters(bert_folder: Path, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint("early_fusion", bert_folder)
    path = tmp_path / "model.onnx"
    export_onnx(checkpoint, path)
    films = example_inputs(*checkpoint.info.data_config.image_size)
    skip_missing_posters(path, films)
    model = onnx.load(path)
    (branch,) = [node for node in model.graph.node if node.op_type == "If"]
    graph = next(one.g for one in branch.attribute if one.name == "then_branch")
    graph.initializer[0].float_data.clear()
    for weights in graph.initializer:
        if weights.data_type == onnx.TensorProto.FLOAT:
            whole = np.full(tuple(weights.dims), np.nan, dtype=np.float32)
            weights.CopyFrom(onnx.numpy_helper.from_array(whole, weights.name))
    onnx.save(model, path)
    assert np.isfinite(compute(path, without_posters(films))).all()
    assert np.isnan(compute(path, films)).any()


def test_a_fused_file_answers_as_before_even_where_nothing_is_rewritten(
    bert_folder: Path, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint("wide_deep", bert_folder)
    whole, small = tmp_path / "model.onnx", tmp_path / INT8_FILE
    export_onnx(checkpoint, whole)
    quantise(whole, small)
    films = example_inputs(*checkpoint.info.data_config.image_size)
    before = compute(small, films)
    size = small.stat().st_size
    skip_missing_posters(small, films)
    fuse(small)
    np.testing.assert_allclose(compute(small, films), before, atol=1e-5)
    np.testing.assert_allclose(compute(small, films, disabled=True), before, atol=1e-5)
    assert small.stat().st_size < 1.1 * size


@pytest.mark.parametrize("name", ["bert", "resnet", "cnn", "early_fusion", "wide_deep"])
def test_a_file_gives_the_embedding_that_the_head_reads(
    name: str, bert_folder: Path, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint(name, bert_folder)
    path = tmp_path / "model.onnx"
    export_onnx(checkpoint, path)
    backend = OnnxModel(path, checkpoint.info)
    movies = tiny_movies(5, seed=3).tensors(tiny_tokenizer())
    batch = movies.batch(range(5))
    logits, embeddings = backend.embed(batch)
    head = checkpoint.network.embedding_head()
    assert head is not None
    with torch.no_grad():
        given = head(torch.from_numpy(embeddings)).numpy()
    assert embeddings.shape[0] == 5
    np.testing.assert_allclose(logits, backend.answer(batch).logits, atol=1e-5)
    if name != "wide_deep":  # which adds what its n-grams say
        np.testing.assert_allclose(given, logits, atol=1e-4)


def test_a_file_without_embeddings_says_so(bert_folder: Path, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint("late_fusion", bert_folder)
    export_onnx(checkpoint, tmp_path / "model.onnx")
    batch = tiny_movies(2, seed=3).tensors(tiny_tokenizer()).batch(range(2))
    with pytest.raises(CheckpointError, match="gives no embeddings of films"):
        OnnxModel(tmp_path / "model.onnx", checkpoint.info).embed(batch)


def test_the_included_model_multiplies_integers_and_merges_attention() -> None:
    graph = onnx.load(FOLDER / INT8_FILE).graph
    kinds = Counter(node.op_type for node in graph.node)
    assert kinds["MatMulIntegerToFloat"] == 73
    assert kinds["MultiHeadAttention"] == 12
    in_blocks = [node for node in graph.node if node.op_type == "MatMulNBits"]
    columns = [item.i for node in in_blocks for item in node.attribute if item.name == "N"]
    assert columns == [1], "only the score of plot_pooling, too small for a scale of each token"
    attributes = {one.name for node in graph.node for one in node.attribute}
    assert "weight_prepacked" not in attributes, "ONNX Runtime 1.22 does not know it"


def test_the_included_model_is_fused_and_read_so() -> None:
    model = onnx.load(FOLDER / INT8_FILE)
    assert {one.key: one.value for one in model.metadata_props} == {FUSED: "1"}
    assert "If" in [node.op_type for node in model.graph.node]
    backend = OnnxModel(FOLDER / INT8_FILE, read_info(FOLDER), "int8", quick=True)
    assert isinstance(backend._engine, OnnxRuntimeEngine)
    level = backend._engine.session.get_session_options().graph_optimization_level
    assert level == onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
