"""Preparing pixels."""

import torch

from moviegenre.nn.images import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ImageAugmenter,
    ImageNormalizer,
    conv_block,
)


def test_pixels_are_normalised_as_imagenet_encoders_expect() -> None:
    image = torch.zeros(2, 3, 4, 5, dtype=torch.uint8)
    image[1] = 255
    normalised = ImageNormalizer()(image)
    assert normalised.dtype is torch.float32
    assert normalised.is_contiguous(memory_format=torch.channels_last)
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    torch.testing.assert_close(normalised[0, :, 0, 0], -mean / std)
    torch.testing.assert_close(normalised[1, :, 3, 4], (1 - mean) / std)


def test_normalising_adds_nothing_to_a_checkpoint() -> None:
    assert ImageNormalizer().state_dict() == {}


def test_augmentation_happens_only_while_training() -> None:
    torch.manual_seed(0)
    image = torch.randn(4, 3, 20, 20)
    augmenter = ImageAugmenter()
    assert torch.equal(augmenter.eval()(image), image)
    changed = augmenter.train()(image)
    assert changed.shape == image.shape
    assert (changed != image).flatten(1).any(dim=1).all()


def test_augmentation_mirrors_some_posters_and_shifts_them_all_alike() -> None:
    torch.manual_seed(0)
    image = torch.zeros(16, 3, 20, 20)
    image[:, :, 10, 4] = 1.0
    changed = ImageAugmenter(shift=0.1, brightness=0.0).train()(image)
    bright = changed[:, 0].nonzero()
    assert len(bright) == 16
    assert (bright[:, 1] - 10).abs().max() <= 2
    columns = set(bright[:, 2].tolist())
    assert len(columns) == 2  # as it was, and mirrored
    assert max(columns) - min(columns) == 15 - 4


def test_cropping_shows_a_part_of_each_poster_enlarged() -> None:
    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, 40).view(1, 1, 40, 1).expand(32, 3, 40, 30).contiguous()
    changed = ImageAugmenter(shift=0.0, brightness=0.0, crop=0.4).train()(ramp)
    assert changed.shape == ramp.shape
    shown = changed[:, 0, -1, 0] - changed[:, 0, 0, 0]  # what share of the height is left
    assert 0.59 <= shown.min() < 0.65
    assert 0.93 < shown.max() <= 1.0
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_cropping_nothing_changes_nothing() -> None:
    image = torch.randn(4, 3, 8, 8)
    changed = ImageAugmenter(shift=0.0, brightness=0.0, crop=1e-9).train()(image)
    same = [torch.allclose(new, old, atol=1e-5) for new, old in zip(changed, image, strict=True)]
    mirrored = [
        torch.allclose(new, old.flip(-1), atol=1e-5)
        for new, old in zip(changed, image, strict=True)
    ]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))


def test_lighting_stays_within_its_bounds() -> None:
    torch.manual_seed(0)
    changed = ImageAugmenter(shift=0.0, brightness=0.2).train()(torch.ones(64, 3, 2, 2))
    assert changed.min() >= 1 - 0.4
    assert changed.max() <= 1 + 0.4
    assert changed.std() > 0.05


def test_augmentation_stays_on_the_posters_device() -> None:
    # "meta" stands for a GPU: mixing devices fails there as well.
    image = torch.zeros(2, 3, 8, 8, device="meta")
    assert ImageAugmenter(crop=0.2).train()(image).device.type == "meta"


def test_a_block_halves_the_sides() -> None:
    assert conv_block(3, 5)(torch.randn(2, 3, 8, 6)).shape == (2, 5, 4, 3)
