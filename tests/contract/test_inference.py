"""What holds for every model once it is used: predicted, exported, computed by ONNX."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch
from transformers import EfficientNetConfig, EfficientNetModel

import moviegenre
from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.export import export_model
from moviegenre.artifacts.folder import INT4_FILE, INT8_FILE, ONNX_FILE
from moviegenre.artifacts.onnx_export import export_onnx
from moviegenre.artifacts.quantise import Bits, quantise
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.core.decisions import FloatArray
from moviegenre.core.errors import CheckpointError, ConfigError, InputError
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.types import Modality, SmallBackend, Split
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.predictions import predict_split
from moviegenre.experiment.train import train
from moviegenre.inference.films import Film
from moviegenre.inference.measure_parity import labelled_films
from moviegenre.inference.predictor import Predictor
from moviegenre.models.registry import MODELS
from tests.tiny_checkpoints import POINT, changed, save_tiny, tiny_checkpoint
from tests.tiny_movies import tiny_batch, tiny_movies, tiny_tokenizer, write_prepared
from tests.tiny_training import tiny_experiment

NETWORKS = [name for name, kind in MODELS.items() if not kind.fitted]

every_model = pytest.mark.parametrize("name", NETWORKS)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """Return prepared movies, of which one has no plot and one no poster."""
    folder = tmp_path_factory.mktemp("data")
    return PreparedData(write_prepared(folder, (4, 9, 4), incomplete=True))


@pytest.fixture(scope="module")
def folders(
    tmp_path_factory: pytest.TempPathFactory, data: PreparedData, bert_folder: Path
) -> dict[str, Path]:
    """Return every model's ``best.pth`` in one folder, and in ``exported`` beside it an export."""
    root = tmp_path_factory.mktemp("models")
    for name in NETWORKS:
        # A grid of unequal cells, of which ONNX knows nothing.
        grid = {"poster_encoder": {"name": "none", "grid": [3, 2], "stages": [-2, -1]}}
        changes = grid if "poster_encoder" in MODELS[name].model_fields else {}
        checkpoint = tiny_checkpoint(name, bert_folder, data.root, **changes)
        save_tiny(root / name, checkpoint)
        write_exported(root / name / "exported", checkpoint, {})
        POINT.write(root / name / "exported" / THRESHOLDS_FILE)
        export_onnx(checkpoint, root / name / "exported" / ONNX_FILE)
    return {name: root / name for name in NETWORKS}


def films_of(predictor: Predictor, data: PreparedData) -> list[Film]:
    read = labelled_films(data, Split.VAL, predictor.reader, predictor.model.genres)
    return [film for film, _ in read]


def noisy_pixels() -> npt.NDArray[np.uint8]:
    """Return pixels (40, 30, 3) that pass for a poster, which a blank picture does not."""
    return np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


@every_model
def test_predicting_is_evaluating(name: str, folders: dict[str, Path], data: PreparedData) -> None:
    predictor = moviegenre.load(folders[name] / "best.pth")
    evaluated = predict_split(load_checkpoint(folders[name]), data, Split.VAL).probs
    lacks = {Modality.PLOT: 0, Modality.POSTER: 1}  # the rows that are without
    single = [lacks[m] for m in predictor.model.modalities if len(predictor.model.modalities) == 1]
    expected: FloatArray = POINT.calibrate(np.delete(evaluated, single, axis=0))
    films = films_of(predictor, data)
    found = predictor.probabilities(films)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert len({tuple(row) for row in found.round(3)}) > 4, "movies differ"
    chosen = [set(prediction.genres) for prediction in predictor.predict_films(films)]
    assert chosen == [set(POINT.genres.decode(row)) for row in POINT.decide(expected)]


@every_model
def test_an_exported_model_gives_equal_probabilities(
    name: str, folders: dict[str, Path], data: PreparedData
) -> None:
    own = moviegenre.load(folders[name])
    exported = moviegenre.load(folders[name] / "exported", backend="torch")
    films = films_of(own, data)
    assert np.array_equal(own.probabilities(films), exported.probabilities(films))


@every_model
def test_onnx_gives_the_same_logits_whatever_is_missing(
    name: str, folders: dict[str, Path], data: PreparedData
) -> None:
    own = moviegenre.load(folders[name])
    onnx = moviegenre.load(folders[name] / "exported", backend="onnx")
    films = films_of(own, data)
    batch = own.reader.batch(films)
    padding = np.zeros((batch.size, 7), dtype=np.int64)
    padded = replace(
        batch,
        input_ids=np.concatenate([batch.input_ids, padding], axis=1),
        attention_mask=np.concatenate([batch.attention_mask, padding > 0], axis=1),
    )
    batches = [batch, padded, own.reader.batch(films[:1])]
    batches += [batch.without(modality) for modality in Modality]
    batches += [batch.without(Modality.PLOT).without(Modality.POSTER)]
    for asked in batches:
        expected, found = own.backend.answer(asked), onnx.backend.answer(asked)
        # These weights give logits up to 25; float32 keeps seven digits of them.
        np.testing.assert_allclose(found.logits, expected.logits, rtol=1e-5, atol=2e-5)
        assert (found.gate is None) == (expected.gate is None)
        if found.gate is not None and expected.gate is not None:
            np.testing.assert_allclose(found.gate, expected.gate, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("bits", "file", "small"), [(8, INT8_FILE, "int8"), (4, INT4_FILE, "int4")]
)
def test_each_kind_of_weight_has_its_own_bits(
    bits: Bits,
    file: str,
    small: SmallBackend,
    bert_folder: Path,
    data: PreparedData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("moviegenre.artifacts.quantise._LARGE", 1)
    checkpoint = tiny_checkpoint("wide_deep", bert_folder, data.root)
    checkpoint.network.prepare(tiny_movies(40, seed=1).tensors(tiny_tokenizer()))
    checkpoint = changed(checkpoint)  # which has other n-grams now
    write_exported(tmp_path, checkpoint, {})
    POINT.write(tmp_path / THRESHOLDS_FILE)
    export_onnx(checkpoint, tmp_path / ONNX_FILE)
    quantise(tmp_path / ONNX_FILE, tmp_path / file, bits)
    graph = onnx.load(tmp_path / file).graph
    stored = {t.name: t for t in graph.initializer}
    halves = {name for name, t in stored.items() if t.data_type == onnx.TensorProto.FLOAT16}
    assert "model.wide_half" in halves  # n-gram weights
    whole = {name for name, t in stored.items() if t.data_type == onnx.TensorProto.INT8}
    kernels = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    assert kernels
    assert {f"{name}_whole" for name in kernels} <= whole
    assert "model.plot_encoder.backbone.embeddings.word_embeddings.weight_whole" in whole
    assert "model.head.output.weight_whole" in whole
    scales = {t.data_type for name, t in stored.items() if name.endswith("_row_scale")}
    assert scales == {onnx.TensorProto.FLOAT}  # in 16 bits small ones would be nothing
    sizes = {
        node.name: next(a.i for a in node.attribute if a.name == "bits")
        for node in graph.node
        if node.op_type == "MatMulNBits"
    }
    attention = {size for name, size in sizes.items() if "/attention/" in name}
    forward = {
        size for name, size in sizes.items() if "/dense/" in name and "/attention/" not in name
    }
    assert (attention, forward) == ({8}, {bits})
    own = moviegenre.load(tmp_path, backend="torch")
    films = films_of(own, data)
    expected = own.answer(films).logits  # up to 25
    found = moviegenre.load(tmp_path, backend=small).answer(films)
    np.testing.assert_allclose(found.logits, expected, atol=0.2 if bits == 8 else 1)


@pytest.mark.parametrize("read_tokens", [None, 12])
def test_onnx_reads_plots_of_any_length_in_windows(
    read_tokens: int | None, bert_folder: Path, data: PreparedData, tmp_path: Path
) -> None:
    encoder = {"name": str(bert_folder), "window": 8, "read_tokens": read_tokens}
    checkpoint = tiny_checkpoint("wide_deep", bert_folder, data.root, plot_encoder=encoder)
    write_exported(tmp_path, checkpoint, {})
    POINT.write(tmp_path / THRESHOLDS_FILE)
    export_onnx(checkpoint, tmp_path / ONNX_FILE)
    own, onnx = (moviegenre.load(tmp_path, backend=backend) for backend in ("torch", "onnx"))
    films = films_of(own, data)
    for asked in (own.reader.batch(films), *(own.reader.batch([film]) for film in films)):
        expected, found = own.backend.answer(asked), onnx.backend.answer(asked)
        np.testing.assert_allclose(found.logits, expected.logits, rtol=1e-4, atol=1e-4)


def test_an_encoder_whose_sizes_the_exporter_cannot_tell_becomes_onnx(
    data: PreparedData, bert_folder: Path, tmp_path: Path
) -> None:
    # EfficientNet pads by sizes that it computes, after which the exporter knows no size any more.
    config = EfficientNetConfig(width_coefficient=0.5, depth_coefficient=0.5, hidden_dim=640)
    EfficientNetModel(config).save_pretrained(tmp_path / "encoder")
    encoder = {"name": str(tmp_path / "encoder"), "grid": [3, 2], "stages": [-6, -1]}
    checkpoint = tiny_checkpoint("resnet", bert_folder, data.root, poster_encoder=encoder)
    export_onnx(checkpoint, tmp_path / ONNX_FILE)
    height, width = checkpoint.info.data_config.image_size
    image = torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8)
    session = onnxruntime.InferenceSession(tmp_path / ONNX_FILE)
    has_poster = np.array([True, True])
    (logits,) = session.run(["logits"], {"image": image.numpy(), "has_poster": has_poster})
    batch = replace(tiny_batch(2), image=image, has_poster=torch.from_numpy(has_poster))
    with torch.no_grad():
        expected = checkpoint.network.eval()(batch).logits
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)


@every_model
def test_a_film_without_what_the_model_reads_is_answered_in_one_line(
    name: str, folders: dict[str, Path]
) -> None:
    predictor = moviegenre.load(folders[name])
    pixels = noisy_pixels()
    for modality in Modality:
        given: dict[str, Any] = {"plot": "a ghost"}
        if modality is Modality.POSTER:
            given = {"poster": pixels}
        if modality in predictor.model.modalities:
            answer: Any = predictor.predict(**given)
            assert answer.modalities == [modality.value]
            continue
        (needed,) = predictor.model.modalities
        with pytest.raises(InputError) as error:
            predictor.predict(**given)
        assert str(error.value).startswith(f"{name} reads a film's {needed}, but this film has")
        assert "\n" not in str(error.value)
    both = predictor.predict(plot="a ghost", poster=pixels)
    assert set(both.modalities) == {m.value for m in predictor.model.modalities}


@every_model
def test_an_explanation_says_what_each_part_moved(name: str, folders: dict[str, Path]) -> None:
    predictor = moviegenre.load(folders[name])
    pixels = noisy_pixels()
    prediction = predictor.predict(plot="the ghost family", poster=pixels)
    explanation = prediction.explain()
    film = predictor.reader.read("the ghost family", pixels)
    for modality in predictor.model.modalities:
        batch = predictor.reader.batch([film])
        without = predictor.backend.answer(batch.without(modality)).logits[0]
        moved = POINT.scale * (predictor.backend.answer(batch).logits[0] - without)
        found = [explanation.effects[genre][modality] for genre in POINT.genres]
        np.testing.assert_allclose(found, moved, rtol=0, atol=1e-6)
    assert sum(explanation.share().values()) == pytest.approx(1)
    assert set(explanation.share()) == predictor.model.modalities
    assert (explanation.attention is not None) == (name == "attention_fusion")


def test_a_fitted_baseline_predicts_and_is_not_exported(
    tmp_path: Path, bert_folder: Path, prepared_folder: Path
) -> None:
    experiment = tiny_experiment("tfidf", prepared_folder, bert_folder)
    trained = train(experiment, tmp_path, progress=False).checkpoint
    prediction: Any = moviegenre.load(trained).predict(plot="ghost scream ghost")
    assert max(prediction.probabilities, key=prediction.probabilities.get) == "Horror"
    checkpoint = load_checkpoint(trained)
    with pytest.raises(ConfigError, match=r"^tfidf is a baseline, which is not exported; export a"):
        export_model(checkpoint, POINT, tmp_path / "exported", scores={})
    assert not (tmp_path / "exported").exists()


def test_a_model_that_looks_at_nothing_is_refused(
    tmp_path: Path, bert_folder: Path, prepared_folder: Path
) -> None:
    experiment = tiny_experiment("prior", prepared_folder, bert_folder)
    trained = train(experiment, tmp_path, progress=False).checkpoint
    with pytest.raises(CheckpointError, match="holds prior, which gives the same answer for"):
        moviegenre.load(trained)
