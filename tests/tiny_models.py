"""A tiny config for every model in ``MODELS``, whose encoders are made on the spot."""

from pathlib import Path
from typing import Any

import torch

from moviegenre.models.base import BuildContext, FittedModel, GenreModel, ModelConfig
from moviegenre.models.registry import MODELS
from tests.tiny_movies import FREQUENCIES, tiny_movies, tiny_tokenizer

_POSTER_ENCODER = {"name": "none", "grid": [2, 2]}
_FUSION: dict[str, Any] = {"poster_encoder": _POSTER_ENCODER}

_SETTINGS: dict[str, dict[str, Any]] = {
    "prior": {},
    "tfidf": {"min_plots": 1, "max_share": 1.0, "c": 10.0},
    "cnn": {"channels": [8, 16], "augment": False},
    "resnet": {"poster_encoder": _POSTER_ENCODER},
    "lstm": {"embedding_dim": 16, "hidden_dim": 16},
    "bert": {},
    "early_fusion": {**_FUSION, "hidden_dim": 32},
    "late_fusion": _FUSION,
    "attention_fusion": {**_FUSION, "dim": 32, "num_heads": 2},
    "wide_deep": {**_FUSION, "hidden_dim": 32, "min_plots": 1},
}
FITTED_TO = tiny_movies(64, seed=9)
"""The movies that ``build_tiny`` fits those models to that take no gradient steps."""

TINY_MODELS = tuple(_SETTINGS)
"""The names of the models that have a tiny config; a test compares them with ``MODELS``."""


def write_bert_folder(folder: Path) -> Path:
    """Write a random two-layer BERT with the tiny tokenizer, as ``plot_encoder.name`` takes it."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    config = BertConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_id,
    )
    BertModel(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
    return folder


def tiny_settings(name: str, bert_folder: Path, **changes: object) -> dict[str, Any]:
    """Return a model's tiny settings as plain values, as a YAML file would hold them."""
    settings = {**_SETTINGS[name], **changes}
    if "plot_encoder" in MODELS[name].model_fields:
        given: Any = changes.get("plot_encoder", {})
        settings["plot_encoder"] = {"name": str(bert_folder), **given}
    return settings


def tiny_config(name: str, bert_folder: Path, **changes: object) -> ModelConfig:
    """Return a model's tiny config."""
    return MODELS[name].parse(tiny_settings(name, bert_folder, **changes), f"the tiny {name}")


def build_tiny(name: str, bert_folder: Path, **changes: object) -> GenreModel:
    """Return a tiny model for the tiny movies, always with the same weights.

    Weights are random, those of a fitted model fitted; n-grams are those of the same movies.
    """
    torch.manual_seed(0)
    context = BuildContext(
        num_labels=len(FREQUENCIES), tokenizer=tiny_tokenizer(), label_frequencies=FREQUENCIES
    )
    model = tiny_config(name, bert_folder, **changes).build(context)
    movies = FITTED_TO.tensors(tiny_tokenizer())
    model.prepare(movies)
    if isinstance(model, FittedModel):
        model.fit(movies)
    return model
