"""What a user would write without this package: PyTorch, ``transformers`` and Pillow in fp32.

The networks have the sizes of those of the included model (bge-small and EfficientNet-B4) and
random weights: only their speed is measured. Only a rival's own process imports this module.
"""

import csv
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from benchmarks.films import read_table
from benchmarks.harness import peak_mb, rate
from PIL import Image
from torch import nn

from moviegenre.artifacts.trained import Answer, TrainedModel
from moviegenre.box import box_folder
from moviegenre.data.batches import BatchArrays

_BATCH = 32
_MAX_TOKENS = 512
_IMAGE_SIZE = (192, 128)  # height and width that the included model reads
_WARM = 3


class Networks(nn.Module):
    """Two encoders of ``transformers`` and a layer of logits, as a user would join them.

    Args:
        num_labels: L.
    """

    def __init__(self, num_labels: int = 23) -> None:
        super().__init__()
        transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        self.text = transformers.BertModel(
            transformers.BertConfig(
                num_hidden_layers=12,
                hidden_size=384,
                num_attention_heads=12,
                intermediate_size=1536,
            )
        )
        self.image = transformers.EfficientNetModel(
            transformers.EfficientNetConfig(
                width_coefficient=1.4, depth_coefficient=1.8, hidden_dim=1792
            )
        )
        self.head = nn.Linear(384 + 1792, num_labels)
        self.tokenizer: Any = transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_file=str(box_folder() / "tokenizer.json"),
            pad_token="[PAD]",  # nosec B106
        )
        self.eval()

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, pixels: torch.Tensor | None
    ) -> torch.Tensor:
        """Return logits (B, L) of tokens (B, T) and of pixels (B, 3, H, W) from 0 to 1, if any."""
        text = self.text(ids, mask).last_hidden_state[:, 0]
        image = self.image(pixels).pooler_output if pixels is not None else text.new_zeros(1, 1792)
        logits: torch.Tensor = self.head(torch.cat([text, image.expand(len(text), -1)], dim=1))
        return logits

    @torch.inference_mode()
    def answer(self, plots: list[str], posters: Sequence[Path | BytesIO] | None) -> torch.Tensor:
        """Return probabilities (B, L)."""
        given = self.tokenizer(
            plots, padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        pixels = None
        if posters is not None:
            size = _IMAGE_SIZE[::-1]
            arrays = [np.asarray(Image.open(one).convert("RGB").resize(size)) for one in posters]
            pixels = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 255
        return torch.sigmoid(self(given["input_ids"], given["attention_mask"], pixels))


def table_rate(table: str, *, posters: bool) -> Callable[[], float]:
    """Answer a table in batches of 32, padded to their longest plot; films a second."""
    networks, path = Networks(), Path(table)
    first = read_table(path)[:_BATCH]
    networks.answer([row["plot"] for row in first], None)
    count = len(read_table(path))
    return lambda: rate(lambda: answer_table(networks, path, posters=posters), count)


def table_memory(table: str) -> Callable[[], float]:
    """Answer a table; peak memory in MB."""

    def measure() -> float:
        answer_table(Networks(), Path(table), posters=False)
        return peak_mb()

    return measure


def answer_table(networks: Networks, table: Path, *, posters: bool) -> None:
    """Answer a table and write a CSV file beside it."""
    rows = read_table(table)
    with table.with_suffix(".rival.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            paths = [Path(row["poster"]) for row in batch] if posters else None
            probs = networks.answer([row["plot"] for row in batch], paths)
            writer.writerows(
                [row["id"], *own.tolist()] for row, own in zip(batch, probs, strict=True)
            )


def film_rate(plot: str, poster: bytes | None, repeats: int) -> Callable[[], float]:
    """Answer one film again and again; films a second."""
    networks = Networks()

    def work() -> None:
        for _ in range(repeats):
            networks.answer([plot], None if poster is None else [BytesIO(poster)])

    for _ in range(_WARM):
        networks.answer([plot], None if poster is None else [BytesIO(poster)])
    return lambda: rate(work, repeats)


class EagerTorch(TrainedModel):
    """The networks in the place of the included model's, which its own app then serves.

    Args:
        included: The model whose genres, tokenizer and settings are taken.
    """

    name = "torch"

    def __init__(self, included: TrainedModel) -> None:
        self.info, self.file = included.info, included.file
        self._networks = Networks(len(included.info.genres))

    @torch.inference_mode()
    def answer(self, batch: BatchArrays) -> Answer:
        """Return logits (B, L), computed in fp32."""
        pixels = torch.from_numpy(batch.image).float() / 255 if batch.has_poster.any() else None
        ids, mask = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
        # The included model reads more tokens than bge-small has positions for.
        ids, mask = ids[:, :_MAX_TOKENS], mask[:, :_MAX_TOKENS].long()
        return Answer(self._networks(ids, mask, pixels).numpy())
