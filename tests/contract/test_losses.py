"""What every loss must do, whatever its settings."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from moviegenre.losses import (
    AsymmetricConfig,
    BCEConfig,
    FocalConfig,
    LossConfig,
    WeightedBCEConfig,
)

LOSSES: dict[str, LossConfig] = {
    "bce": BCEConfig(),
    "weighted_bce": WeightedBCEConfig(),
    "focal": FocalConfig(),
    "focal with alpha": FocalConfig(alpha=0.25),
    "focal, gamma below one": FocalConfig(gamma=0.5),
    "asymmetric": AsymmetricConfig(),
    "asymmetric, gammas below one": AsymmetricConfig(gamma_positive=0.5, gamma_negative=0.5),
    "asymmetric, nothing clipped": AsymmetricConfig(clip=0.0),
    "asymmetric, only clipped": AsymmetricConfig(gamma_negative=0.0),
}
every_loss = pytest.mark.parametrize("config", LOSSES.values(), ids=LOSSES)

LABELS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
SIGNS = 2 * LABELS - 1


def build(config: LossConfig, labels: Tensor = LABELS) -> nn.Module:
    return config.build(labels.numpy().astype(np.float32))


def test_every_kind_of_loss_is_held_to_the_contract() -> None:
    known = {member.model_fields["name"].default for member in LossConfig.__args__[0].__args__}
    assert {config.name for config in LOSSES.values()} == known


@every_loss
@pytest.mark.parametrize("size", [0.0, 1.0, 20.0, 1e4])
@pytest.mark.parametrize("right", [True, False])
def test_loss_and_gradient_are_finite_for_extreme_logits(
    config: LossConfig, size: float, right: bool
) -> None:
    logits = (SIGNS * (size if right else -size)).requires_grad_()
    loss = build(config)(logits, LABELS)
    loss.backward()
    assert loss.isfinite()
    assert loss >= 0
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@every_loss
def test_the_gradient_pushes_logits_towards_the_labels(config: LossConfig) -> None:
    torch.manual_seed(0)
    logits = torch.randn(LABELS.shape, requires_grad=True)
    build(config)(logits, LABELS).backward()
    assert logits.grad is not None
    assert ((-logits.grad).sign() == SIGNS).all()


@every_loss
def test_better_logits_cost_less(config: LossConfig) -> None:
    loss = build(config)
    costs = [float(loss(SIGNS * size, LABELS)) for size in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == len(costs)


@every_loss
def test_the_loss_is_a_mean_over_movies(config: LossConfig) -> None:
    torch.manual_seed(0)
    logits = torch.randn(LABELS.shape)
    loss = build(config)
    alone = torch.stack([loss(logits[i : i + 1], LABELS[i : i + 1]) for i in range(len(LABELS))])
    torch.testing.assert_close(loss(logits, LABELS), alone.mean())
    assert loss(logits, LABELS).shape == ()


@every_loss
def test_one_label_is_enough(config: LossConfig) -> None:
    labels = LABELS[:, :1]
    loss = build(config, labels)(torch.tensor([[0.3], [-0.2], [1.0], [0.1]]), labels)
    assert loss.shape == ()
    assert 0 < float(loss) < 1
