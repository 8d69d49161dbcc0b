"""Training from prepared data to ``best.pth``: it learns, stops, and survives interruption."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.earlier_training import run_bytes, state_after_failure
from moviegenre.experiment.export import export
from moviegenre.experiment.predictions import predict_split
from moviegenre.experiment.train import train
from moviegenre.metrics import compute_metrics
from moviegenre.models.batch import Batch
from moviegenre.models.registry import MODELS
from moviegenre.training.callbacks import BestCheckpoint
from moviegenre.training.resuming import ResumePoint
from moviegenre.training.task import GenreTask
from tests.tiny_models import TINY_MODELS
from tests.tiny_movies import GENRES, write_prepared
from tests.tiny_training import tiny_experiment

MODEL = "attention_fusion"  # dropout, modality dropout and batch statistics in one model
STEPS_AN_EPOCH = 3  # 48 movies in batches of 16
_ROOT = Path(__file__).parents[2]
_TIMES = ("seconds", "movies_per_second")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_prepared(tmp_path_factory.mktemp("data"), incomplete=True)


@pytest.fixture(scope="module")
def uninterrupted(data: Path, bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a training of three epochs that nothing interrupted."""
    out = tmp_path_factory.mktemp("uninterrupted")
    train(tiny_experiment(MODEL, data, bert_folder), out, progress=False)
    return out / MODEL


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def history(folder: Path) -> list[dict[str, float]]:
    """Return the history without what depends on the clock."""
    records = read_json(folder / "history.json")
    return [{k: v for k, v in record.items() if k not in _TIMES} for record in records]


def final_weights(folder: Path) -> dict[str, Tensor]:
    state = torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]
    return {name: tensor for name, tensor in state.items() if name.startswith("model.")}


def assert_same_training(folder: Path, expected: Path) -> None:
    """Hold weights, history and best checkpoint against another training's."""
    weights, expected_weights = final_weights(folder), final_weights(expected)
    assert len(weights) > 10
    torch.testing.assert_close(weights, expected_weights, rtol=0, atol=1e-6)
    records, expected_records = history(folder), history(expected)
    assert len(records) == len(expected_records)
    for record, other in zip(records, expected_records, strict=True):
        assert record == pytest.approx(other, abs=1e-5)
    best, expected_best = load_checkpoint(folder), load_checkpoint(expected)
    assert best.info.epoch == expected_best.info.epoch
    torch.testing.assert_close(
        best.network.state_dict(), expected_best.network.state_dict(), rtol=0, atol=1e-6
    )


def interrupt_at(step: int, action: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    """Do something when a training step begins."""
    original = GenreTask.training_step

    def training_step(task: GenreTask, batch: Batch, batch_idx: int) -> Tensor:
        if task.global_step == step:
            action()
        return original(task, batch, batch_idx)

    patch.setattr(GenreTask, "training_step", training_step)


def test_history_has_a_record_an_epoch(uninterrupted: Path) -> None:
    assert [record["epoch"] for record in history(uninterrupted)] == [1.0, 2.0, 3.0]
    assert all(record["seconds"] > 0 for record in read_json(uninterrupted / "history.json"))


@pytest.mark.parametrize("name", ["lstm", "cnn", MODEL])
def test_training_learns(name: str, bert_folder: Path, data: Path, tmp_path: Path) -> None:
    experiment = tiny_experiment(name, data, bert_folder, max_epochs=10, head_lr=2e-2)
    train(experiment, tmp_path, progress=False)
    records = history(tmp_path / name)
    prepared = PreparedData(data)
    labels = prepared.labels(Split.VAL)
    frequencies = prepared.labels(Split.TRAIN).mean(axis=0, keepdims=True)
    prior = compute_metrics(frequencies.repeat(len(labels), axis=0), labels, 0.5).metrics
    assert records[-1]["train_loss"] < 0.8 * records[0]["train_loss"]
    assert max(r["val_f1_macro"] for r in records) > prior["f1_macro"] + 0.2


@pytest.mark.slow
def test_a_training_that_was_killed_resumes_to_the_same_result(
    uninterrupted: Path, data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    step = STEPS_AN_EPOCH + 1  # within the second epoch
    module = "tests.integration.killed_training"
    arguments = [str(data), str(bert_folder), str(tmp_path), str(step)]
    killed = subprocess.run([sys.executable, "-m", module, *arguments], cwd=_ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert read_json(tmp_path / MODEL / "run.json")["status"] == "running"
    assert len(history(tmp_path / MODEL)) == 1
    train(tiny_experiment(MODEL, data, bert_folder), tmp_path, resume=True, progress=False)
    assert_same_training(tmp_path / MODEL, uninterrupted)
    assert read_json(tmp_path / MODEL / "run.json")["status"] == "finished"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_was_interrupted_resumes_to_the_same_result(
    signum: signal.Signals,
    uninterrupted: Path,
    data: Path,
    bert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    experiment = tiny_experiment(MODEL, data, bert_folder)
    with monkeypatch.context() as patch:
        interrupt_at(2 * STEPS_AN_EPOCH + 1, lambda: os.kill(os.getpid(), signum), patch)
        with pytest.raises(KeyboardInterrupt):
            train(experiment, tmp_path, progress=False)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    run = read_json(tmp_path / MODEL / "run.json")
    assert (run["status"], run["epochs"]) == ("interrupted", 2.0)
    train(experiment, tmp_path, resume=True, progress=False)
    assert_same_training(tmp_path / MODEL, uninterrupted)


@pytest.mark.parametrize("callback", [BestCheckpoint, ResumePoint])
def test_a_crash_at_the_end_of_an_epoch_resumes_to_the_same_result(
    callback: type[BestCheckpoint | ResumePoint],
    uninterrupted: Path,
    data: Path,
    bert_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = callback.on_train_epoch_end

    def crash(self: Any, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch == 1:
            raise RuntimeError("the power is gone")
        original(self, trainer, pl_module)

    experiment = tiny_experiment(MODEL, data, bert_folder)
    with monkeypatch.context() as patch:
        patch.setattr(callback, "on_train_epoch_end", crash)
        with pytest.raises(RuntimeError, match="the power is gone"):
            train(experiment, tmp_path, progress=False)
    train(experiment, tmp_path, resume=True, progress=False)
    assert_same_training(tmp_path / MODEL, uninterrupted)


def test_resuming_a_finished_training_changes_nothing(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    experiment = tiny_experiment("lstm", data, bert_folder)
    first = train(experiment, tmp_path, progress=False).run
    weights, records = final_weights(tmp_path / "lstm"), history(tmp_path / "lstm")
    again = train(experiment, tmp_path, resume=True, progress=False).run
    torch.testing.assert_close(final_weights(tmp_path / "lstm"), weights, rtol=0, atol=0)
    assert history(tmp_path / "lstm") == records
    for key in ("status", "val_f1_macro", "best_epoch", "epochs"):
        assert again[key] == first[key]


def test_training_stops_early_and_stays_stopped_when_resumed(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    # At such a rate nothing moves: the first interval stays the best.
    still = {"encoder_lr": 1e-12, "head_lr": 1e-12, "max_epochs": 9, "patience": 2}
    experiment = tiny_experiment("lstm", data, bert_folder, **still)
    run = train(experiment, tmp_path, progress=False).run
    assert (run["epochs"], run["best_epoch"], run["status"]) == (3.0, 1.0, "finished")
    assert load_checkpoint(tmp_path / "lstm").info.epoch == 1.0
    again = train(experiment, tmp_path, resume=True, progress=False).run
    assert (again["epochs"], again["best_epoch"], again["status"]) == (3.0, 1.0, "finished")
    assert len(history(tmp_path / "lstm")) == 3


def test_the_best_checkpoint_is_of_the_best_epoch(uninterrupted: Path, data: Path) -> None:
    records = history(uninterrupted)
    best = max(records, key=lambda record: record["val_f1_macro"])  # the first of equals
    checkpoint = load_checkpoint(uninterrupted)
    assert checkpoint.info.epoch == best["epoch"]
    assert checkpoint.info.metrics["f1_macro"] == pytest.approx(best["val_f1_macro"])
    predictions = predict_split(checkpoint, PreparedData(data), Split.VAL)
    scores = compute_metrics(predictions.probs, predictions.labels, 0.5).metrics
    assert scores["f1_macro"] == pytest.approx(best["val_f1_macro"], abs=1e-6)
    run = read_json(uninterrupted / "run.json")
    assert run["best_epoch"] == best["epoch"]
    assert run["val_f1_macro"] == pytest.approx(best["val_f1_macro"])


def test_the_run_file_says_what_was_done(
    uninterrupted: Path, data: Path, bert_folder: Path
) -> None:
    run = read_json(uninterrupted / "run.json")
    experiment = tiny_experiment(MODEL, data, bert_folder)
    assert run["model"] == MODEL
    assert run["status"] == "finished"
    assert run["precision"] == "32-true"
    assert run["epochs"] == 3.0
    assert run["settings"] == experiment.to_dict()
    assert run["data_fingerprint"] == PreparedData(data).fingerprint
    assert run["versions"]["torch"] == torch.__version__
    model = load_checkpoint(uninterrupted).network
    assert run["num_parameters"] == sum(p.numel() for p in model.parameters())
    assert run["num_trainable"] == run["num_parameters"]
    assert run["setup_seconds"] > 0
    assert run["train_seconds"] >= sum(
        record["seconds"] for record in read_json(uninterrupted / "history.json")
    )


def test_the_checkpoint_carries_its_settings_and_loads_without_code(
    uninterrupted: Path, data: Path, bert_folder: Path
) -> None:
    content = torch.load(uninterrupted / "best.pth", weights_only=True)
    assert json.loads(content["config"]) == tiny_experiment(MODEL, data, bert_folder).to_dict()
    assert content["genres"] == list(GENRES)
    assert content["data_fingerprint"] == PreparedData(data).fingerprint


def test_resuming_with_other_settings_is_refused(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    train(tiny_experiment("lstm", data, bert_folder, max_epochs=1), tmp_path, progress=False)
    other = tiny_experiment("lstm", data, bert_folder, max_epochs=1, seed=1, batch_size=8)
    with pytest.raises(CheckpointError) as error:
        train(other, tmp_path, resume=True, progress=False)
    assert str(error.value) == (
        f"{tmp_path / 'lstm'} was started with other settings (training.seed, "
        "training.batch_size); resume with the same ones, or replace it with `overwrite`"
    )


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_finished_training_is_not_repeated(
    data: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=1)
    first = train(experiment, tmp_path, progress=False)
    before = files(tmp_path / "lstm")
    interrupt_at(0, lambda: pytest.fail("it trains"), monkeypatch)
    again = train(experiment, tmp_path, progress=False)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.run == first.run
    assert files(tmp_path / "lstm") == before


def test_a_training_replaces_another_only_with_overwrite(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    train(tiny_experiment("lstm", data, bert_folder, max_epochs=1), tmp_path, progress=False)
    before = files(tmp_path / "lstm")
    other = tiny_experiment("lstm", data, bert_folder, max_epochs=2)
    with pytest.raises(CheckpointError) as error:
        train(other, tmp_path, progress=False)
    assert str(error.value) == (
        f"{tmp_path / 'lstm'} holds a finished model that differs (setting training.max_epochs); "
        "replace it with `overwrite`, or name another folder with `out`"
    )
    with pytest.raises(ConfigError, match="`resume` continues a training and `overwrite` replaces"):
        train(other, tmp_path, resume=True, overwrite=True, progress=False)
    assert files(tmp_path / "lstm") == before
    (tmp_path / "lstm" / "thresholds.json").write_text("{}")
    assert train(other, tmp_path, overwrite=True, progress=False).run["epochs"] == 2.0
    assert not (tmp_path / "lstm" / "thresholds.json").exists()
    assert [path.name for path in (tmp_path / "lstm" / "logs").glob("csv*")] == ["csv-2"]


@pytest.mark.parametrize("damaged", [False, True])
def test_an_earlier_model_stays_until_the_first_new_weights(
    damaged: bool, data: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the training begins anew because its state is damaged."""
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=3)
    train(experiment, tmp_path, progress=False)
    folder = tmp_path / "lstm"
    (folder / "thresholds.json").write_text("{}")
    if damaged:
        (folder / "last.ckpt").write_bytes(b"damaged")
    before, earlier = files(folder), run_bytes(folder)
    with monkeypatch.context() as patch:
        interrupt_at(STEPS_AN_EPOCH - 1, interrupt, patch)
        with pytest.raises(KeyboardInterrupt):
            train(experiment, tmp_path, resume=damaged, overwrite=not damaged, progress=False)
    assert files(folder) == before
    state = state_after_failure(folder, earlier, resume=False)
    assert state == f"the earlier training in {folder} is unchanged; run the same command again"
    with monkeypatch.context() as patch:
        interrupt_at(2 * STEPS_AN_EPOCH - 1, interrupt, patch)
        with pytest.raises(KeyboardInterrupt):
            train(experiment, tmp_path, resume=damaged, overwrite=not damaged, progress=False)
    assert len(history(folder)) == 1
    assert not (folder / "thresholds.json").exists()
    state = state_after_failure(folder, earlier, resume=False)
    assert state == f"finished intervals are kept in {folder}; continue with `resume`"
    assert train(experiment, tmp_path, progress=False).run["epochs"] == 3.0  # it continues


def test_an_interruption_in_the_first_interval_leaves_nothing(
    data: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lstm"
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=1)
    with monkeypatch.context() as patch:
        interrupt_at(1, interrupt, patch)
        with pytest.raises(KeyboardInterrupt):
            train(experiment, tmp_path, progress=False)
    state = state_after_failure(folder, None, resume=False)
    assert state == f"nothing in {folder} is finished yet; run the same command again"
    assert train(experiment, tmp_path, progress=False).is_new


def test_a_training_without_its_weights_begins_anew(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=1)
    checkpoint = train(experiment, tmp_path, progress=False).checkpoint
    checkpoint.unlink()
    train(experiment, tmp_path, resume=True, progress=False)
    assert checkpoint.is_file()


def test_a_training_does_not_replace_an_exported_model(
    data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    experiment = tiny_experiment("lstm", data, bert_folder, max_epochs=1)
    trained = train(experiment, tmp_path / "checkpoints", progress=False).checkpoint
    export(trained, tmp_path / "exported" / "lstm", onnx=False, progress=False)
    before = files(tmp_path / "exported")
    with pytest.raises(CheckpointError, match="holds an exported model, which a training does not"):
        train(experiment, tmp_path / "exported", overwrite=True, progress=False)
    assert files(tmp_path / "exported") == before


def test_a_resumed_training_keeps_the_earlier_logs(
    data: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = tiny_experiment("lstm", data, bert_folder)

    def crash() -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        interrupt_at(2 * STEPS_AN_EPOCH, crash, patch)
        with pytest.raises(RuntimeError, match="the power is gone"):
            train(experiment, tmp_path, progress=False)
    train(experiment, tmp_path, resume=True, progress=False)
    logs = tmp_path / "lstm" / "logs"
    intervals = {
        name: [row["epoch"] for row in csv.DictReader(text.splitlines())]
        for name in ("csv", "csv-2")
        for text in [(logs / name / "metrics.csv").read_text()]
    }
    assert set(intervals["csv"]) == {"0", "1"}
    assert set(intervals["csv-2"]) == {"2"}


def test_encoders_train_with_their_dropout(
    data: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    original = GenreTask.training_step

    def training_step(task: GenreTask, batch: Batch, batch_idx: int) -> Tensor:
        seen.append([n for n, module in task.model.named_modules() if not module.training])
        return original(task, batch, batch_idx)

    monkeypatch.setattr(GenreTask, "training_step", training_step)
    train(tiny_experiment("bert", data, bert_folder, max_epochs=2), tmp_path, progress=False)
    assert seen == [[]] * 2 * STEPS_AN_EPOCH  # no module is in evaluation mode, ever


@pytest.mark.parametrize("name", [name for name in TINY_MODELS if not MODELS[name].fitted])
def test_every_model_trains_in_bf16_with_clipping(
    name: str, data: Path, bert_folder: Path, tmp_path: Path
) -> None:
    experiment = tiny_experiment(name, data, bert_folder, max_epochs=1, precision="bf16")
    run = train(experiment, tmp_path, progress=False).run
    assert run["precision"] == "bf16-mixed"
    (record,) = history(tmp_path / name)
    assert 0.3 < record["train_loss"] < 2.0
    assert all(w.dtype is not torch.bfloat16 for w in final_weights(tmp_path / name).values())


def test_each_epoch_sees_every_movie_once_in_another_order(
    data: Path, bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = GenreTask.training_step

    def training_step(task: GenreTask, batch: Batch, batch_idx: int) -> Tensor:
        seen.extend(batch.index.tolist())
        return original(task, batch, batch_idx)

    monkeypatch.setattr(GenreTask, "training_step", training_step)
    train(tiny_experiment("lstm", data, bert_folder), tmp_path, progress=False)
    epochs = [seen[:48], seen[48:96], seen[96:]]
    assert [sorted(epoch) for epoch in epochs] == [list(range(48))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3
