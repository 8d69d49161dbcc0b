"""Training in several processes: the same result as in one, and an end with one line."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.errors import ProcessError
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.experiment.train import train
from moviegenre.losses import WeightedBCEConfig
from moviegenre.models.batch import Batch
from moviegenre.training import launch
from moviegenre.training.task import GenreTask
from tests.tiny_models import tiny_config
from tests.tiny_movies import write_prepared
from tests.tiny_suite import MODELS, write_suite
from tests.tiny_training import tiny_experiment

MODEL = "late_fusion"  # a frozen encoder, batch statistics, and a loss for each modality
STEPS_AN_EPOCH = 4
_TIMES = ("seconds", "movies_per_second")
_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> tuple[Path, Path]:
    """Return the data and the checkpoints of a training in one process."""
    data = prepared(tmp_path_factory.mktemp("one") / "data")
    train(experiment(data, bert_folder), data.parent, progress=False)
    return data, data.parent / MODEL


def prepared(folder: Path) -> Path:
    """Write movies, three batches of 16 and one of a single movie, some without plot or poster.

    So many to validate on that two of them changing places moves no ranking metric by 1e-4.
    """
    return write_prepared(folder, (49, 130, 12), incomplete=True)


def experiment(data: Path, bert_folder: Path, **training: object) -> ExperimentConfig:
    """Return a training in which nothing is drawn at random but weights and order.

    At such rates AdamW does not blow up differences in the last digits of gradients.
    """
    rates = {"encoder_lr": 1e-4, "head_lr": 2e-3}
    settings: dict[str, Any] = {
        "plot_encoder": {"frozen": True},
        "poster_encoder": {"name": "none", "grid": [2, 2], "augment": False},
        "dropout": 0.0,
        "modality_dropout": 0.0,
    }
    return replace(
        tiny_experiment(MODEL, data, bert_folder, **rates, **training),
        model=tiny_config(MODEL, bert_folder, **settings),
        loss=WeightedBCEConfig(),
    )


def history(folder: Path) -> list[dict[str, float]]:
    """Return the history without what depends on the clock."""
    records = json.loads((folder / "history.json").read_text())
    return [{k: v for k, v in record.items() if k not in _TIMES} for record in records]


def assert_same_training(folder: Path, expected: Path) -> None:
    """Hold history and best checkpoint against those of a training in one process."""
    records, expected_records = history(folder), history(expected)
    assert len(records) == len(expected_records) == 3
    for record, other in zip(records, expected_records, strict=True):
        assert record == pytest.approx(other, abs=_TOLERANCE)
    best, other_best = load_checkpoint(folder), load_checkpoint(expected)
    assert best.info.epoch == other_best.info.epoch
    assert best.info.metrics == pytest.approx(other_best.info.metrics, abs=_TOLERANCE)
    torch.testing.assert_close(
        best.network.state_dict(), other_best.network.state_dict(), rtol=0, atol=_TOLERANCE
    )


def test_two_processes_train_as_one_does(
    one: tuple[Path, Path], bert_folder: Path, tmp_path: Path
) -> None:
    data = prepared(tmp_path / "data")
    run = train(experiment(data, bert_folder, devices=2), tmp_path, progress=False).run
    assert (run["status"], run["processes"]) == ("finished", 2)
    assert_same_training(tmp_path / MODEL, one[1])
    files = {
        path.relative_to(one[1]) for path in one[1].rglob("*") if "events.out" not in path.name
    }
    assert {path.relative_to(tmp_path / MODEL) for path in (tmp_path / MODEL).rglob("*")} >= files
    caches = sorted(data.rglob("states-*.npy"))
    expected = sorted(one[0].rglob("states-*.npy"))
    assert [path.name for path in caches] == [path.name for path in expected]
    assert len(caches) == 2
    for path, other in zip(caches, expected, strict=True):
        states, other_states = np.load(path), np.load(other)
        assert np.abs(states).max() > 0
        np.testing.assert_allclose(states, other_states, atol=1e-3)


def test_a_killed_process_ends_all_and_another_number_resumes(
    one: tuple[Path, Path], bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start, training_step = launch._start, GenreTask.training_step

    def recorded(*arguments: Any) -> Mapping[int, subprocess.Popen[bytes]]:
        processes = start(*arguments)
        started.extend(processes.values())
        return processes

    def killing(task: GenreTask, batch: Batch, batch_idx: int) -> Tensor:
        if task.global_step == STEPS_AN_EPOCH + 1:
            os.kill(started[0].pid, signal.SIGKILL)
        return training_step(task, batch, batch_idx)

    data = one[0]
    with monkeypatch.context() as patch:
        patch.setattr(launch, "_start", recorded)
        patch.setattr(GenreTask, "training_step", killing)
        with pytest.raises(ProcessError) as error:
            train(experiment(data, bert_folder, devices=2), tmp_path, progress=False)
    assert str(error.value) == (
        "process 2 of 2 was killed (SIGKILL), so all were ended; finished intervals are kept: run "
        "the same command again (moviegenre train goes on with --resume)"
    )
    assert started[0].returncode == -signal.SIGKILL
    assert len(history(tmp_path / MODEL)) == 1
    train(experiment(data, bert_folder), tmp_path, resume=True, progress=False)
    assert_same_training(tmp_path / MODEL, one[1])


def command(*words: str, places: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start a command of this Python in a process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **(places or {})}
    return subprocess.Popen(
        [sys.executable, "-m", *words], env=environment, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.torture
def test_torchrun_runs_a_whole_experiment(bert_folder: Path, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, bert_folder)
    torchrun = ["torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "moviegenre"]
    for _ in range(2):  # the second time there is nothing left to train
        running = command(*torchrun, "reproduce", "--config", str(suite), "--quiet")
        _, errors = running.communicate(timeout=600)
        assert running.returncode == 0, errors
    runs = [
        json.loads((tmp_path / "checkpoints" / name / "run.json").read_text()) for name in MODELS
    ]
    assert [(run["status"], run["processes"]) for run in runs] == [("finished", 2)] * 3
    assert (tmp_path / "results" / "results.html").is_file()


@pytest.mark.torture
def test_two_machines_train_as_one_process_does(
    one: tuple[Path, Path], bert_folder: Path, tmp_path: Path
) -> None:
    data = prepared(tmp_path / "data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    file = tmp_path / "one.yaml"
    file.write_text((one[1] / "config.yaml").read_text())
    words = ["train", MODEL, "--config", str(file), "--data", str(data), "--out", str(tmp_path)]
    words += ["--set", "training.num_nodes=2", "--quiet"]
    machines = [
        command("moviegenre", *words, places={**address, "NODE_RANK": node}) for node in ("1", "0")
    ]
    endings = [machine.communicate(timeout=600)[1] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], endings
    assert_same_training(tmp_path / MODEL, one[1])


@pytest.mark.torture
def test_the_first_process_killed_ends_all_with_one_line(
    one: tuple[Path, Path], bert_folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "one.yaml"
    file.write_text((one[1] / "config.yaml").read_text())
    words = ["train", MODEL, "--config", str(file), "--out", str(tmp_path), "--quiet"]
    words += ["--set", "training.devices=2", "--set", "training.max_epochs=9999"]
    running = command("moviegenre", *words)
    while not (tmp_path / MODEL / "history.json").is_file():
        assert running.poll() is None
    running.kill()
    _, errors = running.communicate(timeout=60)  # ends when the other process has closed it
    assert errors == (
        "error: the first process of this training was lost, so all were ended; finished intervals "
        "are kept: run the same command again (moviegenre train goes on with --resume)\n"
    )
