"""The residual network that is trained from scratch."""

import pytest
import torch

from moviegenre.nn.residual import ResidualBlock, ResidualNet


def small_net() -> ResidualNet:
    torch.manual_seed(0)
    return ResidualNet(stem_channels=4, stage_channels=(6, 8), stage_blocks=(1, 2))


def test_the_stem_divides_by_four_and_every_stage_by_two() -> None:
    net = small_net()
    shapes = [tuple(maps.shape) for maps in net(torch.randn(2, 3, 64, 48))]
    assert shapes == [(2, 4, 16, 12), (2, 6, 8, 6), (2, 8, 4, 3)]
    assert net.stride == 16


def test_sides_that_cannot_be_halved_are_rounded_up() -> None:
    assert small_net()(torch.randn(1, 3, 50, 37))[-1].shape == (1, 8, 4, 3)


def test_a_block_that_changes_nothing_adds_to_what_came_in() -> None:
    block = ResidualBlock(3, 3, stride=1).eval()
    for parameter in block.convolutions.parameters():
        torch.nn.init.zeros_(parameter)
    image = torch.rand(1, 3, 5, 5)
    assert torch.equal(block(image), image)


def test_as_many_numbers_of_blocks_as_of_stages_are_needed() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ResidualNet(stem_channels=4, stage_channels=(6, 8), stage_blocks=(1,))
