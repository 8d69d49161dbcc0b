"""Where networks are computed."""

import pytest
import torch
from torch import nn

from moviegenre.nn.devices import computing_device, on_computing_device


@pytest.mark.parametrize(("has_gpu", "expected"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_is_taken_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, has_gpu: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    assert computing_device().type == expected


def test_a_network_comes_back_after_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Linear(1, 1)
    steps: list[str] = []
    monkeypatch.setattr(network, "to", lambda device: steps.append(f"to {device.type}"))
    monkeypatch.setattr(network, "cpu", lambda: steps.append("back"))

    def fail() -> None:
        with on_computing_device(network) as device:
            steps.append(f"at {device.type}")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    there = computing_device().type
    assert steps == [f"to {there}", f"at {there}", "back"]
