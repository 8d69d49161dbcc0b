"""Losses against numbers worked out by hand.

With a logit of log 3 the probability is 3/4, with one of -log 3 it is 1/4.
"""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from moviegenre.losses import (
    AsymmetricLoss,
    BCEConfig,
    FocalConfig,
    FocalLoss,
    WeightedBCE,
    WeightedBCEConfig,
    positive_weights,
)

THREE = math.log(3.0)
LOGITS = torch.tensor([[THREE, THREE], [-THREE, -THREE]])  # probabilities 3/4, 3/4, 1/4, 1/4
LABELS = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
RIGHT, WRONG = -math.log(3 / 4), -math.log(1 / 4)  # cross-entropy of a right and a wrong answer


@pytest.fixture
def random_logits() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(50, 7, generator=generator)
    return logits, (torch.rand(50, 7, generator=generator) < 0.3).float()


def test_plain_bce() -> None:
    loss = WeightedBCE(torch.ones(2))(LOGITS, LABELS)
    assert float(loss) == pytest.approx((2 * RIGHT + 2 * WRONG) / 4)


def test_weighted_bce_weighs_positives_only() -> None:
    # Label 0 is positive for both movies and weighs 4; label 1 is negative for both.
    loss = WeightedBCE(torch.tensor([4.0, 9.0]))(LOGITS, LABELS)
    assert float(loss) == pytest.approx((4 * RIGHT + WRONG + 4 * WRONG + RIGHT) / 4)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 3.5])
def test_focal(gamma: float) -> None:
    right, wrong = 0.25**gamma * RIGHT, 0.75**gamma * WRONG
    loss = FocalLoss(gamma, None)(LOGITS, LABELS)
    assert float(loss) == pytest.approx((2 * right + 2 * wrong) / 4, rel=1e-5)


def test_focal_with_alpha_weighs_positives_and_negatives() -> None:
    # Movie 0: positive right, negative wrong. Movie 1: positive wrong, negative right.
    right, wrong = 0.25**2 * RIGHT, 0.75**2 * WRONG
    loss = FocalLoss(2.0, alpha=0.2)(LOGITS, LABELS)
    expected = (0.2 * right + 0.8 * wrong + 0.2 * wrong + 0.8 * right) / 4
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_focal_with_gamma_zero_is_bce(random_logits: tuple[Tensor, Tensor]) -> None:
    logits, labels = random_logits
    expected = functional.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(FocalLoss(0.0, None)(logits, labels), expected)


def test_asymmetric() -> None:
    # Positives as focal with gamma 1; negatives at p - 0.05 with gamma 2.
    positives = 0.25 * RIGHT + 0.75 * WRONG
    negatives = 0.7**2 * -math.log(0.3) + 0.2**2 * -math.log(0.8)
    loss = AsymmetricLoss(1.0, 2.0, clip=0.05)(LOGITS, LABELS)
    assert float(loss) == pytest.approx((positives + negatives) / 4, rel=1e-5)


@pytest.mark.parametrize(("gamma", "clip"), [(1.0, 0.0), (2.0, 0.0), (1.0, 0.05), (0.0, 0.05)])
def test_asymmetric_with_a_focus_on_positives_or_a_clip_alone(gamma: float, clip: float) -> None:
    positives = 0.25**gamma * RIGHT + 0.75**gamma * WRONG
    negatives = -math.log(0.25 + clip) - math.log(0.75 + clip)
    loss = AsymmetricLoss(gamma, 0.0, clip)(LOGITS, LABELS)
    assert float(loss) == pytest.approx((positives + negatives) / 4, rel=1e-5)


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_asymmetric_with_a_focus_on_negatives_alone(gamma: float) -> None:
    positives = RIGHT + WRONG
    negatives = 0.75**gamma * WRONG + 0.25**gamma * RIGHT
    loss = AsymmetricLoss(0.0, gamma, 0.0)(LOGITS, LABELS)
    assert float(loss) == pytest.approx((positives + negatives) / 4, rel=1e-5)


def test_asymmetric_without_focus_or_clip_counts_sure_mistakes_in_full() -> None:
    logits, labels = torch.tensor([[40.0, -40.0]]), torch.tensor([[0.0, 1.0]])
    loss = AsymmetricLoss(0.0, 0.0, 0.0)
    assert loss.elements(logits, labels).tolist() == [[40.0, 40.0]]


def test_asymmetric_drops_easy_negatives() -> None:
    loss = AsymmetricLoss(0.0, 2.0, clip=0.3)(torch.tensor([[-THREE]]), torch.tensor([[0.0]]))
    assert float(loss) == 0.0


def test_asymmetric_with_equal_gammas_and_no_clip_is_focal(
    random_logits: tuple[Tensor, Tensor],
) -> None:
    logits, labels = random_logits
    focal = FocalLoss(2.0, None)(logits, labels)
    torch.testing.assert_close(
        AsymmetricLoss(2.0, 2.0, 0.0)(logits, labels), focal, rtol=1e-4, atol=1e-6
    )


def test_asymmetric_without_focus_or_clip_is_bce(random_logits: tuple[Tensor, Tensor]) -> None:
    logits, labels = random_logits
    expected = functional.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(AsymmetricLoss(0.0, 0.0, 0.0)(logits, labels), expected)


def test_positive_weights() -> None:
    # Ten movies: 5, 2, 1, 8 and no positives.
    labels = np.zeros((10, 5), dtype=np.float32)
    for column, positives in enumerate((5, 2, 1, 8, 0)):
        labels[:positives, column] = 1.0
    assert positive_weights(labels, max_weight=6.0).tolist() == [1.0, 4.0, 6.0, 1.0, 6.0]
    loss = WeightedBCEConfig(max_weight=3.0).build(labels)
    assert isinstance(loss, WeightedBCE)
    assert loss.positive_weights.tolist() == [1.0, 3.0, 3.0, 1.0, 3.0]


def test_positive_weights_are_of_the_logits_kind() -> None:
    assert positive_weights(np.ones((2, 1), dtype=np.float32), 2.0).dtype is torch.float32


def test_configs_hand_on_their_settings() -> None:
    labels = np.zeros((2, 3), dtype=np.float32)
    plain, focal = BCEConfig().build(labels), FocalConfig(gamma=1.5, alpha=0.3).build(labels)
    assert isinstance(plain, WeightedBCE)
    assert plain.positive_weights.tolist() == [1.0, 1.0, 1.0]
    assert isinstance(focal, FocalLoss)
    assert (focal.gamma, focal.alpha) == (1.5, 0.3)


UNKNOWN = float("nan")


@pytest.mark.parametrize(
    "loss", [WeightedBCE(torch.tensor([4.0, 9.0])), FocalLoss(2.0, 0.2), AsymmetricLoss(0, 2, 0.1)]
)
def test_an_unknown_label_counts_for_nothing(loss: nn.Module) -> None:
    logits = LOGITS.clone().requires_grad_()
    labels = torch.tensor([[1.0, UNKNOWN], [1.0, 0.0]])
    whole = loss(logits, labels)
    known = [loss(logits[:, :1], LABELS[:, :1])] if not isinstance(loss, WeightedBCE) else []
    assert torch.isfinite(whole)
    (gradient,) = torch.autograd.grad(whole, logits)
    assert gradient[0, 1] == 0
    assert (gradient[labels.isfinite()] != 0).all()
    if known:  # the mean is over three labels: two of the first genre, one of the second
        rest = loss(logits[1:, 1:], LABELS[1:, 1:])
        torch.testing.assert_close(whole, (2 * known[0] + rest) / 3)


def test_one_known_label_has_its_own_loss() -> None:
    labels = torch.tensor([[UNKNOWN, 0.0], [UNKNOWN, UNKNOWN]])
    loss = WeightedBCE(torch.ones(2))(LOGITS, labels)
    assert float(loss) == pytest.approx(WRONG)


def test_a_batch_of_unknown_labels_alone_costs_nothing() -> None:
    loss = WeightedBCE(torch.ones(2))(LOGITS, torch.full((2, 2), UNKNOWN))
    assert float(loss) == 0.0


def test_unknown_labels_are_no_negatives_of_the_weights() -> None:
    labels = np.array([[1, 1], [0, np.nan], [0, 0], [0, 0]], dtype=np.float32)
    assert positive_weights(labels, 10.0).tolist() == [3.0, 2.0]
