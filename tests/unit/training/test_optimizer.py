"""Which parameter trains at which rate, and how rates rise and fall."""

from pathlib import Path

import pytest
import torch
from torch import nn

from moviegenre.models.registry import MODELS
from moviegenre.training.config import TrainingConfig
from moviegenre.training.optimizer import build_optimizer, build_schedule
from tests.tiny_models import build_tiny

CONFIG = TrainingConfig(encoder_lr=1e-4, head_lr=1e-2, weight_decay=0.3)


@pytest.mark.parametrize("name", [name for name in MODELS if not MODELS[name].fitted])
def test_each_parameter_has_the_rate_and_the_decay_of_its_kind(
    name: str, bert_folder: Path
) -> None:
    model = build_tiny(name, bert_folder)
    settings = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in build_optimizer(model, CONFIG).param_groups
        for parameter in group["params"]
    }
    encoders = {id(p) for _, encoder in model.encoders() for p in encoder.parameters()}
    assert len(settings) == len(list(model.parameters()))
    for parameter_name, parameter in model.named_parameters():
        rate = 1e-4 if id(parameter) in encoders else 1e-2
        decay = 0.3 if parameter.ndim > 1 else 0.0
        assert settings[id(parameter)] == (rate, decay), parameter_name


def test_an_encoder_and_a_head_make_four_groups(bert_folder: Path) -> None:
    groups = build_optimizer(build_tiny("bert", bert_folder), CONFIG).param_groups
    assert {(group["lr"], group["weight_decay"]) for group in groups} == {
        (1e-4, 0.3), (1e-4, 0.0), (1e-2, 0.3), (1e-2, 0.0),
    }  # fmt: skip
    assert len(groups) == 4


def test_frozen_parameters_are_left_out(bert_folder: Path) -> None:
    model = build_tiny("bert", bert_folder, plot_encoder={"frozen": True})
    groups = build_optimizer(model, CONFIG).param_groups
    assert {group["lr"] for group in groups} == {1e-2}
    assert sum(len(group["params"]) for group in groups) == 2  # the head's matrix and its bias


def rates(steps: int, warmup_share: float) -> list[float]:
    """Return the rate of each step, as a share of the highest."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    schedule = build_schedule(optimizer, steps, warmup_share)
    seen = []
    for _ in range(steps):
        seen.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return [*seen, float(optimizer.param_groups[0]["lr"])]


def test_rates_rise_then_fall_to_zero() -> None:
    expected = [1 / 4, 2 / 4, 3 / 4, 1.0, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7, 0.0]
    assert rates(10, 0.3) == pytest.approx(expected)


def test_without_warm_up_rates_only_fall() -> None:
    assert rates(4, 0.0) == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_few_steps_have_rates_too(steps: int) -> None:
    assert all(0 < rate <= 1 for rate in rates(steps, 0.9)[:-1])


def test_steps_beyond_the_last_have_a_rate_of_zero() -> None:
    schedule = build_schedule(torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0), 3, 0.0)
    (factor,) = schedule.lr_lambdas
    assert [factor(step) for step in (3, 4, 100)] == [0.0, 0.0, 0.0]
