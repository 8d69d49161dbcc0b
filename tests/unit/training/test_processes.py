"""Places of processes, and what is refused before any is started."""

import pytest
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from moviegenre.core.errors import ConfigError
from moviegenre.training.config import TrainingConfig
from moviegenre.training.launch import all_processes, run_further_machine
from moviegenre.training.processes import Place, is_lost_connection, trainer_processes

VARIABLES = ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)


def refusal(**settings: int) -> str:
    config = TrainingConfig.parse(settings, "the test")
    with pytest.raises(ConfigError) as error, all_processes(config, None):
        pass
    return str(error.value)


def test_a_place_is_what_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Place.of_environment() is None
    place = Place(number=5, local=1, devices=4, size=8)
    for name, value in place.to_environment().items():
        monkeypatch.setenv(name, value)
    assert Place.of_environment() == place
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert Place.of_environment() is None


def test_settings_that_contradict_torchrun_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Place(0, 0, 4, 8).to_environment().items():
        monkeypatch.setenv(name, value)
    assert refusal(devices=2) == (
        "training.devices is 2 and training.num_nodes 1, but torchrun started 4 processes on each "
        "of 2 machines; leave both out"
    )


def test_several_machines_need_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(num_nodes=2) == (
        "training.num_nodes is 2, but MASTER_ADDR and MASTER_PORT are not set; run the same "
        "command on each machine with both, and with NODE_RANK=0, 1, ..., or use torchrun"
    )
    monkeypatch.setenv("NODE_RANK", "1")
    with pytest.raises(ConfigError, match="NODE_RANK is 1, but MASTER_ADDR and MASTER_PORT are"):
        run_further_machine()


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert refusal(devices=2) == "training.devices is 2, but this machine has 1 GPU(s); lower it"


@pytest.mark.parametrize(("has_gpu", "accelerator"), [(True, "gpu"), (False, "cpu")])
def test_a_gpu_is_trained_on_without_a_setting(
    monkeypatch: pytest.MonkeyPatch, has_gpu: bool, accelerator: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    checkpoints = TorchCheckpointIO()
    expected = {"accelerator": accelerator, "devices": 1, "plugins": [checkpoints]}
    assert trainer_processes(checkpoints) == expected


def test_a_lost_connection_is_told_from_a_bug() -> None:
    message = "[pair.cc:547] Connection closed by peer [127.0.0.1]:1234"
    assert is_lost_connection(RuntimeError(message))
    assert not is_lost_connection(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_lost_connection(OSError(message))
