"""Long plots: cut, or read in windows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from moviegenre.core.errors import ConfigError
from moviegenre.data.config import DataConfig
from moviegenre.models.batch import Batch
from moviegenre.models.encoders.plot import PlotEncoder, PlotEncoderConfig
from moviegenre.nn.pooling import masked_mean

LENGTHS = (20, 7, 0, 12)


def encoder(folder: Path, **settings: object) -> PlotEncoder:
    config = PlotEncoderConfig.parse({"name": str(folder), **settings}, "test")
    return config.build(None).eval()


def plots(lengths: tuple[int, ...] = LENGTHS, end: int = 3) -> Batch:
    """Return plots of so many tokens, each ended by the same one."""
    mask = torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
    ids = torch.randint(4, 12, mask.shape, generator=torch.Generator().manual_seed(0)) * mask
    for row, length in enumerate(lengths):
        if length:
            ids[row, length - 1] = end
    return Batch(
        input_ids=ids,
        attention_mask=mask,
        has_plot=mask.any(dim=1),
        image=torch.zeros(len(lengths), 3, 1, 1, dtype=torch.uint8),
        has_poster=torch.zeros(len(lengths), dtype=torch.bool),
        labels=None,
        index=torch.arange(len(lengths)),
    )


def test_a_window_gives_the_average_of_its_tokens(bert_folder: Path) -> None:
    batch = plots()
    windowed = encoder(bert_folder, window=8)
    with torch.no_grad():
        states = windowed(batch)
    assert states.shape == (4, 3, 32)
    assert windowed.mask(batch).tolist() == [
        [True, True, True],
        [True, False, False],
        [False, False, False],
        [True, True, False],
    ]
    last = Batch(
        **{
            **vars(batch),
            "input_ids": batch.input_ids[:1, 16:20],
            "attention_mask": batch.attention_mask[:1, 16:20],
        }
    )
    with torch.no_grad():
        alone = masked_mean(encoder(bert_folder).encode(last), last.attention_mask)
    torch.testing.assert_close(states[0, 2], alone[0])


def test_padding_changes_no_window(bert_folder: Path) -> None:
    windowed, batch = encoder(bert_folder, window=8), plots((9, 5))
    padded = plots((9, 5, 30))
    padded.input_ids[:2, :9] = batch.input_ids
    with torch.no_grad():
        torch.testing.assert_close(windowed(padded)[:2, :2], windowed(batch))


def test_counts_of_vectors_are_those_of_the_vectors(bert_folder: Path) -> None:
    batch, lengths = plots(), np.array(LENGTHS)
    for settings in ({}, {"window": 8}, {"window": 8, "read_tokens": 12}, {"read_tokens": 10}):
        reading = encoder(bert_folder, **settings)
        counts = reading.num_states(lengths)
        assert counts.tolist() == reading.mask(batch).sum(dim=1).tolist()
        with torch.no_grad():
            assert reading(batch).shape[1] == counts.max()


def test_a_cut_plot_is_what_the_tokenizer_would_have_cut(bert_folder: Path) -> None:
    batch = plots()
    cut = plots((10, 7, 0, 10))
    for row in (0, 1, 3):
        cut.input_ids[row] = batch.input_ids[row, :10]
    cut.input_ids[0, 9] = cut.input_ids[3, 9] = 3  # a cut plot ends as every plot does
    with torch.no_grad():
        states = encoder(bert_folder, read_tokens=10)(batch)
        expected = encoder(bert_folder)(cut)
    torch.testing.assert_close(states[[0, 1, 3]], expected[[0, 1, 3]])


def test_what_is_read_is_part_of_the_cache_key(bert_folder: Path) -> None:
    config = DataConfig(plot="first", max_tokens=60)
    assert encoder(bert_folder).cache_key(config) == "first 60"
    assert encoder(bert_folder, read_tokens=40).cache_key(config) == "first 40"
    assert encoder(bert_folder, read_tokens=80).cache_key(config) == "first 60"
    assert encoder(bert_folder, window=16).cache_key(config) == "first 60 16"


def test_positions_bound_what_is_read_at_once(bert_folder: Path) -> None:
    long = DataConfig(max_tokens=1000)
    encoder(bert_folder, window=64).check(long)
    encoder(bert_folder, read_tokens=64).check(long)
    with pytest.raises(ConfigError, match=r"^model.plot_encoder.window is 65, but the plot enc"):
        encoder(bert_folder, window=65).check(long)
    with pytest.raises(ConfigError, match=r"^model.plot_encoder.read_tokens is 65, but"):
        encoder(bert_folder, read_tokens=65).check(long)
    with pytest.raises(ConfigError, match=r"^data.max_tokens is 1000, but .*in windows \(model"):
        encoder(bert_folder).check(long)


def test_short_plots_are_not_filled_up_to_whole_windows(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windowed, batch = encoder(bert_folder, window=32), plots((9, 5))
    widths: list[int] = []
    read = type(windowed)._read

    def spy(self: PlotEncoder, input_ids: Tensor, mask: Tensor) -> Tensor:
        widths.append(input_ids.shape[1])
        return read(self, input_ids, mask)

    monkeypatch.setattr(PlotEncoder, "_read", spy)
    with torch.no_grad():
        states = windowed(batch)
    assert widths == [9]
    assert states.shape == (2, 1, 32)
