"""What this machine computes fast."""

from typing import Literal

import pytest
import torch

from moviegenre.training.config import TrainingConfig
from moviegenre.training.hardware import computes_bf16, lightning_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return a machine without any bf16, to be changed."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return monkeypatch


def test_a_plain_processor_emulates_bf16(machine: pytest.MonkeyPatch) -> None:
    assert computes_bf16() is False
    assert lightning_precision(TrainingConfig()) == "32-true"


@pytest.mark.parametrize("feature", ["_is_amx_tile_supported", "_is_avx512_bf16_supported"])
def test_either_extension_computes_bf16(machine: pytest.MonkeyPatch, feature: str) -> None:
    machine.setattr(torch.cpu, feature, lambda: True)
    assert computes_bf16() is True
    assert lightning_precision(TrainingConfig()) == "bf16-mixed"


@pytest.mark.parametrize("in_hardware", [True, False])
def test_a_gpu_is_asked_without_its_emulation(
    machine: pytest.MonkeyPatch, in_hardware: bool
) -> None:
    machine.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    machine.setattr(torch.cuda, "is_available", lambda: True)

    def is_bf16_supported(including_emulation: bool = True) -> bool:
        return including_emulation or in_hardware

    machine.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert computes_bf16() is in_hardware


@pytest.mark.parametrize(("precision", "expected"), [("bf16", "bf16-mixed"), ("fp32", "32-true")])
@pytest.mark.parametrize("supported", [True, False])
def test_a_precision_asked_for_is_taken(
    machine: pytest.MonkeyPatch,
    precision: Literal["bf16", "fp32"],
    expected: str,
    supported: bool,
) -> None:
    machine.setattr(torch.cpu, "_is_amx_tile_supported", lambda: supported)
    assert lightning_precision(TrainingConfig(precision=precision)) == expected
