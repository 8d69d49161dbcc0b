"""Tiny models as they lie on disk once trained: a ``best.pth`` with everything in it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from moviegenre.artifacts.checkpoint import save_checkpoint
from moviegenre.artifacts.info import ModelInfo
from moviegenre.artifacts.torch_model import TorchModel
from moviegenre.core.genres import GenreVocabulary
from moviegenre.core.operating_point import THRESHOLDS_FILE, OperatingPoint
from moviegenre.core.types import Modality
from moviegenre.data.text import PlotTokenizer
from moviegenre.models.base import GenreModel
from moviegenre.models.registry import MODELS
from tests.tiny_models import build_tiny, tiny_settings
from tests.tiny_movies import GENRES, IMAGE_SIZE, MAX_TOKENS, tiny_tokenizer

POINT = OperatingPoint(
    genres=GENRES,
    thresholds=np.array([0.6, 0.3, 0.45]),
    scale=np.array([2.0, 1.0, 1.5]),
    shift=np.array([0.5, -0.25, 0.0]),
    fitted={"on": "the tests"},
)
"""An operating point in which every genre differs from every other, and from the default."""


def trained(
    name: str,
    network: GenreModel,
    settings: dict[str, Any],
    *,
    tokenizer: PlotTokenizer | None = None,
    genres: GenreVocabulary = GENRES,
    **facts: Any,
) -> TorchModel:
    """Return a network as a trained model; ``facts`` of its info that are not given are empty."""
    known: dict[str, Any] = {
        "metrics": {}, "epoch": 0.0, "revisions": {}, "versions": {}, "data_fingerprint": "",
    }  # fmt: skip
    info = ModelInfo(
        model_name=name,
        architectures={},
        config=settings,
        genres=genres,
        tokenizer=tokenizer,
        **known | facts,
    )
    return TorchModel(info, network)


def tiny_checkpoint(
    name: str, bert_folder: Path, data: Path = Path("data/nowhere"), **changes: object
) -> TorchModel:
    """Return a tiny model whose movies get different answers; ``changes`` are its settings."""
    model = build_tiny(name, bert_folder, **changes).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # away from the label prior, where every movie looks alike
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    data_settings = {
        "dir": str(data),
        "plot": "first",
        "max_tokens": MAX_TOKENS,
        "image_size": list(IMAGE_SIZE),
    }
    return trained(
        name,
        model,
        {
            "data": data_settings,
            "training": {"seed": 0},
            "loss": {"name": "bce"},
            "model": tiny_settings(name, bert_folder, **changes),
        },
        tokenizer=tiny_tokenizer() if Modality.PLOT in MODELS[name].modalities else None,
        metrics={"f1_macro": 0.5, "roc_auc": 0.75},
        epoch=2.0,
        revisions={"a/b": "0" * 40},
        versions={"torch": "2.13.0"},
        data_fingerprint="abc",
    )


def changed(model: TorchModel, **facts: object) -> TorchModel:
    """Return the same network with other facts."""
    return TorchModel(model.info.model_copy(update=facts), model.network)


def save_tiny(folder: Path, checkpoint: TorchModel, point: OperatingPoint | None = POINT) -> Path:
    """Write ``best.pth`` and its operating point into a folder; return the former's path."""
    save_checkpoint(folder / "best.pth", checkpoint)
    if point is not None:
        point.write(folder / THRESHOLDS_FILE)
    return folder / "best.pth"
