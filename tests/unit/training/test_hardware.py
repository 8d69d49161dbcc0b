"""What this machine computes fast."""

from typing import Literal

import pytest
import torch

from moviegenre.training import hardware
from moviegenre.training.config import TrainingConfig
from moviegenre.training.hardware import lightning_precision, prefers_bf16


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return a machine without any bf16, to be changed."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return monkeypatch


def test_a_plain_processor_emulates_bf16(machine: pytest.MonkeyPatch) -> None:
    assert prefers_bf16() is False
    assert lightning_precision(TrainingConfig()) == "32-true"


@pytest.mark.parametrize("feature", ["_is_amx_tile_supported", "_is_avx512_bf16_supported"])
@pytest.mark.parametrize(("speedup", "expected"), [(4.0, True), (1.1, False), (0.5, False)])
def test_an_extension_is_used_where_it_is_faster(
    machine: pytest.MonkeyPatch, feature: str, speedup: float, expected: bool
) -> None:
    machine.setattr(torch.cpu, feature, lambda: True)
    machine.setattr(hardware, "measured_bf16_speedup", lambda: speedup)
    assert prefers_bf16() is expected
    assert lightning_precision(TrainingConfig()) == ("bf16-mixed" if expected else "32-true")


def test_the_speedup_is_the_ratio_of_the_times(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(
        hardware, "_product_seconds", lambda dtype: 2.0 if dtype == torch.float32 else 0.5
    )
    hardware.measured_bf16_speedup.cache_clear()
    assert hardware.measured_bf16_speedup() == 4.0
    hardware.measured_bf16_speedup.cache_clear()


def test_the_speedup_is_measured() -> None:
    hardware.measured_bf16_speedup.cache_clear()
    assert 0.01 < hardware.measured_bf16_speedup() < 100


@pytest.mark.parametrize("in_hardware", [True, False])
def test_a_gpu_is_asked_without_its_emulation(
    machine: pytest.MonkeyPatch, in_hardware: bool
) -> None:
    machine.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    machine.setattr(torch.cuda, "is_available", lambda: True)

    def is_bf16_supported(including_emulation: bool = True) -> bool:
        return including_emulation or in_hardware

    machine.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert prefers_bf16() is in_hardware


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
